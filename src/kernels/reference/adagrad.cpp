#include "tenon/kernels/adagrad.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {

template <class T>
void adagrad_step(Index n, const AdagradStep& step, const T* g, T* s, T* w) {
  const detail::FlushDenormals flush;
  const T lr = static_cast<T>(step.lr);
  const T decay = static_cast<T>(step.weight_decay);
  const T eps = static_cast<T>(step.eps);
  parallel_for(n, cheap_grain / 4, [=](Index begin, Index end) {
    TENON_INDEPENDENT
    for (Index i = begin; i < end; ++i) {
      // Without decay nothing is added, since 0 times an infinite weight would be NaN.
      const T gradient = decay == T(0) ? g[i] : g[i] + decay * w[i];
      s[i] += gradient * gradient;
      w[i] -= lr * gradient / (std::sqrt(s[i]) + eps);
    }
  });
}

template void adagrad_step<float>(Index, const AdagradStep&, const float*, float*, float*);
template void adagrad_step<double>(Index, const AdagradStep&, const double*, double*, double*);

}  // namespace tenon::kernels
