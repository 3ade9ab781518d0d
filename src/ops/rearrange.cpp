#include "tenon/ops/rearrange.hpp"

#include <algorithm>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
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

/// Position k of the result's axis, of so many, is position source(k) of x's.
template <class T, class F>
BasicTensor<T> rearranged(const BasicTensor<T>& x, int axis, Index count, const F& source) {
  auto index = LongTensor::empty({count});
  for (Index k = 0; k < count; ++k) index.data()[k] = source(k);
  return index_select(x, axis, index);
}

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
    const Index n = x.shape()[axis], count = counts.at(-i);
    if (count != 1) x = rearranged(x, axis, n * count, [n](Index k) { return k % n; });
  }
  return x;
}

template <class T>
BasicTensor<T> triangle(const char* op, const BasicTensor<T>& x, Index diagonal, bool lower) {
  const Shape& shape = defined(op, x.impl()).shape;
  if (shape.rank() < 2) {
    fail<ShapeError>(op, "x must have shape (..., M, N) but has ", shape,
                     "; hint: unsqueeze() makes a matrix of a vector");
  }
  const Index m = shape.at(-2), n = shape.at(-1);
  auto keep = BoolTensor::empty({m, n});
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      keep.data()[i * n + j] = lower ? j - i <= diagonal : j - i >= diagonal;
    }
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
  return detail::rearranged(x, axis, shape[axis] * count, [count](Index k) { return k / count; });
}

template <detail::FloatOrLong T>
BasicTensor<T> flip(const BasicTensor<T>& x, const Shape& axes) {
  const Shape& shape = detail::defined("flip", x.impl()).shape;
  bool flipped[max_rank] = {};
  BasicTensor<T> y = x;
  for (const Index any : axes) {
    const int axis = shape.axis(any);
    if (flipped[axis]) {
      detail::fail<ValueError>("flip", "axis ", axis, " appears twice in the axes ", axes,
                               " of shape ", shape, "; hint: name every axis once");
    }
    flipped[axis] = true;
    const Index n = shape[axis];
    y = detail::rearranged(y, axis, n, [n](Index k) { return n - 1 - k; });
  }
  return y;
}

template <detail::FloatOrLong T>
BasicTensor<T> roll(const BasicTensor<T>& x, Index shift, Index axis_any) {
  const Shape& shape = detail::defined("roll", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  const Index n = shape[axis];
  const Index back = n == 0 ? 0 : n - (shift % n + n) % n;
  return detail::rearranged(x, axis, n, [n, back](Index k) { return (k + back) % n; });
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
