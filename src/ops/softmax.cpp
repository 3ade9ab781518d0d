#include "tenon/ops/softmax.hpp"

#include "ops/common.hpp"
#include "ops/softmax_rules.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/softmax.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

namespace tenon {
namespace detail {
namespace {

int checked_axis(const char* op, const TensorImpl* x, Index axis) {
  const Shape& shape = defined(op, x).shape;
  const Index position = axis < 0 ? axis + shape.rank() : axis;
  if (position < 0 || position >= shape.rank()) {
    fail<IndexError>(op, "axis ", axis, " is out of range for x of shape ", shape,
                     "; hint: -1 is the last axis, and a scalar has none");
  }
  return static_cast<int>(position);
}

kernels::SoftmaxDims dims_of(const Shape& shape, int axis) {
  kernels::SoftmaxDims dims{1, shape[axis], 1};
  for (int i = 0; i < axis; ++i) dims.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) dims.inner *= shape[i];
  return dims;
}

Attributes attributes_of(int axis) { return {"axis", {axis}}; }

/// dx = y (dy - sum dy y), the gradient of y = softmax(x, axis) as an operation. With u the
/// gradient of dx: ddy = y (u - sum u y), the same operation, and the gradient of y is u (dy - sum
/// dy y) - dy sum u y.
template <class T>
BasicTensor<T> softmax_backward(const BasicTensor<T>& dy_any, const BasicTensor<T>& y_any,
                                int axis) {
  const OpScope scope("softmax_backward");
  const auto dy = dy_any.contiguous();
  const auto y = y_any.contiguous();
  auto dx = BasicTensor<T>::empty(y.shape());
  kernels::softmax_backward(dims_of(y.shape(), axis), dy.data(), y.data(), dx.data());
  if (Recording recording{"softmax_backward", dy, y}) {
    recording.describe(attributes_of(axis));
    recording.rule(dx,
                   [axis, dy = saved_if(recording.needs(1), dy), y = Saved(y)](Sweep<T>& sweep) {
                     const auto& u = sweep.dy();
                     if (sweep.needs(0)) sweep.add(0, softmax_backward(u, *y, axis));
                     if (sweep.needs(1)) {
                       const auto centred = *dy - sum(*dy * *y, {axis}, true);
                       sweep.add(1, u * centred - *dy * sum(u * *y, {axis}, true));
                     }
                   });
  }
  return dx;
}

}  // namespace

template <class T>
BasicTensor<T> log_softmax_backward(const BasicTensor<T>& dy_any, const BasicTensor<T>& y_any,
                                    int axis) {
  const OpScope scope("log_softmax_backward");
  const auto dy = dy_any.contiguous();
  const auto y = y_any.contiguous();
  auto dx = BasicTensor<T>::empty(y.shape());
  kernels::log_softmax_backward(dims_of(y.shape(), axis), dy.data(), y.data(), dx.data());
  if (Recording recording{"log_softmax_backward", dy, y}) {
    recording.describe(attributes_of(axis));
    recording.rule(dx,
                   [axis, dy = saved_if(recording.needs(1), dy), y = Saved(y)](Sweep<T>& sweep) {
                     const auto weighted = sweep.dy() * exp(*y);
                     if (sweep.needs(0)) sweep.add(0, sweep.dy() - sum(weighted, {axis}, true));
                     if (sweep.needs(1)) sweep.add(1, -(weighted * sum(*dy, {axis}, true)));
                   });
  }
  return dx;
}

}  // namespace detail

template <std::floating_point T>
BasicTensor<T> softmax(const BasicTensor<T>& x_any, Index axis_any) {
  const detail::OpScope scope("softmax");
  const int axis = detail::checked_axis("softmax", x_any.impl(), axis_any);
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty(x.shape());
  kernels::softmax_forward(detail::dims_of(x.shape(), axis), x.data(), y.data());
  if (detail::Recording recording{"softmax", x}) {
    recording.describe(detail::attributes_of(axis));
    recording.rule(y, [axis, y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      sweep.add(0, detail::softmax_backward(sweep.dy(), *y, axis));
    });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> log_softmax(const BasicTensor<T>& x_any, Index axis_any) {
  const detail::OpScope scope("log_softmax");
  const int axis = detail::checked_axis("log_softmax", x_any.impl(), axis_any);
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty(x.shape());
  kernels::log_softmax_forward(detail::dims_of(x.shape(), axis), x.data(), y.data());
  if (detail::Recording recording{"log_softmax", x}) {
    recording.describe(detail::attributes_of(axis));
    recording.rule(y, [axis, y = detail::Saved(y)](detail::Sweep<T>& sweep) {
      sweep.add(0, detail::log_softmax_backward(sweep.dy(), *y, axis));
    });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                   \
  template TENON_API BasicTensor<T> softmax(const BasicTensor<T>&, Index);     \
  template TENON_API BasicTensor<T> log_softmax(const BasicTensor<T>&, Index); \
  template BasicTensor<T> detail::log_softmax_backward(const BasicTensor<T>&,  \
                                                       const BasicTensor<T>&, int);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
