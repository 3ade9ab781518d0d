#include "tenon/kernels/index.hpp"

#include <algorithm>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"

namespace tenon::kernels {
namespace {

/// Columns that one thread takes at least: a few cache lines, which no other thread writes.
constexpr Index block = 64;

Index rows_per_thread(Index row_size) {
  return std::max<Index>(1, cheap_grain / std::max<Index>(1, row_size));
}

template <class T>
void count_indexed(const IndexDims& d, Index operations, Index arrays) {
  const Index values = d.outer * d.count * d.inner;
  count_work<T>(operations * values,
                arrays * bytes_of<T>(values) + bytes_of<Index>(d.per_element ? values : d.count));
}

}  // namespace

template <class T>
void gather(const IndexDims& d, const std::int64_t* index, const T* x, T* y) {
  count_indexed<T>(d, 0, 2);
  parallel_for(d.outer * d.count, rows_per_thread(d.inner), [&](Index begin, Index end) {
    for (Index row = begin; row < end; ++row) {
      const T* from = x + row / d.count * d.length * d.inner;
      T* to = y + row * d.inner;
      if (d.per_element) {
        const std::int64_t* at = index + row * d.inner;
        for (Index i = 0; i < d.inner; ++i) to[i] = from[at[i] * d.inner + i];
      } else {
        std::copy_n(from + index[row % d.count] * d.inner, d.inner, to);
      }
    }
  });
}

template <class T>
void scatter_add(const IndexDims& d, const std::int64_t* index, const T* y, T* x) {
  count_indexed<T>(d, 1, 3);
  const detail::FlushDenormals flush;
  const Index blocks = (d.inner + block - 1) / block;
  const Index grain = rows_per_thread(d.count * std::min(d.inner, block));
  parallel_for(d.outer * blocks, grain, [&](Index begin, Index end) {
    for (Index piece = begin; piece < end; ++piece) {
      const Index o = piece / blocks, first = piece % blocks * block;
      const Index last = std::min(first + block, d.inner);
      T* to = x + o * d.length * d.inner;
      for (Index k = 0; k < d.count; ++k) {
        const Index row = (o * d.count + k) * d.inner;
        for (Index i = first; i < last; ++i) {
          to[index[d.per_element ? row + i : k] * d.inner + i] += y[row + i];
        }
      }
    }
  });
}

template <class T>
void scatter(const IndexDims& d, const std::int64_t* index, const T* y, T* x) {
  count_indexed<T>(d, 0, 2);
  parallel_for(d.count, rows_per_thread(d.inner), [&](Index begin, Index end) {
    for (Index k = begin; k < end; ++k) {
      std::copy_n(y + k * d.inner, d.inner, x + index[k] * d.inner);
    }
  });
}

#define TENON_INSTANTIATE(T)                                                         \
  template void gather<T>(const IndexDims&, const std::int64_t*, const T*, T*);      \
  template void scatter_add<T>(const IndexDims&, const std::int64_t*, const T*, T*); \
  template void scatter<T>(const IndexDims&, const std::int64_t*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)

}  // namespace tenon::kernels
