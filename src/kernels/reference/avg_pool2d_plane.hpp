#pragma once

#include <algorithm>

#include "kernels/sum_block.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/avg_pool2d.hpp"

/// One plane of an average pooling, any windows.
namespace tenon::kernels {

/// The pixels [begin, end) of a window along one axis, and how many count in the divisor.
struct PoolWindow {
  Index begin, end, counted;
  Index size() const { return end - begin; }
};

inline PoolWindow pool_window(const AvgPool2dAxis& axis, Index i, bool count_include_pad) {
  if (axis.kernel == 0) {
    const Index begin = i * axis.size / axis.outputs;
    const Index end = ((i + 1) * axis.size + axis.outputs - 1) / axis.outputs;
    return {begin, end, end - begin};
  }
  const Index first = i * axis.stride - axis.pad;
  const Index last = std::min(first + axis.kernel, axis.size + axis.pad);
  const Index begin = std::max<Index>(first, 0), end = std::min(last, axis.size);
  return {begin, end, count_include_pad ? last - first : end - begin};
}

inline Index divisor_of(const AvgPool2dDims& d, const PoolWindow& rows, const PoolWindow& columns) {
  return d.divisor > 0 ? d.divisor : rows.counted * columns.counted;
}

/// Whether one window holds the whole plane.
inline bool is_global(const AvgPool2dDims& d) {
  const auto holds_all = [&](const AvgPool2dAxis& axis) {
    return axis.outputs == 1 && pool_window(axis, 0, true).size() == axis.size;
  };
  return holds_all(d.h) && holds_all(d.w);
}

/// The divisor of the first window.
inline Index first_divisor(const AvgPool2dDims& d) {
  return divisor_of(d, pool_window(d.h, 0, d.count_include_pad),
                    pool_window(d.w, 0, d.count_include_pad));
}

/// Calls f(line, plane) for every plane, on several threads where there is enough work; line has
/// room for a row of pixels.
template <class Line, class F>
void for_each_pooled_plane(const AvgPool2dDims& d, const F& f) {
  const Index work = std::max<Index>(1, d.h.size * d.w.size + d.h.outputs * d.w.outputs);
  const Index grain = std::max<Index>(1, (1 << 17) / work);
  parallel_with_scratch<Line>(d.planes, grain, d.w.size, [&](Line* line, Index begin, Index end) {
    for (Index plane = begin; plane < end; ++plane) f(line, plane);
  });
}

/// Each output from the sums of its rows' columns.
template <class T>
void average_plane(const AvgPool2dDims& d, const T* x, T* y, double* line) {
  for (Index i = 0; i < d.h.outputs; ++i) {
    const PoolWindow rows = pool_window(d.h, i, d.count_include_pad);
    sum_rows(x + rows.begin * d.w.size, rows.size(), d.w.size, d.w.size, line);
    for (Index j = 0; j < d.w.outputs; ++j) {
      const PoolWindow columns = pool_window(d.w, j, d.count_include_pad);
      double sum = line[columns.begin];
      for (Index q = columns.begin + 1; q < columns.end; ++q) sum += line[q];
      *y++ = static_cast<T>(sum / static_cast<double>(divisor_of(d, rows, columns)));
    }
  }
}

/// The sum of a contiguous plane.
template <class T>
double sum_plane(const T* x, Index pixels) {
  double sum = 0;
  for (Index i = 0; i < pixels; i += sum_block_size) {
    sum += sum_block(x + i, std::min(sum_block_size, pixels - i), 1);
  }
  return sum;
}

/// What a row of outputs gives to a row of pixels is the same for all rows of its windows.
template <class T>
void spread_plane(const AvgPool2dDims& d, const T* dy, T* dx, T* line) {
  std::fill_n(dx, d.h.size * d.w.size, T(0));
  for (Index i = 0; i < d.h.outputs; ++i) {
    const PoolWindow rows = pool_window(d.h, i, d.count_include_pad);
    std::fill_n(line, d.w.size, T(0));
    for (Index j = 0; j < d.w.outputs; ++j) {
      const PoolWindow columns = pool_window(d.w, j, d.count_include_pad);
      const T g = *dy++ / static_cast<T>(divisor_of(d, rows, columns));
      for (Index q = columns.begin; q < columns.end; ++q) line[q] += g;
    }
    for (Index p = rows.begin; p < rows.end; ++p) {
      T* row = dx + p * d.w.size;
      for (Index q = 0; q < d.w.size; ++q) row[q] += line[q];
    }
  }
}

}  // namespace tenon::kernels
