#include "tenon/kernels/adaptive.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {
namespace {

/// Calls f(i, gradient with weight decay) for every element, in parallel.
template <class T, class F>
void each(Index n, double weight_decay, const T* g, const T* w, const F& f) {
  const detail::FlushDenormals flush;
  const T decay = static_cast<T>(weight_decay);
  parallel_for(n, cheap_grain / 4, [=](Index begin, Index end) {
    TENON_INDEPENDENT
    // Without decay nothing is added, since 0 times an infinite weight would be NaN.
    for (Index i = begin; i < end; ++i) f(i, decay == T(0) ? g[i] : g[i] + decay * w[i]);
  });
}

}  // namespace

// Scalars are worked out in double and rounded once, as PyTorch does.

template <class T>
void adadelta_step(Index n, const AdadeltaStep& step, const T* g, T* v, T* a, T* w) {
  count_arrays<T>(n, step.weight_decay == 0 ? 16 : 18, 7);
  const T lr = static_cast<T>(step.lr);
  const T rho = static_cast<T>(step.rho), fresh = static_cast<T>(1 - step.rho);
  const T eps = static_cast<T>(step.eps);
  each(n, step.weight_decay, g, w, [=](Index i, T gradient) {
    v[i] = rho * v[i] + fresh * gradient * gradient;
    const T change = std::sqrt(a[i] + eps) / std::sqrt(v[i] + eps) * gradient;
    a[i] = rho * a[i] + fresh * change * change;
    w[i] -= lr * change;
  });
}

template <class T>
void adamax_step(Index n, const AdamaxStep& step, const T* g, T* m, T* u, T* w) {
  count_arrays<T>(n, step.weight_decay == 0 ? 10 : 12, 7);
  const T lr = static_cast<T>(step.lr);
  const T fresh = static_cast<T>(1 - step.beta1), beta2 = static_cast<T>(step.beta2);
  const T eps = static_cast<T>(step.eps);
  each(n, step.weight_decay, g, w, [=](Index i, T gradient) {
    m[i] += fresh * (gradient - m[i]);
    const T size = std::abs(gradient) + eps, before = beta2 * u[i];
    u[i] = before > size || before != before ? before : size;
    w[i] -= lr * m[i] / u[i];
  });
}

template <class T>
void adaptive_step(Index n, const AdaptiveStep& step, const T* g, T* m, T* v, T* w) {
  count_arrays<T>(n, step.weight_decay == 0 ? 16 : 18, 7);
  const T keep = static_cast<T>(step.keep), decay = static_cast<T>(step.weight_decay);
  const T fresh1 = static_cast<T>(1 - step.beta1);
  const T beta2 = static_cast<T>(step.beta2), fresh2 = static_cast<T>(1 - step.beta2);
  const T root = static_cast<T>(step.root), eps = static_cast<T>(step.eps);
  const T gradient_rate = static_cast<T>(step.gradient_rate);
  const T mean_rate = static_cast<T>(step.mean_rate);
  const bool divides = step.divides;
  each(n, 0, g, w, [=](Index i, T gradient) {
    const T weight = w[i] * keep;
    if (decay != T(0)) gradient += decay * weight;
    m[i] += fresh1 * (gradient - m[i]);
    v[i] = beta2 * v[i] + fresh2 * gradient * gradient;
    const T divisor = divides ? std::sqrt(v[i]) / root + eps : T(1);
    w[i] = weight - gradient_rate * gradient / divisor - mean_rate * m[i] / divisor;
  });
}

#define TENON_INSTANTIATE(T)                                                        \
  template void adadelta_step<T>(Index, const AdadeltaStep&, const T*, T*, T*, T*); \
  template void adamax_step<T>(Index, const AdamaxStep&, const T*, T*, T*, T*);     \
  template void adaptive_step<T>(Index, const AdaptiveStep&, const T*, T*, T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
