#pragma once

#include <concepts>
#include <type_traits>

#include "tenon/ops/compare.hpp"
#include "tenon/tensor/factories.hpp"
#include "tenon/tensor/tensor.hpp"

/// Functions of every element of a tensor of float or double, of any shape. They follow IEEE 754
/// for NaN and infinity, and throw ValueError for an undefined tensor.
namespace tenon {

/// y = -x; dx = -dy. The same as unary minus.
template <std::floating_point T>
TENON_API BasicTensor<T> neg(const BasicTensor<T>& x);
/// y = e^x; dx = y dy. Saves y.
template <std::floating_point T>
TENON_API BasicTensor<T> exp(const BasicTensor<T>& x);
/// y = the natural logarithm of x, NaN for x < 0; dx = dy / x. Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> log(const BasicTensor<T>& x);
/// y = the square root of x, NaN for x < 0; dx = dy / (2 y). Saves y.
template <std::floating_point T>
TENON_API BasicTensor<T> sqrt(const BasicTensor<T>& x);
/// y = |x|; dx = dy sign(x), 0 at 0. Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> abs(const BasicTensor<T>& x);
/// y = x^2; dx = 2 x dy. Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> square(const BasicTensor<T>& x);
/// y = sin x, x in radians; dx = dy cos x. Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> sin(const BasicTensor<T>& x);
/// y = cos x, x in radians; dx = -dy sin x. Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> cos(const BasicTensor<T>& x);

/// y = min(max(x, low), high), so high wins where low > high; dx = dy where low <= x <= high, else
/// 0, as torch.clamp. Saves x and y.
template <std::floating_point T>
TENON_API BasicTensor<T> clamp(const BasicTensor<T>& x, std::type_identity_t<T> low,
                               std::type_identity_t<T> high);

/// y = condition ? a : b for every element; the three shapes broadcast, and a number can stand for
/// a or b. da = dy where the condition holds, else 0; db the other way round. Saves the condition.
/// Throws ShapeError where the shapes do not broadcast.
template <std::floating_point T>
TENON_API BasicTensor<T> where(const BoolTensor& condition, const BasicTensor<T>& a,
                               const BasicTensor<T>& b);
template <std::floating_point T, detail::Number S>
BasicTensor<T> where(const BoolTensor& condition, const BasicTensor<T>& a, S b) {
  return where(condition, a, full<T>({}, static_cast<T>(b)));
}
template <std::floating_point T, detail::Number S>
BasicTensor<T> where(const BoolTensor& condition, S a, const BasicTensor<T>& b) {
  return where(condition, full<T>({}, static_cast<T>(a)), b);
}

}  // namespace tenon
