#pragma once

#include <vector>

#include "tenon/autograd/tape.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/tensor/factories.hpp"

/// Derivatives of functions by name, as torch.func and torch.autograd.functional have them. f is a
/// function of one tensor; what else it depends on, it captures. Each opens tapes of its own, so
/// none need be open; under one that is, the result is itself differentiable by x and by what f
/// captures. Where f does not depend on x, derivatives are 0.
namespace tenon {

namespace detail {
/// The sum of dy times dy/dx, or zeros; x has been watched.
template <class T>
TENON_API BasicTensor<T> gradient_or_zeros(Tape& tape, const BasicTensor<T>& y,
                                           const BasicTensor<T>& dy, const BasicTensor<T>& x);
/// Throws ShapeError, in the name of op, where v has not that shape, which is said to be of `of`.
TENON_API void check_same_shape(const char* op, const Shape& v, const char* of, const Shape& shape);
/// Throws ShapeError unless y has one element.
TENON_API void check_scalar(const char* op, const Shape& y);
/// Zeros but for a 1 at position i in row-major order.
template <class T>
TENON_API BasicTensor<T> unit(const Shape& shape, Index i);
}  // namespace detail

/// The vector-Jacobian product: sum over i of dy_i df_i/dx, of x's shape; dy has f(x)'s shape. One
/// forward and one backward pass. Throws ShapeError. torch.func.vjp(f, x)[1](dy).
template <class T, class F>
BasicTensor<T> vjp(const F& f, const BasicTensor<T>& x, const BasicTensor<T>& dy) {
  Tape tape;
  const BasicTensor<T> v = tape.watch(x);
  const BasicTensor<T> y = f(v);
  detail::check_same_shape("vjp", dy.shape(), "f(x)", y.shape());
  return detail::gradient_or_zeros(tape, y, dy, v);
}

/// df/dx of x's shape; f(x) has one element. Throws ShapeError for another. torch.func.grad.
///
///   u_x = gradient([&](const Tensor& x) { return sum(net(x)); }, x)
template <class T, class F>
BasicTensor<T> gradient(const F& f, const BasicTensor<T>& x) {
  Tape tape;
  const BasicTensor<T> v = tape.watch(x);
  const BasicTensor<T> y = f(v);
  detail::check_scalar("gradient", y.shape());
  return detail::gradient_or_zeros(tape, y, ones_like(y), v);
}

/// The Jacobian-vector product, the derivative of f along dx: sum over j of df/dx_j dx_j, of f(x)'s
/// shape; dx has x's shape. By differentiating the vector-Jacobian product, which is linear in its
/// vector, by that vector: one forward and two backward passes. Throws ShapeError, and TapeError
/// where an operation in f has no second derivative. torch.func.jvp(f, (x,), (dx,))[1].
template <class T, class F>
BasicTensor<T> jvp(const F& f, const BasicTensor<T>& x, const BasicTensor<T>& dx) {
  detail::check_same_shape("jvp", dx.shape(), "x", x.shape());
  Tape outer;
  BasicTensor<T> u, g, y;
  {
    Tape tape;
    const BasicTensor<T> v = tape.watch(x);
    y = f(v);
    u = outer.watch(zeros_like(y));
    g = detail::gradient_or_zeros(tape, y, u, v);
  }
  return detail::gradient_or_zeros(outer, g, dx, u);
}

/// The matrix of all derivatives, y[i..., j...] = d f(x)[i...] / d x[j...]: of f(x)'s shape
/// followed by x's. A backward pass for each element of f(x). Throws ShapeError where the two
/// shapes have more than max_rank axes. torch.func.jacrev(f)(x).
template <class T, class F>
BasicTensor<T> jacobian(const F& f, const BasicTensor<T>& x) {
  Tape tape;
  const BasicTensor<T> v = tape.watch(x);
  const BasicTensor<T> y = f(v);
  Shape shape = y.shape();
  for (const Index n : x.shape()) shape.push_back(n);
  std::vector<BasicTensor<T>> rows;
  for (Index i = 0; i < y.numel(); ++i) {
    rows.push_back(detail::gradient_or_zeros(tape, y, detail::unit<T>(y.shape(), i), v));
  }
  return rows.empty() ? zeros<T>(shape) : tenon::stack(rows).reshape(shape);
}

/// The matrix of second derivatives, y[i..., j...] = d^2 f / dx[i...] dx[j...]: of x's shape twice;
/// f(x) has one element. Throws as gradient and jacobian do, and TapeError where an operation in f
/// has no second derivative. torch.func.hessian(f)(x).
template <class T, class F>
BasicTensor<T> hessian(const F& f, const BasicTensor<T>& x) {
  return jacobian([&f](const BasicTensor<T>& v) { return gradient(f, v); }, x);
}

/// The Hessian times a vector, of x's shape as v is; f(x) has one element. Two backward passes, and
/// no matrix. Throws as hessian, and ShapeError for another v.
/// torch.autograd.functional.hvp(f, x, v)[1].
template <class T, class F>
BasicTensor<T> hvp(const F& f, const BasicTensor<T>& x, const BasicTensor<T>& v) {
  detail::check_same_shape("hvp", v.shape(), "x", x.shape());
  return vjp([&f](const BasicTensor<T>& at) { return gradient(f, at); }, x, v);
}

}  // namespace tenon
