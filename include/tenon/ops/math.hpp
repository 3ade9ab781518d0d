#pragma once

#include <concepts>

#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/tensor/tensor.hpp"

/// Further functions of every element of a tensor of float or double, of any shape; those used most
/// are in elementwise.hpp. All have derivatives of every order and throw ValueError for an
/// undefined tensor.
namespace tenon {

/// y = ln(1 + x), exact near 0, NaN for x < -1; dx = dy / (1 + x). Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> log1p(const BasicTensor<T>& x);
/// y = e^x - 1, exact near 0; dx = e^x dy. Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> expm1(const BasicTensor<T>& x);
/// y = 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x; dx = 2 / sqrt(pi) e^(-x^2) dy.
/// Saves x.
template <std::floating_point T>
TENON_API BasicTensor<T> erf(const BasicTensor<T>& x);
/// y = tan x, x in radians; dx = (1 + y^2) dy. Saves y.
template <std::floating_point T>
TENON_API BasicTensor<T> tan(const BasicTensor<T>& x);

/// y = -1, 0 or 1, 0 for NaN, as torch.sign; dx = 0. Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> sign(const BasicTensor<T>& x);
/// y = the largest integer that is not larger than x; dx = 0. Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> floor(const BasicTensor<T>& x);
/// y = the smallest integer that is not smaller than x; dx = 0. Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> ceil(const BasicTensor<T>& x);
/// y = the integer next to x, of two the even one, as torch.round; dx = 0. Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> round(const BasicTensor<T>& x);

/// y = 1 / x; dx = -dy / x^2. Recorded as the quotient that it is.
template <std::floating_point T>
BasicTensor<T> reciprocal(const BasicTensor<T>& x) {
  return 1 / x;
}
/// y = 1 / sqrt(x), NaN for x < 0; dx = -dy / (2 x sqrt(x)). Recorded as the quotient of a root.
template <std::floating_point T>
BasicTensor<T> rsqrt(const BasicTensor<T>& x) {
  return 1 / sqrt(x);
}

/// y = ln(e^a + e^b), without overflow; the shapes broadcast. da = dy sigmoid(a - b), db = dy
/// sigmoid(b - a), NaN where both are the same infinity, as torch.logaddexp. Saves a and b. Throws
/// ShapeError where the shapes do not broadcast.
template <std::floating_point T>
TENON_API BasicTensor<T> logaddexp(const BasicTensor<T>& a, const BasicTensor<T>& b);

}  // namespace tenon
