#include "tenon/kernels/axis_map.hpp"

#include <algorithm>

#include "elementwise_loop.hpp"
#include "kernels/work.hpp"

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

}  // namespace

template <class T>
void axis_map(const AxisMapDims& d, const SparseRows<T>& rows, const T* x, T* y) {
  const Index entries = rows.starts[d.outputs];
  count_work<T>((rows.weights == nullptr ? 1 : 2) * d.outer * entries * d.inner,
                bytes_of<T>(d.outer * (d.inputs + d.outputs) * d.inner));
  const detail::FlushDenormals flush;
  const Index terms = d.outputs == 0 ? 1 : entries / d.outputs + 1;
  const Index grain = std::max<Index>(1, cheap_grain / std::max<Index>(1, terms * d.inner));
  parallel_for(d.outer * d.outputs, grain, [&](Index begin, Index end) {
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
