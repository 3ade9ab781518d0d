#include "tenon/ops/reductions.hpp"

#include <cmath>
#include <limits>

#include "ops/common.hpp"
#include "ops/reduce_axes.hpp"
#include "tenon/kernels/softmax.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/logic.hpp"
#include "tenon/ops/math.hpp"
#include "tenon/ops/rearrange.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/scan.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/ops/softmax.hpp"

namespace tenon {
namespace {

/// Over which axes, and the two shapes of the result.
struct Axes {
  detail::AxisSet set;
  Shape dims, kept, result;
  Index count;  // elements of one result

  Axes(const char* op, const Shape& shape, const Shape& named, bool keepdim)
      : set(detail::axis_set(op, shape, named)),
        kept(detail::reduced_shape(shape, set, true)),
        result(detail::reduced_shape(shape, set, keepdim)),
        count(detail::reduced_count(shape, set)) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (detail::contains(set, i)) dims.push_back(i);
    }
  }
};

/// The largest elements, of the shape axes.kept; not recorded.
template <class T>
BasicTensor<T> largest(const BasicTensor<T>& x, const Axes& axes) {
  auto y = BasicTensor<T>::empty(axes.kept);
  kernels::max<T>(detail::reduce_dims(*x.impl(), axes.set), x.data(), y.data(), nullptr);
  return y;
}

/// The sizes by which a row may be divided: of the largest element, 1 where that is no finite
/// number above 0 or there is none.
template <class T>
BasicTensor<T> scales(const BasicTensor<T>& sizes, const Axes& axes) {
  if (axes.count == 0) return ones<T>(axes.kept);
  const auto m = largest(sizes, axes);
  return where(gt(m, 0), where(lt(m, std::numeric_limits<T>::infinity()), m, 1), 1);
}

template <class T>
BasicTensor<T> scaled_norm(const BasicTensor<T>& x, T p, const Axes& axes) {
  const auto sizes = abs(x), m = scales(sizes, axes);
  return pow(sum(pow(sizes / m, p), axes.dims, true), 1 / p) * m;
}

template <class T>
BasicTensor<T> length(const BasicTensor<T>& x, const Axes& axes) {
  auto y = BasicTensor<T>::empty(axes.kept);
  kernels::length(detail::reduce_dims(*x.impl(), axes.set), x.data(), y.data());
  if constexpr (std::is_same_v<T, double>) {
    // Within these bounds no square that matters has left the range.
    using Limits = std::numeric_limits<T>;
    const T low = std::sqrt(Limits::min()) / Limits::epsilon();
    const T high = std::sqrt(Limits::max()) * Limits::epsilon();
    bool all_inside = true;
    for (Index i = 0; i < y.numel(); ++i) all_inside &= y.data()[i] > low && y.data()[i] < high;
    if (!all_inside) {
      const auto scaled = scaled_norm(x, T(2), axes);
      return where(gt(y, low), where(lt(y, high), y, scaled), scaled);
    }
  }
  return y;
}

template <class T>
BasicTensor<T> extreme_size(const BasicTensor<T>& x, bool most, const Axes& axes) {
  if (axes.count == 0 && axes.kept.numel() != 0) {
    detail::fail<ShapeError>("norm", "there is no ", most ? "largest" : "smallest",
                             " of no elements: x has shape ", x.shape(),
                             "; hint: check with numel() before, or reduce another axis");
  }
  return most ? largest(abs(x), axes) : -largest(-abs(x), axes);
}

template <class T>
BasicTensor<T> norm_value(const BasicTensor<T>& x, double p, const Axes& axes) {
  if (p == 2) return length(x, axes);
  if (std::isinf(p)) return extreme_size(x, p > 0, axes);
  return scaled_norm(x, static_cast<T>(p), axes);
}

/// dx; y and dy of the shape axes.kept.
template <class T>
BasicTensor<T> norm_gradient(const BasicTensor<T>& x, const BasicTensor<T>& y,
                             const BasicTensor<T>& dy, double p, const Axes& axes) {
  if (std::isinf(p)) {
    const auto hits = where(eq(abs(x), y), ones<T>({}), 0);
    return sign(x) * hits * (dy / sum(hits, axes.dims, true));
  }
  const BoolTensor is_zero = eq(y, 0);
  const auto slope = where(is_zero, 0, dy), divisor = where(is_zero, 1, y);
  if (p == 2) return x * (slope / divisor);
  // sign(x) is 0 where x is, whatever would become of a power of 0.
  const auto share = where(eq(x, 0), 1, abs(x) / divisor);
  return sign(x) * pow(share, p - 1) * slope;
}

/// x as (..., count), the reduced axes behind the others.
template <class T>
BasicTensor<T> rows_of(const BasicTensor<T>& x, const Axes& axes) {
  Shape order, shape;
  for (int i = 0; i < x.rank(); ++i) {
    if (detail::contains(axes.set, i)) continue;
    order.push_back(i);
    shape.push_back(x.shape()[i]);
  }
  for (const Index axis : axes.dims) order.push_back(axis);
  shape.push_back(axes.count);
  return x.permute(order).reshape(shape);
}

/// Whether products divided by a factor are the products of the others: none has become 0, or left
/// the range.
template <class T>
bool is_divisible(const BasicTensor<T>& products) {
  bool all = true;
  for (Index i = 0; i < products.numel(); ++i) {
    all &= products.data()[i] != 0 && std::isfinite(products.data()[i]);
  }
  return all;
}

/// For each element the product of all before it along the axis.
template <class T>
BasicTensor<T> products_before(const BasicTensor<T>& x, int axis) {
  Shape first = x.shape();
  first[axis] = 1;
  return cat({ones<T>(first), cumprod(x.narrow(axis, 0, x.size(axis) - 1), axis)}, axis);
}

/// For each element the product of all others along the axis, without a division.
template <class T>
BasicTensor<T> products_of_others(const BasicTensor<T>& x, int axis) {
  if (x.numel() == 0) return x;
  return products_before(x, axis) * flip(products_before(flip(x, {axis}), axis), {axis});
}

/// y (...) of x (..., count). dx = softmax(x) dy, and 0 in a row of -infinity only.
template <class T>
BasicTensor<T> logsumexp_of_rows(const BasicTensor<T>& x_any) {
  const detail::OpScope scope("logsumexp");
  const auto x = x_any.contiguous();
  Shape shape = x.shape();
  const Index count = shape[shape.rank() - 1];
  shape.erase(shape.rank() - 1);
  auto y = BasicTensor<T>::empty(shape);
  kernels::logsumexp({shape.numel(), count, 1}, x.data(), y.data());
  if (detail::Recording recording{"logsumexp", x}) {
    recording.rule(y, [x = detail::Saved(x), y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      const auto none = eq(y->unsqueeze(-1), -std::numeric_limits<T>::infinity());
      const auto dy = sweep.dy().unsqueeze(-1);
      if (any_true(none)) {
        sweep.add(0, where(none, 0, softmax(where(none, 0, *x), -1) * dy));
      } else {
        sweep.add(0, softmax(*x, -1) * dy);
      }
    });
  }
  return y;
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> var(const BasicTensor<T>& x, const Shape& dims, const VarOptions& options) {
  const detail::OpScope scope("var");
  const Axes axes("var", detail::defined("var", x.impl()).shape, dims, options.keepdim);
  const T divisor = static_cast<T>(std::max<Index>(0, axes.count - options.correction));
  BasicTensor<T> y;
  {
    const NoTape values_only;
    const auto distance = x - mean(x, axes.dims, true);
    // What the rounded mean is off by shows in the sum of the distances.
    const auto off = square(sum(distance, axes.dims, true)) / static_cast<T>(axes.count);
    y = ((sum(square(distance), axes.dims, true) - off) / divisor).reshape(axes.result);
  }
  if (detail::Recording recording{"var", x}) {
    recording.rule(y, [axes, divisor, x = detail::Saved(x)](detail::Sweep<T>& sweep) {
      const auto slope = sweep.dy().reshape(axes.kept) * (2 / divisor);
      sweep.add(0, (*x - mean(*x, axes.dims, true)) * slope);
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> stddev(const BasicTensor<T>& x, const Shape& dims, const VarOptions& options) {
  detail::defined("stddev", x.impl());
  const auto variance = var(x, dims, options);
  const BoolTensor is_zero = eq(variance, 0);
  return where(is_zero, 0, sqrt(where(is_zero, 1, variance)));
}

template <std::floating_point T>
BasicTensor<T> norm(const BasicTensor<T>& x, double p, const Shape& dims, bool keepdim) {
  const detail::OpScope scope("norm");
  const Axes axes("norm", detail::defined("norm", x.impl()).shape, dims, keepdim);
  if (std::isnan(p)) {
    detail::fail<ValueError>("norm", "p must be a number or infinity, not NaN",
                             "; hint: 2 for the length, 1 for the sum of sizes");
  }
  if (p == 0) return sum(abs(sign(x)), axes.dims, true).reshape(axes.result);
  if (p == 1) return sum(abs(x), axes.dims, true).reshape(axes.result);
  BasicTensor<T> y;
  {
    const NoTape values_only;
    y = norm_value(x, p, axes).reshape(axes.result);
  }
  if (detail::Recording recording{"norm", x}) {
    recording.rule(y,
                   [axes, p, x = detail::Saved(x), y = detail::Saved(y)](detail::Sweep<T>& sweep) {
                     const auto dy = sweep.dy().reshape(axes.kept);
                     sweep.add(0, norm_gradient(*x, y->reshape(axes.kept), dy, p, axes));
                   });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> logsumexp(const BasicTensor<T>& x, const Shape& dims, bool keepdim) {
  const Axes axes("logsumexp", detail::defined("logsumexp", x.impl()).shape, dims, keepdim);
  constexpr T infinity = std::numeric_limits<T>::infinity();
  // Of no elements the sum is 0 and its logarithm -infinity.
  if (axes.count == 0) return sum(x, axes.dims, keepdim) - infinity;
  return logsumexp_of_rows(rows_of(x, axes)).reshape(axes.result);
}

template <class T>
BasicTensor<T> detail::prod(const BasicTensor<T>& x, Index axis_any, bool keepdim) {
  const OpScope scope("prod");
  const Shape& shape = defined("prod", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  const AxisSet set = AxisSet{1} << axis;
  auto y = BasicTensor<T>::empty(reduced_shape(shape, set, keepdim));
  kernels::prod(reduce_dims(*x.impl(), set), x.data(), y.data());
  if (Recording recording{"prod", x}) {
    recording.rule(y, [axis, keepdim, x = Saved(x), y = Saved(y)](Sweep<T>& sweep) {
      const auto of_line = [&](const BasicTensor<T>& t) { return keepdim ? t : t.unsqueeze(axis); };
      const auto dy = of_line(sweep.dy());
      sweep.add(0, is_divisible(*y) ? dy * of_line(*y) / *x : dy * products_of_others(*x, axis));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> prod(const BasicTensor<T>& x) {
  return detail::prod(x.reshape({detail::defined("prod", x.impl()).shape.numel()}), 0, false);
}

#define TENON_INSTANTIATE(T)                                                                     \
  template TENON_API BasicTensor<T> var(const BasicTensor<T>&, const Shape&, const VarOptions&); \
  template TENON_API BasicTensor<T> stddev(const BasicTensor<T>&, const Shape&,                  \
                                           const VarOptions&);                                   \
  template TENON_API BasicTensor<T> norm(const BasicTensor<T>&, double, const Shape&, bool);     \
  template TENON_API BasicTensor<T> logsumexp(const BasicTensor<T>&, const Shape&, bool);        \
  template TENON_API BasicTensor<T> detail::prod(const BasicTensor<T>&, Index, bool);            \
  template TENON_API BasicTensor<T> prod(const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
