#include "tenon/kernels/rmsprop.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {

template <class T>
void rmsprop_step(Index n, const RMSpropStep& step, const T* g, T* v, T* m, T* b, T* w) {
  const detail::FlushDenormals flush;
  // Scalars are worked out in double and rounded once, as PyTorch does.
  const T lr = static_cast<T>(step.lr);
  const T alpha = static_cast<T>(step.alpha);
  const T fresh = static_cast<T>(1 - step.alpha);
  const T eps = static_cast<T>(step.eps);
  const T decay = static_cast<T>(step.weight_decay);
  const T momentum = static_cast<T>(step.momentum);
  parallel_for(n, cheap_grain / 4, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      // Without decay nothing is added, since 0 times an infinite weight would be NaN.
      const T gradient = decay == T(0) ? g[i] : g[i] + decay * w[i];
      v[i] = alpha * v[i] + fresh * gradient * gradient;
      T square = v[i];
      if (m != nullptr) {
        m[i] += fresh * (gradient - m[i]);
        square -= m[i] * m[i];
        if (square < T(0)) square = T(0);  // NaN stays
      }
      const T root = std::sqrt(square) + eps;
      if (b != nullptr) {
        b[i] = momentum * b[i] + gradient / root;
        w[i] -= lr * b[i];
      } else {
        w[i] -= lr * gradient / root;
      }
    }
  });
}

#define TENON_INSTANTIATE(T) \
  template void rmsprop_step<T>(Index, const RMSpropStep&, const T*, T*, T*, T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
