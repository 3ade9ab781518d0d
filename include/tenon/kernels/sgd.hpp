#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// One step of stochastic gradient descent, with PyTorch's names and defaults. first: the buffer
/// holds nothing yet and starts as the gradient, undampened.
struct SgdStep {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
  bool first = false;
};

/// g' = g + weight_decay w
/// buffer = first ? g' : momentum buffer + (1 - dampening) g'        (with momentum)
/// w -= lr (nesterov ? g' + momentum buffer : buffer), or lr g' without momentum.
/// n contiguous elements each; buffer is null exactly where momentum is 0. Parallel over pieces of
/// w and buffer. Source: torch.optim.SGD.
template <class T>
TENON_API void sgd_step(Index n, const SgdStep& step, const T* g, T* buffer, T* w);

}  // namespace tenon::kernels
