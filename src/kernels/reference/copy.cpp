#include "tenon/kernels/copy.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "elementwise_loop.hpp"

namespace tenon::kernels {
namespace {

template <class To, class From>
To convert(From x) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To> &&
                !std::is_same_v<To, bool>) {
    // 2^digits is exact in every real type, the largest integer itself is not.
    const From bound = std::ldexp(From(1), std::numeric_limits<To>::digits);
    if (x >= bound) return std::numeric_limits<To>::max();
    if (x <= static_cast<From>(std::numeric_limits<To>::min())) {
      return std::numeric_limits<To>::min();
    }
    if (x != x) return To(0);
  }
  return static_cast<To>(x);
}

/// One run. The steps that most views have are known to the compiler; 0 repeats, -1 reads from the
/// end.
template <class T>
void copy_run(Index n, const T* x, Index step_x, T* y, Index step_y) {
  if (step_y == 1 && step_x == 1) {
    std::copy_n(x, n, y);
  } else if (step_y == 1 && step_x == 0) {
    std::fill_n(y, n, *x);
  } else if (step_y == 1 && step_x == -1) {
    std::reverse_copy(x - n + 1, x + 1, y);
  } else {
    for (Index i = 0; i < n; ++i) y[i * step_y] = x[i * step_x];
  }
}

}  // namespace

template <class T>
void copy_strided(const ElementwiseDims<1>& dims, const T* x, T* y) {
  count_elementwise<0, T, T>(dims);
  const Index step = last_stride(dims, 0);
  parallel_for(dims.numel, cheap_grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      copy_run(n, x + offsets[0], step, y + position, 1);
    });
  });
}

template <class T>
void scatter_strided(const ElementwiseDims<1>& dims, const T* x, T* y) {
  count_arrays<T>(dims.numel, 0, 2);
  const Index step = last_stride(dims, 0);
  parallel_for(dims.numel, cheap_grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      const T* in = x + position;
      T* out = y + offsets[0];
      for (Index i = 0; i < n; ++i) out[i * step] = in[i];
    });
  });
}

template <class T>
void assign_strided(const ElementwiseDims<2>& dims, const T* x, T* y) {
  count_arrays<T>(dims.numel, 0, 2);
  const Index step_x = last_stride(dims, 0), step_y = last_stride(dims, 1);
  parallel_for(dims.numel, cheap_grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index, Index n, const Index* offsets) {
      copy_run(n, x + offsets[0], step_x, y + offsets[1], step_y);
    });
  });
}

template <class T>
void scatter_add_strided(const ElementwiseDims<1>& dims, const T* x, T* y) {
  count_arrays<T>(dims.numel, 1, 3);
  const detail::FlushDenormals flush;
  if (dims.numel == 0) return;
  const Index step = last_stride(dims, 0);
  for_each_run(dims, 0, dims.numel, [&](Index position, Index n, const Index* offsets) {
    const T* in = x + position;
    T* out = y + offsets[0];
    for (Index i = 0; i < n; ++i) out[i * step] += in[i];
  });
}

template <class T>
void fill(Index n, T value, T* y) {
  count_arrays<T>(n, 0, 1);
  parallel_for(n, cheap_grain,
               [=](Index begin, Index end) { std::fill(y + begin, y + end, value); });
}

template <class From, class To>
void cast(Index n, const From* x, To* y) {
  count_work<From>(0, bytes_of<From>(n) + bytes_of<To>(n));
  const detail::FlushDenormals flush;
  parallel_for(n, cheap_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] = convert<To>(x[i]);
  });
}

#define TENON_INSTANTIATE_CAST(From, To) template void cast<From, To>(Index, const From*, To*);
#define TENON_INSTANTIATE(T)                                                 \
  template void copy_strided<T>(const ElementwiseDims<1>&, const T*, T*);    \
  template void scatter_strided<T>(const ElementwiseDims<1>&, const T*, T*); \
  template void assign_strided<T>(const ElementwiseDims<2>&, const T*, T*);  \
  template void fill<T>(Index, T, T*);                                       \
  TENON_INSTANTIATE_CAST(T, float)                                           \
  TENON_INSTANTIATE_CAST(T, double)                                          \
  TENON_INSTANTIATE_CAST(T, std::int64_t)                                    \
  TENON_INSTANTIATE_CAST(T, std::int32_t)                                    \
  TENON_INSTANTIATE_CAST(T, std::uint8_t)                                    \
  TENON_INSTANTIATE_CAST(T, bool)

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
TENON_INSTANTIATE(std::int32_t)
TENON_INSTANTIATE(std::uint8_t)
TENON_INSTANTIATE(bool)
template void scatter_add_strided<float>(const ElementwiseDims<1>&, const float*, float*);
template void scatter_add_strided<double>(const ElementwiseDims<1>&, const double*, double*);

}  // namespace tenon::kernels
