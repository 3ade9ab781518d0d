#include "tenon/ops/layer_norm.hpp"

#include "ops/norm_rules.hpp"
#include "ops/row_norm.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/layer_norm.hpp"

namespace tenon {
namespace detail {
namespace {

bool ends_with(const Shape& shape, const Shape& end) {
  const int skipped = shape.rank() - end.rank();
  if (skipped < 0) return false;
  for (int i = 0; i < end.rank(); ++i) {
    if (shape[skipped + i] != end[i]) return false;
  }
  return true;
}

void check_parameter(const char* op, const char* name, const TensorImpl* p, const Shape& shape) {
  if (p == nullptr || p->shape == shape) [[likely]]
    return;
  fail<ShapeError>(op, name, " must have the shape that is normalised, ", shape, ", but has ",
                   p->shape, "; hint: it holds one number for each position in a row");
}

kernels::LayerNormDims checked_dims(const char* op, const Shape& x, const Shape& shape, double eps,
                                    bool center) {
  if (shape.empty()) {
    fail<ShapeError>(op,
                     "normalized_shape must name at least one axis; hint: {D} normalises over "
                     "a last axis of size D");
  }
  if (!ends_with(x, shape)) {
    fail<ShapeError>(op, "x must end with the sizes ", shape,
                     " that are normalised but its shape is ", x,
                     "; hint: they are those of the last axes; transpose x where another axis "
                     "holds the features");
  }
  if (!(eps >= 0)) {
    fail<ValueError>(op, "eps must be at least 0 but is ", eps,
                     "; hint: it keeps the division from one by 0; 1e-5 is usual");
  }
  const Index n = shape.numel();
  Index rows = 1;
  for (int i = 0; i < x.rank() - shape.rank(); ++i) rows *= x[i];
  return {rows, n, eps, center};
}

/// The last axes of x, as many as shape has.
Shape last_axes(const Shape& shape) {
  Shape axes;
  for (int i = shape.rank(); i > 0; --i) axes.push_back(-i);
  return axes;
}

}  // namespace

template <class T>
BasicTensor<T> row_norm(const char* op, const BasicTensor<T>& x_any, const Shape& shape,
                        const BasicTensor<T>& w_any, const BasicTensor<T>& b_any, double eps,
                        bool center) {
  const OpScope scope(op);
  const auto dims = checked_dims(op, defined(op, x_any.impl()).shape, shape, eps, center);
  check_parameter(op, "weight", w_any.impl(), shape);
  check_parameter(op, "bias", b_any.impl(), shape);
  const auto x = x_any.contiguous();
  const auto w = contiguous_or_undefined(w_any), b = contiguous_or_undefined(b_any);
  auto y = BasicTensor<T>::empty(x.shape());
  auto mean = DoubleTensor::empty({dims.rows}), rstd = DoubleTensor::empty({dims.rows});
  kernels::layer_norm_forward(dims, x.data(), data_or_null(w), data_or_null(b), y.data(),
                              mean.data(), rstd.data());
  if (Recording recording{op, x, w, b}) {
    recording.describe({"normalized_axes", {shape.rank()}});
    recording.rule(y, [dims, shape, x = saved_if(recording.needs(0) || recording.needs(1), x),
                       w = saved_if(recording.needs(0), w), mean = Saved(mean),
                       rstd = Saved(rstd)](Sweep<T>& sweep) {
      if (!x->defined()) return sweep.add(2, sum_to(sweep.dy(), shape));
      if (is_differentiated_again("layer_norm_backward", sweep.dy(), *x, *w)) {
        const Shape axes = last_axes(shape);
        const auto n = normalised(*x, axes, dims.eps, dims.center);
        if (sweep.needs(0)) {
          const auto g = w->defined() ? sweep.dy() * *w : sweep.dy();
          sweep.add(0, normalised_backward(n, g, axes, dims.center));
        }
        return add_parameter_gradients(sweep, n.h, shape);
      }
      const auto dy = sweep.dy().contiguous();
      NormGradients<T> g(sweep);
      kernels::layer_norm_backward(dims, dy.data(), x->data(), data_or_null(*w), mean->data(),
                                   rstd->data(), data_or_null(g.dx), data_or_null(g.dw),
                                   data_or_null(g.db));
      g.add_to(sweep);
    });
  }
  return y;
}

}  // namespace detail

template <std::floating_point T>
BasicTensor<T> layer_norm(const BasicTensor<T>& x, const Shape& normalized_shape,
                          const BasicTensor<T>& w, const BasicTensor<T>& b, double eps) {
  return detail::row_norm("layer_norm", x, normalized_shape, w, b, eps, true);
}

#define TENON_INSTANTIATE(T)                                                                     \
  template BasicTensor<T> detail::row_norm(const char*, const BasicTensor<T>&, const Shape&,     \
                                           const BasicTensor<T>&, const BasicTensor<T>&, double, \
                                           bool);                                                \
  template TENON_API BasicTensor<T> layer_norm(                                                  \
      const BasicTensor<T>&, const Shape&, const BasicTensor<T>&, const BasicTensor<T>&, double);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
