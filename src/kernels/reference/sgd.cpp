#include "tenon/kernels/sgd.hpp"

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"

namespace tenon::kernels {
namespace {

/// Without decay nothing is added, since 0 times an infinite weight would be NaN.
template <class T>
T decayed(T g, T decay, T w) {
  return decay == T(0) ? g : g + decay * w;
}

}  // namespace

template <class T>
void sgd_step(Index n, const SgdStep& step, const T* g, T* buffer, T* w) {
  count_sgd<T>(n, step);
  const detail::FlushDenormals flush;
  const T lr = static_cast<T>(step.lr);
  const T momentum = static_cast<T>(step.momentum);
  const T fresh = static_cast<T>(1 - step.dampening);
  const T decay = static_cast<T>(step.weight_decay);
  const bool first = step.first, nesterov = step.nesterov;

  parallel_for(n, cheap_grain, [=](Index begin, Index end) {
    if (buffer == nullptr) {
      for (Index i = begin; i < end; ++i) w[i] -= lr * decayed(g[i], decay, w[i]);
      return;
    }
    for (Index i = begin; i < end; ++i) {
      const T gradient = decayed(g[i], decay, w[i]);
      buffer[i] = first ? gradient : momentum * buffer[i] + fresh * gradient;
      w[i] -= lr * (nesterov ? gradient + momentum * buffer[i] : buffer[i]);
    }
  });
}

template void sgd_step<float>(Index, const SgdStep&, const float*, float*, float*);
template void sgd_step<double>(Index, const SgdStep&, const double*, double*, double*);

}  // namespace tenon::kernels
