#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// One step of RMSprop, with PyTorch's names and defaults.
struct RMSpropStep {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
};

/// g' = g + weight_decay w
/// v  = alpha v + (1 - alpha) g'^2
/// m += (1 - alpha) (g' - m)                        (centred: m is given, else null)
/// r  = g' / (sqrt(max(v - m^2, 0)) + eps), without m^2 where m is null
/// b  = momentum b + r,  w -= lr b                  (momentum: b is given, else null and w -= lr r)
/// The variance v - m^2 of a gradient that hardly changes can come out below 0, which is rounding:
/// PyTorch's weights become NaN there. n contiguous elements each. Parallel over pieces of the
/// outputs. Source: torch.optim.RMSprop.
template <class T>
TENON_API void rmsprop_step(Index n, const RMSpropStep& step, const T* g, T* v, T* m, T* b, T* w);

}  // namespace tenon::kernels
