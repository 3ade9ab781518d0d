#pragma once

#include "kernels/simd/conv2d_plan.hpp"

/// Convolutions whose outputs are sums of few products, as those of images of one to four channels
/// are. Of float alone, and of one group.
namespace tenon::kernels {

inline constexpr Index most_few_taps = 36;  // four channels of 3x3

inline bool is_of_few_taps(const ConvPlan& plan) {
  // Smaller planes leave many vectors that are not full; of these a unit is one image.
  return plan.d.groups == 1 && plan.depth <= most_few_taps && 2 * plan.positions > unit_positions;
}

void conv2d_forward_few_taps(const ConvPlan& plan, const float* x, const float* w, const float* b,
                             const ConvEpilogue& epilogue, float* y);
void conv2d_backward_weight_few_taps(const ConvPlan& plan, const float* dy, const float* x,
                                     float* dw);

}  // namespace tenon::kernels
