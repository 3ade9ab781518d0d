#include "tenon/kernels/bce.hpp"

#include <algorithm>
#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {
namespace {

template <class T, class F>
void for_each(Index n, T* y, const F& f) {
  const detail::FlushDenormals flush;
  parallel_for(n, costly_grain, [&](Index begin, Index end) {
    TENON_INDEPENDENT
    for (Index i = begin; i < end; ++i) y[i] = f(i);
  });
}

/// Keeps the loss finite where the probability is exactly 0; NaN stays NaN.
template <class T>
T clamped(T logarithm) {
  return logarithm < T(-100) ? T(-100) : logarithm;
}

}  // namespace

template <class T>
void bce_forward(Index n, const T* p, const T* target, T* y) {
  count_arrays<T>(n, 1, 3);
  for_each(n, y, [=](Index i) {
    const T t = target[i];
    return (t - T(1)) * clamped(std::log1p(-p[i])) - t * clamped(std::log(p[i]));
  });
}

template <class T>
void bce_backward(Index n, const T* dy, const T* p, const T* target, T* dx) {
  count_arrays<T>(n, 1, 4);
  for_each(n, dx, [=](Index i) {
    const T variance = p[i] * (T(1) - p[i]);
    constexpr T least = 1e-12F;  // a float in PyTorch, for double too
    return dy[i] * (p[i] - target[i]) / (variance < least ? least : variance);
  });
}

#define TENON_INSTANTIATE(T)                                   \
  template void bce_forward<T>(Index, const T*, const T*, T*); \
  template void bce_backward<T>(Index, const T*, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
