#pragma once

#include "kernels/simd/conv2d_plan.hpp"

/// Depthwise convolutions: groups of one input channel leave little for a matrix product to share,
/// so vectors run over the columns of one plane after another.
namespace tenon::kernels {

/// Output channels of each input channel; of more, a matrix product makes as much.
inline constexpr Index most_multiplier = 8;
/// A larger stride leaves too little of a plane.
inline constexpr Index most_depthwise_stride = 4;

/// Whether the functions below are for it: they need a kernel that reaches over its padding.
inline bool is_depthwise(const ConvPlan& plan) {
  const Conv2dDims& d = plan.d;
  return plan.c == 1 && plan.o <= most_multiplier && d.stride_h <= most_depthwise_stride &&
         d.stride_w <= most_depthwise_stride && d.pad_h <= d.dilation_h * (d.kh - 1) &&
         d.pad_w <= d.dilation_w * (d.kw - 1);
}

template <class T>
void conv2d_forward_depthwise(const ConvPlan& plan, const T* x, const T* w, const T* b,
                              const ConvEpilogue& epilogue, T* y);
template <class T>
void conv2d_backward_input_depthwise(const ConvPlan& plan, const T* dy, const T* w, T* dx);
template <class T>
void conv2d_backward_weight_depthwise(const ConvPlan& plan, const T* dy, const T* x, T* dw);

}  // namespace tenon::kernels
