#pragma once

#include <concepts>

#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"

/// Smallest elements: the counterparts of max and argmax, computed as -max(-x). NaN comes before
/// all numbers and the first of equal elements is taken, as with max. Throw ShapeError where there
/// is no smallest of no elements, and as max does.
namespace tenon {

/// y = the smallest element, of rank 0; it gets dy, all others 0.
template <std::floating_point T>
BasicTensor<T> min(const BasicTensor<T>& x) {
  return -max(-x);
}
/// The smallest elements along one axis and their positions, as torch.min.
template <std::floating_point T, std::integral I>
MaxResult<T> min(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  MaxResult<T> result = max(-x, axis, keepdim);
  result.values = -result.values;
  return result;
}

/// The position of the smallest element among all in row-major order, of rank 0.
template <std::floating_point T>
LongTensor argmin(const BasicTensor<T>& x) {
  return argmax(-x);
}
/// The positions of the smallest elements along one axis.
template <std::floating_point T, std::integral I>
LongTensor argmin(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  return argmax(-x, axis, keepdim);
}

}  // namespace tenon
