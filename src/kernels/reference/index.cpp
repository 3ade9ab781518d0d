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

/// Calls f(o, first, last) for pieces of the rows k in [first, last) of each o, in parallel.
template <class F>
void for_each_rows(const IndexDims& d, const F& f) {
  parallel_for(d.outer * d.count, rows_per_thread(d.inner), [&](Index begin, Index end) {
    while (begin < end) {
      const Index o = begin / d.count, first = begin % d.count;
      const Index last = std::min(d.count, first + end - begin);
      f(o, first, last);
      begin += last - first;
    }
  });
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
  for_each_rows(d, [&](Index o, Index first, Index last) {
    const T* from = x + o * d.length * d.inner;
    T* to = y + o * d.count * d.inner;
    const std::int64_t* at = d.per_element ? index + o * d.count * d.inner : index;
    if (d.inner == 1) {
      for (Index k = first; k < last; ++k) to[k] = from[at[k]];
    } else if (d.per_element) {
      for (Index k = first; k < last; ++k) {
        const Index row = k * d.inner;
        for (Index i = 0; i < d.inner; ++i) to[row + i] = from[at[row + i] * d.inner + i];
      }
    } else {
      for (Index k = first; k < last; ++k) {
        std::copy_n(from + at[k] * d.inner, d.inner, to + k * d.inner);
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
      const Index width = std::min(block, d.inner - first);
      T* to = x + o * d.length * d.inner + first;
      const T* from = y + o * d.count * d.inner + first;
      const std::int64_t* at = d.per_element ? index + o * d.count * d.inner + first : index;
      if (d.inner == 1) {
        for (Index k = 0; k < d.count; ++k) to[at[k]] += from[k];
      } else if (d.per_element) {
        for (Index k = 0; k < d.count; ++k, from += d.inner, at += d.inner) {
          for (Index i = 0; i < width; ++i) to[at[i] * d.inner + i] += from[i];
        }
      } else {
        for (Index k = 0; k < d.count; ++k, from += d.inner) {
          T* row = to + at[k] * d.inner;
          for (Index i = 0; i < width; ++i) row[i] += from[i];
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
