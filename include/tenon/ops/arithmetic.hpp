#pragma once

#include <concepts>

#include "tenon/ops/compare.hpp"
#include "tenon/tensor/tensor.hpp"

/// Arithmetic on tensors of float or double. Shapes broadcast under NumPy's rule: aligned at the
/// end, sizes of 1 are repeated. A number of any arithmetic type can stand for either operand and
/// is converted to the tensor's type. Gradients of repeated operands are summed over the
/// repetitions. All of them throw ShapeError where shapes do not broadcast and ValueError for an
/// undefined tensor.
namespace tenon {

namespace detail {

/// y = alpha x + beta; op: the name under which it is recorded. dx = alpha dy.
template <class T>
TENON_API BasicTensor<T> affine(const char* op, const BasicTensor<T>& x, T alpha, T beta);
/// y = c / x, correctly rounded. Saves x.
template <class T>
TENON_API BasicTensor<T> divide(T c, const BasicTensor<T>& x);
/// y = x / c, correctly rounded.
template <class T>
TENON_API BasicTensor<T> divide(const BasicTensor<T>& x, T c);
template <class T>
TENON_API BasicTensor<T> pow_scalar(const BasicTensor<T>& x, T exponent);

}  // namespace detail

/// y = a + b; da = dy, db = dy. Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> operator+(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = a - b; da = dy, db = -dy. Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> operator-(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = a b, element by element (matmul is the product of matrices); da = b dy, db = a dy.
/// Saves a and b.
template <std::floating_point T>
TENON_API BasicTensor<T> operator*(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = a / b; da = dy / b, db = -y dy / b. Saves b, and y where db is needed.
template <std::floating_point T>
TENON_API BasicTensor<T> operator/(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = -x; dx = -dy.
template <std::floating_point T>
TENON_API BasicTensor<T> operator-(const BasicTensor<T>& x);

template <std::floating_point T, detail::Number S>
BasicTensor<T> operator+(const BasicTensor<T>& x, S c) {
  return detail::affine("add", x, T(1), static_cast<T>(c));
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> operator+(S c, const BasicTensor<T>& x) {
  return x + c;
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> operator-(const BasicTensor<T>& x, S c) {
  return detail::affine("sub", x, T(1), -static_cast<T>(c));
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> operator-(S c, const BasicTensor<T>& x) {
  return detail::affine("sub", x, T(-1), static_cast<T>(c));
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> operator*(const BasicTensor<T>& x, S c) {
  // Adding -0 changes no value; adding 0 would turn a -0 into 0.
  return detail::affine("mul", x, static_cast<T>(c), T(-0.0));
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> operator*(S c, const BasicTensor<T>& x) {
  return x * c;
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> operator/(const BasicTensor<T>& x, S c) {
  return detail::divide(x, static_cast<T>(c));
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> operator/(S c, const BasicTensor<T>& x) {
  return detail::divide(static_cast<T>(c), x);
}

/// x += y means x = x + y: the handle x is bound to a new tensor, and whoever shared the old values
/// keeps them. y is a tensor or a number; the same for -=, *= and /=.
template <std::floating_point T, class Y>
auto operator+=(BasicTensor<T>& x, const Y& y) -> decltype(x = x + y) {
  return x = x + y;
}
template <std::floating_point T, class Y>
auto operator-=(BasicTensor<T>& x, const Y& y) -> decltype(x = x - y) {
  return x = x - y;
}
template <std::floating_point T, class Y>
auto operator*=(BasicTensor<T>& x, const Y& y) -> decltype(x = x * y) {
  return x = x * y;
}
template <std::floating_point T, class Y>
auto operator/=(BasicTensor<T>& x, const Y& y) -> decltype(x = x / y) {
  return x = x / y;
}

/// y = the larger of a and b, NaN where either is NaN. The larger one gets dy, equal ones half of
/// it each, as torch.maximum. Saves a and b.
template <std::floating_point T>
TENON_API BasicTensor<T> maximum(const BasicTensor<T>& a, const BasicTensor<T>& b);
/// y = the smaller of a and b; otherwise as maximum.
template <std::floating_point T>
TENON_API BasicTensor<T> minimum(const BasicTensor<T>& a, const BasicTensor<T>& b);

/// y = x^exponent, as std::pow; dx = exponent x^(exponent-1) dy. Saves x.
template <std::floating_point T, detail::Number S>
BasicTensor<T> pow(const BasicTensor<T>& x, S exponent) {
  return detail::pow_scalar(x, static_cast<T>(exponent));
}
/// y = a^b; da = b a^(b-1) dy, db = y ln(a) dy, NaN for negative a. Where a = 0, da is 0 for b = 0
/// and db is 0 unless b is negative, as torch.pow. Saves a, b, and y where db is needed.
template <std::floating_point T>
TENON_API BasicTensor<T> pow(const BasicTensor<T>& a, const BasicTensor<T>& b);

}  // namespace tenon
