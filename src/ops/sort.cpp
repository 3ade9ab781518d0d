#include "tenon/ops/sort.hpp"

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/sort.hpp"
#include "tenon/ops/index.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

template <class T>
SortResult<T> first_in_order(const char* op, const BasicTensor<T>& x_any, int axis, Index k,
                             bool descending) {
  const OpScope scope(op);
  const auto x = x_any.contiguous();
  Shape shape = x.shape();
  kernels::SortDims dims{1, shape[axis], 1, k};
  for (int i = 0; i < axis; ++i) dims.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) dims.inner *= shape[i];
  shape[axis] = k;
  SortResult<T> result{BasicTensor<T>::empty(shape), LongTensor::empty(shape)};
  kernels::sort(dims, descending, x.data(), result.values.data(), result.indices.data());
  if constexpr (std::is_floating_point_v<T>) {
    if (Recording recording{op, x}) {
      recording.rule(result.values, [indices = Saved(result.indices), axis](Sweep<T>& sweep) {
        sweep.add(0, scatter_add(zeros<T>(sweep.shape(0)), axis, *indices, sweep.dy()));
      });
    }
  }
  return result;
}

}  // namespace
}  // namespace detail

template <detail::FloatOrLong T>
SortResult<T> sort(const BasicTensor<T>& x, Index axis_any, bool descending) {
  const Shape& shape = detail::defined("sort", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  return detail::first_in_order("sort", x, axis, shape[axis], descending);
}

template <detail::FloatOrLong T>
LongTensor argsort(const BasicTensor<T>& x, Index axis_any, bool descending) {
  const Shape& shape = detail::defined("argsort", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  NoTape values_only;
  return detail::first_in_order("argsort", x, axis, shape[axis], descending).indices;
}

template <detail::FloatOrLong T>
SortResult<T> topk(const BasicTensor<T>& x, Index k, Index axis_any, bool largest) {
  const Shape& shape = detail::defined("topk", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  if (k < 0 || k > shape[axis]) {
    detail::fail<ValueError>("topk", "k is ", k, " but axis ", axis, " of shape ", shape, " has ",
                             shape[axis], " positions; hint: the arguments are topk(x, k, axis)");
  }
  return detail::first_in_order("topk", x, axis, k, largest);
}

template <detail::FloatOrLong T>
UniqueResult<T> unique(const BasicTensor<T>& x) {
  const detail::OpScope scope("unique");
  const Shape& shape = detail::defined("unique", x.impl()).shape;
  NoTape values_only;
  const Index n = x.numel();
  const auto sorted = sort(x.reshape({n}));
  const T* value = sorted.values.data();
  UniqueResult<T> result{BasicTensor<T>(), LongTensor::empty(shape), LongTensor()};
  Index found = 0;
  for (Index i = 0; i < n; ++i) {
    found += i == 0 || value[i] != value[i - 1];
    result.inverse.data()[sorted.indices.data()[i]] = found - 1;
  }
  result.values = BasicTensor<T>::empty({found});
  result.counts = zeros<std::int64_t>({found});
  Index at = -1;
  for (Index i = 0; i < n; ++i) {
    if (i == 0 || value[i] != value[i - 1]) result.values.data()[++at] = value[i];
    ++result.counts.data()[at];
  }
  return result;
}

#define TENON_INSTANTIATE(T)                                                        \
  template TENON_API SortResult<T> sort(const BasicTensor<T>&, Index, bool);        \
  template TENON_API LongTensor argsort(const BasicTensor<T>&, Index, bool);        \
  template TENON_API SortResult<T> topk(const BasicTensor<T>&, Index, Index, bool); \
  template TENON_API UniqueResult<T> unique(const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
#undef TENON_INSTANTIATE

}  // namespace tenon
