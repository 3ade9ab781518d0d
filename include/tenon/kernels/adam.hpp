#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// One step of Adam, or of AdamW where decoupled is set, with PyTorch's names and defaults.
/// bias_correction1 = 1 - beta1^t and bias_correction2 = 1 - beta2^t for step t = 1, 2, ...
struct AdamStep {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
  double bias_correction1 = 1;
  double bias_correction2 = 1;
};

/// g' = g + weight_decay w  (Adam), or  w *= 1 - lr weight_decay and g' = g  (AdamW)
/// m += (1 - beta1) (g' - m)
/// v  = beta2 v + (1 - beta2) g'^2
/// w -= lr / bias_correction1  m / (sqrt(v) / sqrt(bias_correction2) + eps)
/// n contiguous elements each. Parallel over pieces of m, v and w. Source: torch.optim.Adam, AdamW.
template <class T>
TENON_API void adam_step(Index n, const AdamStep& step, const T* g, T* m, T* v, T* w);

}  // namespace tenon::kernels
