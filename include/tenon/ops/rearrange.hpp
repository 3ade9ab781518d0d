#pragma once

#include <concepts>
#include <initializer_list>
#include <vector>

#include "tenon/ops/float_or_long.hpp"
#include "tenon/tensor/tensor.hpp"

/// Cutting tensors into parts, and repeating, turning and masking what they hold. Axes may be
/// negative, counted from the end. Gradients are of every order. Throw IndexError for an axis that
/// x does not have, ValueError for an undefined tensor.
namespace tenon {

namespace detail {
TENON_API const Shape& defined_shape(const char* op, const TensorImpl* impl);
/// Throws ValueError unless the sizes add up to the axis's.
TENON_API void check_split(const Shape& shape, int axis, const Dim* sizes, Index count);
TENON_API Index checked_split_size(Index size);
TENON_API Index chunk_size(Index length, Index chunks);
TENON_API Shape meshgrid_shape(const TensorImpl* const* parts, Index count);
}  // namespace detail

/// x cut along an axis into parts of so many positions, the last one perhaps shorter: views. An
/// empty axis gives one empty part. Throws ValueError for size < 1. As torch.split.
template <class T, std::integral I>
std::vector<BasicTensor<T>> split(const BasicTensor<T>& x, I size, Index axis = 0) {
  const Index length = detail::defined_shape("split", x.impl()).at(axis);
  const Index step = detail::checked_split_size(static_cast<Index>(size));
  std::vector<BasicTensor<T>> parts;
  for (Index start = 0; start == 0 || start < length; start += step) {
    parts.push_back(x.narrow(axis, start, length - start < step ? length - start : step));
  }
  return parts;
}
/// The same for parts of the sizes given, which add up to the axis's: split(x, {2, 3}, 1). Throws
/// ValueError where they do not.
template <class T>
std::vector<BasicTensor<T>> split(const BasicTensor<T>& x, std::initializer_list<Dim> sizes,
                                  Index axis = 0) {
  const Shape& shape = detail::defined_shape("split", x.impl());
  detail::check_split(shape, shape.axis(axis), sizes.begin(), static_cast<Index>(sizes.size()));
  std::vector<BasicTensor<T>> parts;
  Index start = 0;
  for (const Dim& size : sizes) {
    parts.push_back(x.narrow(axis, start, size.value));
    start += size.value;
  }
  return parts;
}

/// x cut along an axis into at most so many parts of ceil(A / chunks) positions, the last one
/// perhaps shorter: views. Throws ValueError for chunks < 1. As torch.chunk.
template <class T>
std::vector<BasicTensor<T>> chunk(const BasicTensor<T>& x, Index chunks, Index axis = 0) {
  const Index length = detail::defined_shape("chunk", x.impl()).at(axis);
  return split(x, detail::chunk_size(length, chunks), axis);
}

/// x one behind the other so many times along each axis: NumPy's and PyTorch's tile. counts of
/// fewer axes than x count for the last ones, more make new axes in front. dx = the sum of dy over
/// the copies. Throws ValueError for a count below 0.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> tile(const BasicTensor<T>& x, const Shape& counts);
/// PyTorch's repeat: tile for at least as many counts as x has axes; NumPy's is repeat_interleave.
/// Throws ShapeError for fewer.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> repeat(const BasicTensor<T>& x, const Shape& counts);
/// Each position of an axis so many times, one copy beside the other: a b c -> a a b b c c. NumPy's
/// repeat. dx = the sum of dy over the copies. Throws ValueError for count < 0.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> repeat_interleave(const BasicTensor<T>& x, Index count, Index axis);

/// x with the order of positions reversed along the axes. dx = dy flipped. A copy, unlike NumPy's.
/// Throws ValueError for an axis named twice.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> flip(const BasicTensor<T>& x, const Shape& axes);
template <detail::FloatOrLong T, std::integral I>
BasicTensor<T> flip(const BasicTensor<T>& x, I axis) {
  return flip(x, Shape{axis});
}
/// y[(k + shift) mod A] = x[k] along an axis: what leaves at the end comes in at the front. dx = dy
/// rolled back.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> roll(const BasicTensor<T>& x, Index shift, Index axis);

/// y[i,j] = a[i] b[j]; a (M), b (N), y (M, N). Gradients as of a product. Throws ShapeError for
/// other ranks.
template <std::floating_point T>
TENON_API BasicTensor<T> outer(const BasicTensor<T>& a, const BasicTensor<T>& b);

/// The coordinates of a grid: y_0[i,j,...] = x_0[i], y_1[i,j,...] = x_1[j], ...
/// x_k (A_k)   each y_k (A_0, A_1, ...), views that repeat their values. As torch.meshgrid and
/// numpy.meshgrid with indexing="ij"; for "xy" transpose(0, 1) the results. Throws ShapeError for a
/// part that has not one axis, ValueError for none or more than max_rank.
template <class T>
std::vector<BasicTensor<T>> meshgrid(std::initializer_list<BasicTensor<T>> parts) {
  const detail::TensorImpl* impls[max_rank + 1] = {};
  Index count = 0;
  for (const auto& part : parts) {
    if (count <= max_rank) impls[count] = part.impl();
    ++count;
  }
  const Shape grid = detail::meshgrid_shape(impls, count);
  std::vector<BasicTensor<T>> result;
  for (const auto& part : parts) {
    Shape along = Shape::filled(grid.rank(), 1);
    along[static_cast<Index>(result.size())] = part.numel();
    result.push_back(part.reshape(along).expand(grid));
  }
  return result;
}

/// Matrices with 0 above the diagonal: y[..., i, j] = x[..., i, j] where j - i <= diagonal.
/// x (..., M, N). dx = dy there, else 0; what is left out may be NaN. diagonal > 0 lies above the
/// main one. Throws ShapeError for fewer than two axes.
template <std::floating_point T>
TENON_API BasicTensor<T> tril(const BasicTensor<T>& x, Index diagonal = 0);
/// Matrices with 0 below the diagonal: kept where j - i >= diagonal. Otherwise as tril.
template <std::floating_point T>
TENON_API BasicTensor<T> triu(const BasicTensor<T>& x, Index diagonal = 0);

}  // namespace tenon
