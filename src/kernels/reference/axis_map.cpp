#include "tenon/kernels/axis_map.hpp"

#include <algorithm>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// The axis is the last one: a number for each row.
template <class T>
T map_element(const SparseRows<T>& rows, Index begin, Index end, const T* x) {
  if (rows.weights == nullptr) {
    if (end - begin == 1) return x[rows.columns[begin]];
    T sum = 0;
    for (Index e = begin; e < end; ++e) sum += x[rows.columns[e]];
    return sum;
  }
  T sum = 0;
  for (Index e = begin; e < end; ++e) sum += rows.weights[e] * x[rows.columns[e]];
  return sum;
}

/// Outputs that are worth copying as a whole.
constexpr Index shortest_copy = 8;

/// length[k]: as many outputs from k on take one entry each, of columns that follow each other.
template <class T>
void find_copies(const SparseRows<T>& rows, Index outputs, Index* length) {
  for (Index k = outputs - 1; k >= 0; --k) {
    const Index e = rows.starts[k];
    if (rows.starts[k + 1] != e + 1) {
      length[k] = 0;
    } else {
      const bool goes_on =
          k + 1 < outputs && length[k + 1] > 0 && rows.columns[e + 1] == rows.columns[e] + 1;
      length[k] = 1 + (goes_on ? length[k + 1] : 0);
    }
  }
}

/// The outputs [k, last) of one row of rows, where the axis is the last one and weights are ones.
template <class T>
void map_elements(const SparseRows<T>& rows, const Index* copies, Index k, Index last, const T* x,
                  T* y) {
  while (k < last) {
    const Index begin = rows.starts[k], n = std::min(copies[k], last - k);
    if (n >= shortest_copy) {
      std::copy_n(x + rows.columns[begin], n, y + k);
      k += n;
    } else {
      y[k] = map_element(rows, begin, rows.starts[k + 1], x);
      ++k;
    }
  }
}

template <class T>
void map_row(const SparseRows<T>& rows, Index begin, Index end, Index inner, const T* x, T* y) {
  if (begin == end) {
    std::fill_n(y, inner, T(0));
    return;
  }
  const auto from = [&](Index e) { return x + rows.columns[e] * inner; };
  const auto weight = [&](Index e) { return rows.weights == nullptr ? T(1) : rows.weights[e]; };
  const T* a = from(begin);
  Index next = begin + 1;
  if (next == end && rows.weights == nullptr) {
    std::copy_n(a, inner, y);
  } else if (next == end) {
    const T u = weight(begin);
    for (Index i = 0; i < inner; ++i) y[i] = u * a[i];
  } else {
    const T u = weight(begin), v = weight(next);
    const T* b = from(next++);
    for (Index i = 0; i < inner; ++i) y[i] = u * a[i] + v * b[i];
  }
  for (; next < end; ++next) {
    const T u = weight(next);
    const T* b = from(next);
    for (Index i = 0; i < inner; ++i) y[i] += u * b[i];
  }
}

/// Output rows that one thread takes at least.
template <class T>
Index rows_per_thread(const AxisMapDims& d, const SparseRows<T>& rows) {
  const Index terms = rows.starts[d.outputs] / d.outputs + 1;
  return std::max<Index>(1, cheap_grain / std::max<Index>(1, terms * d.inner));
}

/// The axis is the last one and weights are ones: whole stretches of it are often copied.
template <class T>
void map_stretches(const AxisMapDims& d, const SparseRows<T>& rows, const T* x, T* y) {
  detail::Scratch<Index> copies(d.outputs);
  find_copies(rows, d.outputs, copies.data());
  parallel_for(d.outer * d.outputs, rows_per_thread(d, rows), [&](Index begin, Index end) {
    while (begin < end) {
      const Index o = begin / d.outputs, first = begin % d.outputs;
      const Index last = std::min(d.outputs, first + end - begin);
      map_elements(rows, copies.data(), first, last, x + o * d.inputs, y + o * d.outputs);
      begin += last - first;
    }
  });
}

}  // namespace

template <class T>
void axis_map(const AxisMapDims& d, const SparseRows<T>& rows, const T* x, T* y) {
  const Index entries = rows.starts[d.outputs];
  count_work<T>((rows.weights == nullptr ? 1 : 2) * d.outer * entries * d.inner,
                bytes_of<T>(d.outer * (d.inputs + d.outputs) * d.inner));
  const detail::FlushDenormals flush;
  if (d.outer * d.outputs == 0) return;
  if (d.inner == 1 && rows.weights == nullptr) return map_stretches(d, rows, x, y);
  parallel_for(d.outer * d.outputs, rows_per_thread(d, rows), [&](Index begin, Index end) {
    Index k = begin % d.outputs;
    const T* from = x + begin / d.outputs * d.inputs * d.inner;
    for (Index row = begin; row < end; ++row) {
      const Index first = rows.starts[k], last = rows.starts[k + 1];
      if (d.inner == 1) {
        y[row] = map_element(rows, first, last, from);
      } else {
        map_row(rows, first, last, d.inner, from, y + row * d.inner);
      }
      if (++k == d.outputs) {
        k = 0;
        from += d.inputs * d.inner;
      }
    }
  });
}

template void axis_map<float>(const AxisMapDims&, const SparseRows<float>&, const float*, float*);
template void axis_map<double>(const AxisMapDims&, const SparseRows<double>&, const double*,
                               double*);

}  // namespace tenon::kernels
