#pragma once

#include <initializer_list>

#include "tenon/ops/float_or_long.hpp"
#include "tenon/tensor/tensor.hpp"

/// Writing at positions that tensors of integers or a mask name: what NumPy writes x[i, j] = v and
/// x[mask] = v, as functions that leave x alone and have gradients of every order;
/// x.copy_(index_put(x, {i, j}, v)) writes in place. Of several values for one place the last in
/// row-major order stays (PyTorch leaves open which), and only it has a gradient. float, double or
/// std::int64_t. Positions may be negative, counted from the end, and are saved for backward. Throw
/// IndexError for a position outside of x, ShapeError where shapes do not fit, ValueError for an
/// undefined tensor. Ranges that a Slice can name are views, which copy_() and fill_() write;
/// where(mask, v, x) writes one value, or those of a tensor of x's shape, at the places of a mask.
namespace tenon {

/// y = x, but y[i[r], j[r], ...] = values[r, ...] for positions {i, j}: a list for each of the
/// first axes, that broadcast together. With accumulate the values are added instead, all of them,
/// in row-major order.
/// x (A, B, Q...)   i, j broadcast to (R...)   values broadcasts to (R..., Q...)   y like x
/// dx = dy where nothing is written (accumulate: dy), dvalues = dy at the positions.
/// As torch.index_put. Throws IndexError for no list or more lists than axes.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> index_put(const BasicTensor<T>& x,
                                   std::initializer_list<LongTensor> positions,
                                   const BasicTensor<T>& values, bool accumulate = false);

/// y = x, but y[i, index[i, j, k], k] = source[i, j, k] for three axes and axis 1.
/// x and index have equal sizes but along the axis; source has the shape of index.
/// As torch.scatter and numpy.put_along_axis.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> scatter(const BasicTensor<T>& x, Index axis, const LongTensor& index,
                                 const BasicTensor<T>& source);

/// y = x, but the elements of source, in row-major order, where the mask is true: what
/// masked_select() reads. x and mask broadcast; source has one element for each true place.
/// As torch.masked_scatter, which also takes a longer source and ignores its rest.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> masked_scatter(const BasicTensor<T>& x, const BoolTensor& mask,
                                        const BasicTensor<T>& source);

}  // namespace tenon
