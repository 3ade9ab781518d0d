#include "tenon/ops/reduce.hpp"

#include "ops/common.hpp"
#include "ops/reduce_axes.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/kernels/reduce.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

/// y, of the shape given, is the sum over the axes.
template <class T>
BasicTensor<T> sum_axes(const char* op, const BasicTensor<T>& x, AxisSet axes, const Shape& shape) {
  const OpScope scope(op);
  auto y = BasicTensor<T>::empty(shape);
  kernels::sum(reduce_dims(*x.impl(), axes), x.data(), y.data());
  if (Recording recording{op, x}) {
    recording.rule(y, [axes](Sweep<T>& sweep) {
      sweep.add(0, expand_reduced(sweep.dy(), sweep.shape(0), axes));
    });
  }
  return y;
}

template <class T>
BasicTensor<T> mean_axes(const BasicTensor<T>& x, AxisSet axes, bool keepdim) {
  const OpScope scope("mean");
  auto y = BasicTensor<T>::empty(reduced_shape(x.shape(), axes, keepdim));
  kernels::sum(reduce_dims(*x.impl(), axes), x.data(), y.data());
  const T count = static_cast<T>(reduced_count(x.shape(), axes));
  auto dims = elementwise_dims<2>(y.shape(), {y.impl(), y.impl()});
  for (int i = 0; i < dims.rank; ++i) dims.strides[1][i] = 0;
  kernels::div(dims, y.data(), &count, y.data());
  if (Recording recording{"mean", x}) {
    recording.rule(y, [axes, count](Sweep<T>& sweep) {
      sweep.add(0, expand_reduced(sweep.dy() / count, sweep.shape(0), axes));
    });
  }
  return y;
}

/// x seen as (outer, length, inner), contiguous, where length belongs to the axis.
struct AxisSplit {
  Index outer = 1, length = 1, inner = 1;

  AxisSplit(const Shape& shape, int axis) {
    if (axis < 0) {
      length = shape.numel();
      return;
    }
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    length = shape[axis];
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  }
  /// Where element i of the reduced tensor lies in the whole one.
  Index position(Index i, Index along) const {
    return (i / inner * length + along) * inner + i % inner;
  }
};

constexpr Index copy_grain = 16384;

/// What profiles count for n elements that go where indices say.
template <class T>
void count_moved(Index n) {
  count_work<T>(0, n * static_cast<Index>(2 * sizeof(T) + sizeof(Index)));
}

template <class T>
MaxResult<T> max_along(const char* op, const BasicTensor<T>& x, int axis, bool keepdim) {
  const OpScope scope(op);
  const AxisSet axes = axis < 0 ? all_axes : 1u << axis;
  const Shape shape = reduced_shape(x.shape(), axes, keepdim);
  if (x.numel() == 0 && shape.numel() != 0) {
    fail<ShapeError>(op, "there is no largest of no elements: x has shape ", x.shape(),
                     "; hint: check with numel() before, or reduce another axis");
  }
  MaxResult<T> result{BasicTensor<T>::empty(shape), LongTensor::empty(shape)};
  kernels::max(reduce_dims(*x.impl(), axes), x.data(), result.values.data(), result.indices.data());
  if (Recording recording{op, x}) {
    recording.rule(result.values, [indices = Saved(result.indices), axis](Sweep<T>& sweep) {
      sweep.add(0, place(sweep.dy(), *indices, axis, sweep.shape(0)));
    });
  }
  return result;
}

}  // namespace

template <class T>
BasicTensor<T> pick(const BasicTensor<T>& x, const LongTensor& indices, int axis) {
  const OpScope scope("pick");
  auto y = BasicTensor<T>::empty(indices.shape());
  count_moved<T>(y.numel());
  const BasicTensor<T> source = x.contiguous();
  const AxisSplit split(x.shape(), axis);
  parallel_for(
      y.numel(), copy_grain,
      [&split, from = source.data(), at = indices.data(), to = y.data()](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) to[i] = from[split.position(i, at[i])];
      });
  if (Recording recording{"pick", source}) {
    recording.rule(y, [indices = Saved(indices), axis](Sweep<T>& sweep) {
      sweep.add(0, place(sweep.dy(), *indices, axis, sweep.shape(0)));
    });
  }
  return y;
}

template <class T>
BasicTensor<T> place(const BasicTensor<T>& y, const LongTensor& indices, int axis,
                     const Shape& shape) {
  const OpScope scope("place");
  auto x = zeros<T>(shape);
  count_moved<T>(y.numel());
  const BasicTensor<T> source = y.contiguous();
  const AxisSplit split(shape, axis);
  // No two elements have the same place, since each lies in a line of its own along the axis.
  parallel_for(
      y.numel(), copy_grain,
      [&split, from = source.data(), at = indices.data(), to = x.data()](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) to[split.position(i, at[i])] = from[i];
      });
  if (Recording recording{"place", source}) {
    recording.rule(x, [indices = Saved(indices), axis](Sweep<T>& sweep) {
      sweep.add(0, pick(sweep.dy(), *indices, axis));
    });
  }
  return x;
}

template <class T>
BasicTensor<T> sum_to(BasicTensor<T> x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const int added = x.rank() - shape.rank();
  AxisSet axes = 0;
  for (int i = 0; i < x.rank(); ++i) {
    if (i < added || (shape[i - added] == 1 && x.shape()[i] != 1)) axes |= 1u << i;
  }
  return sum_axes("sum_to", x, axes, shape);
}

template <class T>
MaxResult<T> max(const BasicTensor<T>& x, Index axis, bool keepdim) {
  return max_along("max", x, defined("max", x.impl()).shape.axis(axis), keepdim);
}

template <class T>
LongTensor argmax(const BasicTensor<T>& x, Index axis, bool keepdim) {
  NoTape values_only;
  return max_along("argmax", x, defined("argmax", x.impl()).shape.axis(axis), keepdim).indices;
}

}  // namespace detail

template <std::floating_point T>
BasicTensor<T> sum(const BasicTensor<T>& x) {
  detail::defined("sum", x.impl());
  return detail::sum_axes("sum", x, detail::all_axes, {});
}

template <std::floating_point T>
BasicTensor<T> sum(const BasicTensor<T>& x, const Shape& dims, bool keepdim) {
  const Shape& shape = detail::defined("sum", x.impl()).shape;
  const auto axes = detail::axis_set("sum", shape, dims);
  return detail::sum_axes("sum", x, axes, detail::reduced_shape(shape, axes, keepdim));
}

template <std::floating_point T>
BasicTensor<T> mean(const BasicTensor<T>& x) {
  detail::defined("mean", x.impl());
  return detail::mean_axes(x, detail::all_axes, false);
}

template <std::floating_point T>
BasicTensor<T> mean(const BasicTensor<T>& x, const Shape& dims, bool keepdim) {
  const Shape& shape = detail::defined("mean", x.impl()).shape;
  return detail::mean_axes(x, detail::axis_set("mean", shape, dims), keepdim);
}

template <std::floating_point T>
BasicTensor<T> max(const BasicTensor<T>& x) {
  detail::defined("max", x.impl());
  return detail::max_along("max", x, -1, false).values;
}

template <std::floating_point T>
LongTensor argmax(const BasicTensor<T>& x) {
  detail::defined("argmax", x.impl());
  NoTape values_only;
  return detail::max_along("argmax", x, -1, false).indices;
}

#define TENON_INSTANTIATE(T)                                                                     \
  template TENON_API BasicTensor<T> sum(const BasicTensor<T>&);                                  \
  template TENON_API BasicTensor<T> sum(const BasicTensor<T>&, const Shape&, bool);              \
  template TENON_API BasicTensor<T> mean(const BasicTensor<T>&);                                 \
  template TENON_API BasicTensor<T> mean(const BasicTensor<T>&, const Shape&, bool);             \
  template TENON_API BasicTensor<T> max(const BasicTensor<T>&);                                  \
  template TENON_API LongTensor argmax(const BasicTensor<T>&);                                   \
  template TENON_API MaxResult<T> detail::max(const BasicTensor<T>&, Index, bool);               \
  template TENON_API LongTensor detail::argmax(const BasicTensor<T>&, Index, bool);              \
  template TENON_API BasicTensor<T> detail::sum_to(BasicTensor<T>, const Shape&);                \
  template TENON_API BasicTensor<T> detail::pick(const BasicTensor<T>&, const LongTensor&, int); \
  template TENON_API BasicTensor<T> detail::place(const BasicTensor<T>&, const LongTensor&, int, \
                                                  const Shape&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
