#include "tenon/kernels/softmax.hpp"

#include <algorithm>
#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {
namespace {

/// Calls f(offset) for every softmax; its elements lie at offset + i * inner.
template <class F>
void for_each_softmax(const SoftmaxDims& d, const F& f) {
  const detail::FlushDenormals flush;
  if (d.n == 0) return;
  const Index grain = std::max<Index>(1, costly_grain / d.n);
  parallel_for(d.outer * d.inner, grain, [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) f(k / d.inner * d.n * d.inner + k % d.inner);
  });
}

template <class T>
T largest(const T* x, Index n, Index step) {
  T m = x[0];
  for (Index i = 1; i < n; ++i) m = x[i * step] > m ? x[i * step] : m;
  return m;
}

}  // namespace

// Sums are taken in double: it costs nothing beside the exponentials, and the long ones of float
// would lose digits.

template <class T>
void softmax_forward(const SoftmaxDims& d, const T* x, T* y) {
  count_softmax<T>(d, 5, 2);
  for_each_softmax(d, [&, n = d.n, step = d.inner](Index offset) {
    const T* in = x + offset;
    T* out = y + offset;
    const T m = largest(in, n, step);
    double total = 0;
    for (Index i = 0; i < n; ++i) {
      const T e = std::exp(in[i * step] - m);
      out[i * step] = e;
      total += static_cast<double>(e);
    }
    const T divisor = static_cast<T>(total);
    for (Index i = 0; i < n; ++i) out[i * step] /= divisor;
  });
}

template <class T>
void softmax_backward(const SoftmaxDims& d, const T* dy, const T* y, T* dx) {
  count_softmax<T>(d, 4, 3);
  for_each_softmax(d, [&, n = d.n, step = d.inner](Index offset) {
    double total = 0;
    for (Index i = 0; i < n; ++i) {
      const Index k = offset + i * step;
      total += static_cast<double>(dy[k]) * static_cast<double>(y[k]);
    }
    const T dot = static_cast<T>(total);
    for (Index i = 0; i < n; ++i) {
      const Index k = offset + i * step;
      dx[k] = y[k] * (dy[k] - dot);
    }
  });
}

template <class T>
void log_softmax_forward(const SoftmaxDims& d, const T* x, T* y) {
  count_softmax<T>(d, 5, 2);
  for_each_softmax(d, [&, n = d.n, step = d.inner](Index offset) {
    const T* in = x + offset;
    T* out = y + offset;
    const T m = largest(in, n, step);
    double total = 0;
    for (Index i = 0; i < n; ++i) total += static_cast<double>(std::exp(in[i * step] - m));
    const double log_total = std::log(total);
    for (Index i = 0; i < n; ++i) {
      // In this order, since m + log_total would lose digits where the logits are large.
      const double distance = static_cast<double>(in[i * step]) - static_cast<double>(m);
      out[i * step] = static_cast<T>(distance - log_total);
    }
  });
}

template <class T>
void logsumexp(const SoftmaxDims& d, const T* x, T* y) {
  count_softmax<T>(d, 3, 1);
  for_each_softmax(d, [&, n = d.n, step = d.inner](Index offset) {
    const T* in = x + offset;
    const T m = largest(in, n, step), shift = std::isfinite(m) ? m : T(0);
    double total = 0;
    for (Index i = 0; i < n; ++i) total += static_cast<double>(std::exp(in[i * step] - shift));
    y[offset / (n * step) * step + offset % step] =
        static_cast<T>(static_cast<double>(shift) + std::log(total));
  });
}

template <class T>
void log_softmax_backward(const SoftmaxDims& d, const T* dy, const T* y, T* dx) {
  count_softmax<T>(d, 4, 3);
  for_each_softmax(d, [&, n = d.n, step = d.inner](Index offset) {
    double sum = 0;
    for (Index i = 0; i < n; ++i) sum += static_cast<double>(dy[offset + i * step]);
    const T total = static_cast<T>(sum);
    for (Index i = 0; i < n; ++i) {
      const Index k = offset + i * step;
      dx[k] = dy[k] - std::exp(y[k]) * total;
    }
  });
}

#define TENON_INSTANTIATE(T)                                                     \
  template void softmax_forward<T>(const SoftmaxDims&, const T*, T*);            \
  template void softmax_backward<T>(const SoftmaxDims&, const T*, const T*, T*); \
  template void log_softmax_forward<T>(const SoftmaxDims&, const T*, T*);        \
  template void logsumexp<T>(const SoftmaxDims&, const T*, T*);                  \
  template void log_softmax_backward<T>(const SoftmaxDims&, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
