#include <cmath>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"
#include "tenon/kernels/bce.hpp"

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

}  // namespace

template <class T>
void bce_with_logits_forward(Index n, const T* x, const T* target, T* y) {
  count_arrays<T>(n, 1, 3);
  for_each(n, y, [=](Index i) {
    const T v = x[i];
    return (v < T(0) ? T(0) : v) - v * target[i] + std::log1p(std::exp(-std::abs(v)));
  });
}

template <class T>
void bce_with_logits_backward(Index n, const T* dy, const T* x, const T* target, T* dx) {
  count_arrays<T>(n, 1, 4);
  for_each(n, dx, [=](Index i) {
    const T e = std::exp(-std::abs(x[i]));
    const T p = (x[i] < T(0) ? e : T(1)) / (T(1) + e);
    return dy[i] * (p - target[i]);
  });
}

#define TENON_INSTANTIATE(T)                                               \
  template void bce_with_logits_forward<T>(Index, const T*, const T*, T*); \
  template void bce_with_logits_backward<T>(Index, const T*, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
