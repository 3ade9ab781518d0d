#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// One step of Adagrad, with PyTorch's names and defaults; lr is the rate of this very step.
struct AdagradStep {
  double lr = 1e-2;
  double weight_decay = 0;
  double eps = 1e-10;
};

/// g' = g + weight_decay w
/// s += g'^2
/// w -= lr g' / (sqrt(s) + eps)
/// n contiguous elements each. Without weight decay a gradient of 0 changes nothing (eps > 0), so
/// that rows of an embedding which a batch did not meet are read but not written. Parallel over
/// pieces of s and w. Source: torch.optim.Adagrad.
template <class T>
TENON_API void adagrad_step(Index n, const AdagradStep& step, const T* g, T* s, T* w);

}  // namespace tenon::kernels
