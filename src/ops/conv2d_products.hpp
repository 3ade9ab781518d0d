#pragma once

#include "tenon/kernels/conv2d.hpp"
#include "tenon/tensor/tensor.hpp"

// The three products of a convolution as operations on the tape. Each is bilinear in two of x, w
// and y, so its gradients are the other two: derivatives of every order come by themselves.

namespace tenon::detail {

/// y (N, O, H', W'), the convolution of x (N, C, H, W) with w plus b, which may be undefined.
/// Recorded as conv2d, or conv2d_relu under that epilogue. pack: made of w, or null.
template <class T>
BasicTensor<T> convolve(const kernels::Conv2dDims& dims, const BasicTensor<T>& x,
                        const BasicTensor<T>& w, const BasicTensor<T>& b = {},
                        const kernels::ConvEpilogue& epilogue = {},
                        const kernels::Conv2dPack<T>* pack = nullptr);

/// dx (N, C, H, W), the gradient of x, from dy (N, O, H', W') and w; plus b (C) where it is
/// defined, since this is what a transposed convolution computes. Recorded as op.
template <class T>
BasicTensor<T> conv2d_backward_input(const kernels::Conv2dDims& dims, const BasicTensor<T>& dy,
                                     const BasicTensor<T>& w, const BasicTensor<T>& b = {},
                                     const char* op = "conv2d_backward_input");

/// dw (O, C/groups, KH, KW), the gradient of w, from dy and x.
template <class T>
BasicTensor<T> conv2d_backward_weight(const kernels::Conv2dDims& dims, const BasicTensor<T>& dy,
                                      const BasicTensor<T>& x);

}  // namespace tenon::detail
