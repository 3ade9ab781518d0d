#include "tenon/kernels/adam.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {

template <class T>
void adam_step(Index n, const AdamStep& step, const T* g, T* m, T* v, T* w) {
  count_arrays<T>(n, step.weight_decay == 0 ? 14 : 16, 7);
  const detail::FlushDenormals flush;
  // Scalars are worked out in double and rounded once, as PyTorch does.
  const T keep = static_cast<T>(step.decoupled ? 1 - step.lr * step.weight_decay : 1);
  const T decay = static_cast<T>(step.decoupled ? 0 : step.weight_decay);
  const T fresh1 = static_cast<T>(1 - step.beta1);
  const T beta2 = static_cast<T>(step.beta2);
  const T fresh2 = static_cast<T>(1 - step.beta2);
  const T size = static_cast<T>(step.lr / step.bias_correction1);
  const T root2 = static_cast<T>(std::sqrt(step.bias_correction2));
  const T eps = static_cast<T>(step.eps);

  parallel_for(n, cheap_grain / 4, [=](Index begin, Index end) {
    TENON_INDEPENDENT
    for (Index i = begin; i < end; ++i) {
      const T weight = w[i] * keep;
      // Without decay nothing is added, since 0 times an infinite weight would be NaN.
      const T gradient = decay == T(0) ? g[i] : g[i] + decay * weight;
      m[i] += fresh1 * (gradient - m[i]);
      v[i] = beta2 * v[i] + fresh2 * gradient * gradient;
      w[i] = weight - size * m[i] / (std::sqrt(v[i]) / root2 + eps);
    }
  });
}

template void adam_step<float>(Index, const AdamStep&, const float*, float*, float*, float*);
template void adam_step<double>(Index, const AdamStep&, const double*, double*, double*, double*);

}  // namespace tenon::kernels
