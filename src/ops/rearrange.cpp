#include "tenon/ops/rearrange.hpp"

#include <algorithm>

#include "ops/common.hpp"
#include "ops/reduce_axes.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/copy.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/index.hpp"

namespace tenon {
namespace detail {

const Shape& defined_shape(const char* op, const TensorImpl* impl) {
  return defined(op, impl).shape;
}

Index checked_split_size(Index size) {
  if (size < 1) {
    fail<ValueError>("split", "parts must have at least 1 position but the size is ", size,
                     "; hint: chunk(x, n) makes n parts");
  }
  return size;
}

void check_split(const Shape& shape, int axis, const Dim* sizes, Index count) {
  Index total = 0;
  for (Index i = 0; i < count; ++i) {
    if (sizes[i].value < 0) {
      fail<ValueError>("split", "size ", i, " is ", sizes[i].value, "; hint: sizes are at least 0");
    }
    total += sizes[i].value;
  }
  if (total == shape[axis]) return;
  fail<ValueError>("split", "the sizes add up to ", total, " but axis ", axis, " of shape ", shape,
                   " has ", shape[axis], " positions; hint: name the size of every part");
}

Index chunk_size(Index length, Index chunks) {
  if (chunks < 1) {
    fail<ValueError>("chunk", "there must be at least 1 part but ", chunks,
                     " were asked for; hint: split(x, size) cuts parts of a size");
  }
  return std::max<Index>(1, length / chunks + (length % chunks != 0));
}

Shape meshgrid_shape(const TensorImpl* const* parts, Index count) {
  if (count < 1 || count > max_rank) {
    fail<ValueError>("meshgrid", "a grid has 1 to ", max_rank, " axes but ", count,
                     " were given; hint: give a tensor for each axis");
  }
  Shape grid;
  for (Index i = 0; i < count; ++i) {
    const Shape& shape = defined("meshgrid", parts[i]).shape;
    if (shape.rank() != 1) {
      fail<ShapeError>("meshgrid", "part ", i, " must have one axis but has shape ", shape,
                       "; hint: flatten() it");
    }
    grid.push_back(shape[0]);
  }
  return grid;
}

namespace {

void check_count(const char* op, Index count) {
  if (count >= 0) return;
  fail<ValueError>(op, "a tensor cannot be repeated ", count,
                   " times; hint: counts are at least 0");
}

template <class T>
BasicTensor<T> tile(const char* op, BasicTensor<T> x, const Shape& counts) {
  for (const Index count : counts) check_count(op, count);
  while (x.rank() < counts.rank()) x = x.unsqueeze(0);
  for (int i = 1; i <= counts.rank(); ++i) {
    const int axis = x.rank() - i;
    const Index count = counts.at(-i);
    if (count == 1) continue;
    // What lies along and behind the axis repeats as a whole.
    Index outer = 1;
    for (int k = 0; k < axis; ++k) outer *= x.shape()[k];
    Shape shape = x.shape();
    shape[axis] *= count;
    const Index size = outer == 0 ? 0 : x.numel() / outer;
    x = x.reshape({outer, 1, size}).expand({outer, count, size}).reshape(shape);
  }
  return x;
}

/// y[..., k, ...] = x[..., n - 1 - k, ...] along the axes: its own transpose.
template <class T>
BasicTensor<T> reversed(const BasicTensor<T>& x, AxisSet axes) {
  const OpScope scope("flip");
  const Shape& shape = x.shape();
  auto y = BasicTensor<T>::empty(shape);
  kernels::ElementwiseDims<1> dims{shape.numel(), shape.rank(), {}, {}};
  Index last = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    const bool flips = contains(axes, i);
    dims.sizes[i] = shape[i];
    dims.strides[0][i] = flips ? -x.strides()[i] : x.strides()[i];
    if (flips) last += (shape[i] - 1) * x.strides()[i];
  }
  if (dims.numel > 0) kernels::copy_strided(dims, x.data() + last, y.data());
  if constexpr (std::is_floating_point_v<T>) {
    if (Recording recording{"flip", x}) {
      recording.rule(y, [axes](Sweep<T>& sweep) { sweep.add(0, reversed(sweep.dy(), axes)); });
    }
  }
  return y;
}

/// y[..., (k + shift) mod n, ...] = x[..., k, ...] for 0 <= shift < n; its transpose rolls back.
template <class T>
BasicTensor<T> rolled(const BasicTensor<T>& x, Index shift, int axis) {
  const OpScope scope("roll");
  const Index n = x.shape()[axis], rest = n - shift;
  auto y = BasicTensor<T>::empty(x.shape());
  y.narrow(axis, shift, rest).copy_(x.narrow(axis, 0, rest));
  y.narrow(axis, 0, shift).copy_(x.narrow(axis, rest, shift));
  if constexpr (std::is_floating_point_v<T>) {
    if (Recording recording{"roll", x}) {
      recording.rule(
          y, [rest, axis](Sweep<T>& sweep) { sweep.add(0, rolled(sweep.dy(), rest, axis)); });
    }
  }
  return y;
}

template <class T>
BasicTensor<T> triangle(const char* op, const BasicTensor<T>& x, Index diagonal, bool lower) {
  const Shape& shape = defined(op, x.impl()).shape;
  if (shape.rank() < 2) {
    fail<ShapeError>(op, "x must have shape (..., M, N) but has ", shape,
                     "; hint: unsqueeze() makes a matrix of a vector");
  }
  const Index m = shape.at(-2), n = shape.at(-1);
  diagonal = std::clamp(diagonal, -m, n);
  auto keep = BoolTensor::empty({m, n});
  for (Index i = 0; i < m; ++i) {
    bool* row = keep.data() + i * n;
    const Index border = std::clamp<Index>(i + diagonal + (lower ? 1 : 0), 0, n);
    std::fill_n(row, border, lower);
    std::fill_n(row + border, n - border, !lower);
  }
  return where(keep, x, 0);
}

}  // namespace
}  // namespace detail

template <detail::FloatOrLong T>
BasicTensor<T> tile(const BasicTensor<T>& x, const Shape& counts) {
  detail::defined("tile", x.impl());
  return detail::tile("tile", x, counts);
}

template <detail::FloatOrLong T>
BasicTensor<T> repeat(const BasicTensor<T>& x, const Shape& counts) {
  const Shape& shape = detail::defined("repeat", x.impl()).shape;
  if (counts.rank() < shape.rank()) {
    detail::fail<ShapeError>("repeat", "x has shape ", shape, " but there are only the counts ",
                             counts, "; hint: a count for each axis; tile() fills up with 1");
  }
  return detail::tile("repeat", x, counts);
}

template <detail::FloatOrLong T>
BasicTensor<T> repeat_interleave(const BasicTensor<T>& x, Index count, Index axis_any) {
  const Shape& shape = detail::defined("repeat_interleave", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  detail::check_count("repeat_interleave", count);
  auto index = LongTensor::empty({shape[axis] * count});
  for (Index k = 0; k < index.numel(); ++k) index.data()[k] = k / count;
  return index_select(x, axis, index);
}

template <detail::FloatOrLong T>
BasicTensor<T> flip(const BasicTensor<T>& x, const Shape& axes) {
  const Shape& shape = detail::defined("flip", x.impl()).shape;
  return detail::reversed(x, axes.empty() ? 0 : detail::axis_set("flip", shape, axes));
}

template <detail::FloatOrLong T>
BasicTensor<T> roll(const BasicTensor<T>& x, Index shift, Index axis_any) {
  const Shape& shape = detail::defined("roll", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  const Index n = shape[axis];
  return detail::rolled(x, n == 0 ? 0 : (shift % n + n) % n, axis);
}

template <std::floating_point T>
BasicTensor<T> outer(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const Shape& p = detail::defined("outer", a.impl()).shape;
  const Shape& q = detail::defined("outer", b.impl()).shape;
  if (p.rank() != 1 || q.rank() != 1) {
    detail::fail<ShapeError>("outer", "a and b must have one axis each but have shapes ", p,
                             " and ", q, "; hint: flatten() them; einsum() says other products");
  }
  return a.unsqueeze(1) * b.unsqueeze(0);
}

template <std::floating_point T>
BasicTensor<T> tril(const BasicTensor<T>& x, Index diagonal) {
  return detail::triangle("tril", x, diagonal, true);
}

template <std::floating_point T>
BasicTensor<T> triu(const BasicTensor<T>& x, Index diagonal) {
  return detail::triangle("triu", x, diagonal, false);
}

#define TENON_INSTANTIATE(T)                                                                \
  template TENON_API BasicTensor<T> tile(const BasicTensor<T>&, const Shape&);              \
  template TENON_API BasicTensor<T> repeat(const BasicTensor<T>&, const Shape&);            \
  template TENON_API BasicTensor<T> repeat_interleave(const BasicTensor<T>&, Index, Index); \
  template TENON_API BasicTensor<T> flip(const BasicTensor<T>&, const Shape&);              \
  template TENON_API BasicTensor<T> roll(const BasicTensor<T>&, Index, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
#undef TENON_INSTANTIATE

#define TENON_INSTANTIATE(T)                                                             \
  template TENON_API BasicTensor<T> outer(const BasicTensor<T>&, const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> tril(const BasicTensor<T>&, Index);                  \
  template TENON_API BasicTensor<T> triu(const BasicTensor<T>&, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
