#include "tenon/kernels/scan.hpp"

#include <algorithm>
#include <type_traits>

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

/// Integers wrap around, which only those without a sign may.
template <class T>
using Running = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;

/// y of each line's positions in order: first(at) of the first one, then next(at, y before).
template <class T, class First, class Next>
void scan(const ScanDims& d, T* y, const First& first, const Next& next) {
  const detail::FlushDenormals flush;
  const Index grain = std::max<Index>(1, (Index{1} << 14) / std::max<Index>(1, d.length));
  const Index step = d.reverse ? -d.inner : d.inner;
  parallel_for(d.length == 0 ? 0 : d.outer * d.inner, grain, [&](Index begin, Index end) {
    for (Index line = begin; line < end; ++line) {
      Index at = line / d.inner * d.length * d.inner + line % d.inner;
      if (d.reverse) at += (d.length - 1) * d.inner;
      Running<T> value = first(at);
      y[at] = static_cast<T>(value);
      for (Index k = 1; k < d.length; ++k) {
        at += step;
        value = next(at, value);
        y[at] = static_cast<T>(value);
      }
    }
  });
}

}  // namespace

template <class T>
void cumsum(const ScanDims& d, const T* x, T* y) {
  using R = Running<T>;
  count_arrays<T>(d.outer * d.length * d.inner, 1, 2);
  scan(
      d, y, [x](Index i) { return static_cast<R>(x[i]); },
      [x](Index i, R before) { return before + static_cast<R>(x[i]); });
}

template <class T>
void cumprod(const ScanDims& d, const T* x, T* y) {
  using R = Running<T>;
  count_arrays<T>(d.outer * d.length * d.inner, 1, 2);
  scan(
      d, y, [x](Index i) { return static_cast<R>(x[i]); },
      [x](Index i, R before) { return before * static_cast<R>(x[i]); });
}

template <class T>
void linear_recurrence(const ScanDims& d, const T* a, const T* b, T* y) {
  count_arrays<T>(d.outer * d.length * d.inner, 2, 3);
  scan(
      d, y, [b](Index i) { return static_cast<double>(b[i]); },
      [a, b](Index i, double before) {
        return static_cast<double>(b[i]) + static_cast<double>(a[i]) * before;
      });
}

#define TENON_INSTANTIATE(T)                              \
  template void cumsum<T>(const ScanDims&, const T*, T*); \
  template void cumprod<T>(const ScanDims&, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
#undef TENON_INSTANTIATE

template void linear_recurrence<float>(const ScanDims&, const float*, const float*, float*);
template void linear_recurrence<double>(const ScanDims&, const double*, const double*, double*);

}  // namespace tenon::kernels
