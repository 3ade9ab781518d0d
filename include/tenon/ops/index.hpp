#pragma once

#include <initializer_list>

#include "tenon/ops/float_or_long.hpp"
#include "tenon/tensor/tensor.hpp"

/// Reading from and adding to positions that a tensor of integers or a mask names, of float, double
/// or std::int64_t. Axes and positions may be negative, counted from the end. Gradients of real
/// tensors are of every order and save the positions; what meets at one place is added in the order
/// of the positions, so that it has the same bits at any number of threads. Throw IndexError for an
/// axis or a position that x does not have, ShapeError where shapes do not fit, ValueError for an
/// undefined tensor. Ranges that a Slice can name are views and cheaper: slice(), narrow().
namespace tenon {

/// y[..., k, ...] = x[..., index[k], ...] along the axis.
/// x (..., A, ...)   index (K)   y (..., K, ...)   dx = dy added up at the positions
/// As torch.index_select.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> index_select(const BasicTensor<T>& x, Index axis, const LongTensor& index);

/// index_select for positions of any shape, which takes the axis's place: NumPy's
/// take(x, positions, axis), and x[:, positions] for axis 1.
/// x (P..., A, Q...)   positions (R...)   y (P..., R..., Q...)
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> take(const BasicTensor<T>& x, const LongTensor& positions, Index axis);

/// y[r, ...] = x[i[r], j[r], ...] for positions {i, j}: a list for each of the first axes, that
/// broadcast together; axes without a list stay whole behind them.
/// x (A, B, Q...)   i, j broadcast to (R...)   y (R..., Q...)   dx = dy added up at the positions
/// As x[i, j] of NumPy and PyTorch: index(x, {arange<std::int64_t>(n), labels}) takes one element
/// of each row. Throws IndexError for no list or more lists than axes.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> index(const BasicTensor<T>& x,
                               std::initializer_list<LongTensor> positions);

/// y[i, j, k] = x[i, index[i, j, k], k] for three axes and axis 1: a position for every element.
/// x and index have equal sizes but along the axis; y has the shape of index. dx = dy added up at
/// the positions. As torch.gather, which also takes an index that is smaller along other axes
/// (narrow() x to it), and numpy.take_along_axis.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> gather(const BasicTensor<T>& x, Index axis, const LongTensor& index);

/// y = x, and then y[i, index[i, j, k], k] += source[i, j, k] for three axes and axis 1.
/// x and index have equal sizes but along the axis; source has the shape of index. dx = dy, and
/// dsource = dy gathered. As torch.scatter_add.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> scatter_add(const BasicTensor<T>& x, Index axis, const LongTensor& index,
                                     const BasicTensor<T>& source);

/// The elements of x where the mask is true, in row-major order, as one axis.
/// x and mask broadcast; y (K), K the number of true places. dx = dy at these places, else 0.
/// As torch.masked_select; where() keeps the shape and is often what a loss wants.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> masked_select(const BasicTensor<T>& x, const BoolTensor& mask);

/// The positions of the true elements in row-major order.
/// mask of rank R; y (K, R), a constant. As torch.nonzero and numpy.argwhere.
TENON_API LongTensor nonzero(const BoolTensor& mask);

}  // namespace tenon
