#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

/// Reductions over all axes or some. Axes may be negative, counted from the end. A reduced axis
/// disappears, or stays with size 1 where keepdim is set. Throw IndexError for an axis that x does
/// not have, ValueError for one named twice or an undefined tensor.
namespace tenon {

/// y = the sum of all elements, of rank 0; dx = dy repeated. Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> sum(const BasicTensor<T>& x);
/// y = the sums over the axes dims, over all axes where dims is empty (as torch.sum). An empty sum
/// is 0. Partial sums are added pairwise, so rounding errors stay small.
template <std::floating_point T>
TENON_API BasicTensor<T> sum(const BasicTensor<T>& x, const Shape& dims, bool keepdim = false);
template <std::floating_point T, std::integral I>
BasicTensor<T> sum(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  return sum(x, Shape{axis}, keepdim);
}

/// y = the sum of all elements divided by their number, of rank 0; dx = dy / number, repeated.
/// Saves nothing.
template <std::floating_point T>
TENON_API BasicTensor<T> mean(const BasicTensor<T>& x);
/// y = the means over the axes dims, over all axes where dims is empty (as torch.mean). The mean of
/// no elements is NaN.
template <std::floating_point T>
TENON_API BasicTensor<T> mean(const BasicTensor<T>& x, const Shape& dims, bool keepdim = false);
template <std::floating_point T, std::integral I>
BasicTensor<T> mean(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  return mean(x, Shape{axis}, keepdim);
}

/// What max over one axis returns.
template <class T>
struct MaxResult {
  BasicTensor<T> values;
  LongTensor indices;  ///< positions along the axis; the first one of equal values
};

/// y = the largest element, of rank 0; NaN where one is NaN. The first of equal elements gets dy,
/// the others 0. Saves the position. Throws ShapeError for an empty tensor.
template <std::floating_point T>
TENON_API BasicTensor<T> max(const BasicTensor<T>& x);

namespace detail {
template <class T>
TENON_API MaxResult<T> max(const BasicTensor<T>& x, Index axis, bool keepdim);
template <class T>
TENON_API LongTensor argmax(const BasicTensor<T>& x, Index axis, bool keepdim);
}  // namespace detail

/// The largest elements along one axis and their positions, as torch.max. The elements at these
/// positions get dy, all others 0. Saves the positions. Throws ShapeError where the axis is empty
/// and the result is not.
template <std::floating_point T, std::integral I>
MaxResult<T> max(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  return detail::max(x, static_cast<Index>(axis), keepdim);
}

/// The position of the largest element among all in row-major order, of rank 0: the first NaN, else
/// the first of equal ones. Not differentiable. Throws ShapeError for an empty tensor.
template <std::floating_point T>
TENON_API LongTensor argmax(const BasicTensor<T>& x);
/// The positions of the largest elements along one axis; otherwise as above.
template <std::floating_point T, std::integral I>
LongTensor argmax(const BasicTensor<T>& x, I axis, bool keepdim = false) {
  return detail::argmax(x, static_cast<Index>(axis), keepdim);
}

namespace detail {

/// x summed over the axes along which `shape` was broadcast to x's shape: what a repeated operand's
/// gradient is. Takes x by value so that the common case, equal shapes, costs nothing.
template <class T>
TENON_API BasicTensor<T> sum_to(BasicTensor<T> x, const Shape& shape);

/// y[o, i] = x[o, indices[o, i], i] for x seen as (O, axis, I): one element of an axis each. axis
/// -1 stands for all axes flattened. y has the shape of indices.
template <class T>
TENON_API BasicTensor<T> pick(const BasicTensor<T>& x, const LongTensor& indices, int axis);
/// Its adjoint: x of the given shape, zero but for x[o, indices[o, i], i] = y[o, i].
template <class T>
TENON_API BasicTensor<T> place(const BasicTensor<T>& y, const LongTensor& indices, int axis,
                               const Shape& shape);

}  // namespace detail
}  // namespace tenon
