#include "tenon/ops/index.hpp"

#include <algorithm>

#include "ops/common.hpp"
#include "ops/index.hpp"
#include "ops/position_text.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

using kernels::IndexDims;

[[noreturn]] void fail_index(const char* op, const LongTensor& index, Index place,
                             const Shape& shape, int axis) {
  const Index value = index.data()[place], length = shape[axis];
  const std::string text = position_text("index", index.shape(), place);
  if (length == 0) {
    fail<IndexError>(op, text, " is ", value, " but axis ", axis, " of shape ", shape,
                     " is empty; hint: an empty axis can only be indexed by an empty index");
  }
  fail<IndexError>(op, text, " is ", value, " but axis ", axis, " of shape ", shape,
                   " has the positions 0 to ", length - 1, ", or ", -length,
                   " to -1 from its end; hint: ",
                   value == length ? "positions count from 0" : "is this the right axis?");
}

IndexDims dims_about(const Shape& shape, int axis, Index count, bool per_element) {
  IndexDims dims{1, shape[axis], 1, count, per_element};
  for (int i = 0; i < axis; ++i) dims.outer *= shape[i];
  for (int i = axis + 1; i < shape.rank(); ++i) dims.inner *= shape[i];
  return dims;
}

/// index: of one axis, inside of x.
template <class T>
BasicTensor<T> select_at(const char* op, const BasicTensor<T>& x, int axis, const LongTensor& index,
                         const Shape& shape) {
  const IndexDims dims = dims_about(x.shape(), axis, index.numel(), false);
  return read_at(op, dims, Saved(index), x, shape);
}

Index count_true(const BoolTensor& mask) {
  return static_cast<Index>(std::count(mask.data(), mask.data() + mask.numel(), true));
}

/// The shape that all lists of positions broadcast to.
Shape common_shape(const char* op, const Shape& x, std::initializer_list<LongTensor> positions) {
  if (positions.size() == 0 || static_cast<Index>(positions.size()) > x.rank()) {
    fail<IndexError>(op, positions.size(), " lists of positions were given for shape ", x,
                     "; hint: one for each of the first axes, at least one");
  }
  Shape shape;
  for (const LongTensor& list : positions) {
    shape = broadcast_shapes(op, shape, defined(op, list.impl()).shape);
  }
  return shape;
}

}  // namespace

LongTensor checked_index(const char* op, const LongTensor& index_any, const Shape& shape,
                         int axis) {
  const LongTensor index = index_any.contiguous();
  const Index n = index.numel(), length = shape[axis];
  const std::int64_t* at = index.data();
  // The highest bit of p, or of what is left behind it, says that p is not in [0, length).
  std::uint64_t bits = 0;
  for (Index i = 0; i < n; ++i) {
    const auto p = static_cast<std::uint64_t>(at[i]);
    bits |= p | (static_cast<std::uint64_t>(length) - 1 - p);
  }
  if (static_cast<std::int64_t>(bits) >= 0) return index;
  for (Index i = 0; i < n; ++i) {
    if (at[i] < -length || at[i] >= length) [[unlikely]]
      fail_index(op, index, i, shape, axis);
  }
  auto from_start = LongTensor::empty(index.shape());
  for (Index i = 0; i < n; ++i) from_start.data()[i] = at[i] < 0 ? at[i] + length : at[i];
  return from_start;
}

void check_index_shape(const char* op, const Shape& x, int axis, const Shape& index) {
  Shape expected = x;
  if (index.rank() == x.rank()) expected[axis] = index[axis];
  if (expected == index) return;
  fail<ShapeError>(op, "x has shape ", x, " and index ", index,
                   ", but they must have the same sizes along all axes but ", axis,
                   "; hint: narrow() x to the index, or expand() the index; index_select() takes "
                   "one list of positions for all");
}

void check_source_shape(const char* op, const TensorImpl* source, const Shape& index) {
  const Shape& shape = defined(op, source).shape;
  if (shape == index) return;
  fail<ShapeError>(op, "source has shape ", shape, " and index ", index,
                   " but they must have one shape; hint: each element of source goes to the "
                   "position that index names at its place");
}

// Reading and adding are linear, and each is the other's transpose.
template <class T>
BasicTensor<T> read_at(const char* op, const IndexDims& dims, const Saved<std::int64_t>& index,
                       const BasicTensor<T>& x_any, const Shape& shape) {
  const OpScope scope(op);
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty(shape);
  kernels::gather(dims, index->data(), x.data(), y.data());
  if constexpr (std::is_floating_point_v<T>) {
    if (Recording recording{op, x}) {
      recording.rule(y, [dims, index](Sweep<T>& sweep) {
        sweep.add(0, add_at("scatter_add", dims, index, zeros<T>(sweep.shape(0)), sweep.dy()));
      });
    }
  }
  return y;
}

template <class T>
BasicTensor<T> add_at(const char* op, const IndexDims& dims, const Saved<std::int64_t>& index,
                      const BasicTensor<T>& start, const BasicTensor<T>& source_any) {
  const OpScope scope(op);
  const auto source = source_any.contiguous();
  auto y = BasicTensor<T>::empty(start.shape());
  y.copy_(start);
  kernels::scatter_add(dims, index->data(), source.data(), y.data());
  if constexpr (std::is_floating_point_v<T>) {
    if (Recording recording{op, start, source}) {
      recording.rule(y, [dims, index, shape = source.shape()](Sweep<T>& sweep) {
        sweep.add(0, sweep.dy());
        if (sweep.needs(1)) sweep.add(1, read_at("gather", dims, index, sweep.dy(), shape));
      });
    }
  }
  return y;
}

LongTensor true_places(const BoolTensor& mask) {
  // Written without a branch, which a random mask would make a guess: one place more than there
  // are.
  const Index count = count_true(mask);
  auto places = LongTensor::empty({count + 1});
  const bool* is_true = mask.data();
  Index next = 0;
  for (Index i = 0; i < mask.numel(); ++i) {
    places.data()[next] = i;
    next += is_true[i];
  }
  return places.narrow(0, 0, count);
}

IndexedRows indexed_rows(const char* op, const Shape& x,
                         std::initializer_list<LongTensor> positions) {
  const Shape lists = common_shape(op, x, positions);
  const int axes = static_cast<int>(positions.size());
  if (lists.rank() + x.rank() - axes > max_rank) {
    fail<ShapeError>(op, "positions of shape ", lists, " in x ", x, " would give more than ",
                     max_rank, " axes; hint: flatten() the positions");
  }
  IndexedRows rows{zeros<std::int64_t>({lists.numel()}), lists, {1, 1, 1, lists.numel(), false}};
  std::int64_t* place = rows.places.data();
  int axis = 0;
  for (const LongTensor& list : positions) {
    const LongTensor at = checked_index(op, list, x, axis).expand(lists).contiguous();
    for (Index k = 0; k < lists.numel(); ++k) place[k] = place[k] * x[axis] + at.data()[k];
    rows.dims.length *= x[axis++];
  }
  for (; axis < x.rank(); ++axis) {
    rows.shape.push_back(x[axis]);
    rows.dims.inner *= x[axis];
  }
  return rows;
}

LongTensor element_places(const char* op, const Shape& x, int axis, const LongTensor& index) {
  check_index_shape(op, x, axis, defined(op, index.impl()).shape);
  const LongTensor at = checked_index(op, index, x, axis);
  const IndexDims dims = dims_about(x, axis, index.shape()[axis], true);
  auto places = LongTensor::empty({at.numel()});
  Index next = 0;
  for (Index o = 0; o < dims.outer; ++o) {
    for (Index k = 0; k < dims.count; ++k) {
      for (Index i = 0; i < dims.inner; ++i, ++next) {
        places.data()[next] = (o * dims.length + at.data()[next]) * dims.inner + i;
      }
    }
  }
  return places;
}

IndexDims elements_of(const Shape& x, const LongTensor& places) {
  return {1, x.numel(), 1, places.numel(), false};
}

}  // namespace detail

template <detail::FloatOrLong T>
BasicTensor<T> index_select(const BasicTensor<T>& x, Index axis_any, const LongTensor& index) {
  Shape shape = detail::defined("index_select", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  if (detail::defined("index_select", index.impl()).shape.rank() != 1) {
    detail::fail<ShapeError>("index_select", "index must have shape (K) but has ", index.shape(),
                             "; hint: take() allows positions of any shape");
  }
  const LongTensor checked = detail::checked_index("index_select", index, shape, axis);
  shape[axis] = index.numel();
  return detail::select_at("index_select", x, axis, checked, shape);
}

template <detail::FloatOrLong T>
BasicTensor<T> take(const BasicTensor<T>& x, const LongTensor& positions, Index axis_any) {
  Shape shape = detail::defined("take", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  const Shape& taken = detail::defined("take", positions.impl()).shape;
  const LongTensor checked = detail::checked_index("take", positions, shape, axis);
  if (shape.rank() - 1 + taken.rank() > max_rank) {
    detail::fail<ShapeError>("take", "the result of positions ", taken, " in x ", shape,
                             " would have more than ", max_rank,
                             " axes; hint: flatten() the positions");
  }
  shape.erase(axis);
  for (int i = 0; i < taken.rank(); ++i) shape.insert(axis + i, taken[i]);
  return detail::select_at("take", x, axis, checked, shape);
}

template <detail::FloatOrLong T>
BasicTensor<T> index(const BasicTensor<T>& x, std::initializer_list<LongTensor> positions) {
  const Shape& shape = detail::defined("index", x.impl()).shape;
  const auto rows = detail::indexed_rows("index", shape, positions);
  return detail::read_at("index", rows.dims, detail::Saved(rows.places), x, rows.shape);
}

template <detail::FloatOrLong T>
BasicTensor<T> gather(const BasicTensor<T>& x, Index axis_any, const LongTensor& index) {
  const Shape& shape = detail::defined("gather", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  detail::check_index_shape("gather", shape, axis, detail::defined("gather", index.impl()).shape);
  const LongTensor checked = detail::checked_index("gather", index, shape, axis);
  const auto dims = detail::dims_about(shape, axis, index.shape()[axis], true);
  return detail::read_at("gather", dims, detail::Saved(checked), x, index.shape());
}

template <detail::FloatOrLong T>
BasicTensor<T> scatter_add(const BasicTensor<T>& x, Index axis_any, const LongTensor& index,
                           const BasicTensor<T>& source) {
  const Shape& shape = detail::defined("scatter_add", x.impl()).shape;
  const int axis = shape.axis(axis_any);
  const Shape& at = detail::defined("scatter_add", index.impl()).shape;
  detail::check_index_shape("scatter_add", shape, axis, at);
  detail::check_source_shape("scatter_add", source.impl(), at);
  const LongTensor checked = detail::checked_index("scatter_add", index, shape, axis);
  const auto dims = detail::dims_about(shape, axis, at[axis], true);
  return detail::add_at("scatter_add", dims, detail::Saved(checked), x, source);
}

template <detail::FloatOrLong T>
BasicTensor<T> masked_select(const BasicTensor<T>& x, const BoolTensor& mask) {
  const Shape& a = detail::defined("masked_select", x.impl()).shape;
  const Shape& b = detail::defined("masked_select", mask.impl()).shape;
  const Shape shape = a == b ? a : broadcast_shapes("masked_select", a, b);
  const LongTensor places = detail::true_places(mask.expand(shape).contiguous());
  return detail::read_at("masked_select", detail::elements_of(shape, places), detail::Saved(places),
                         x.expand(shape), places.shape());
}

LongTensor nonzero(const BoolTensor& mask) {
  const detail::OpScope scope("nonzero");
  const Shape& shape = detail::defined("nonzero", mask.impl()).shape;
  const LongTensor places = detail::true_places(mask.contiguous());
  const Index rank = shape.rank();
  auto y = LongTensor::empty({places.numel(), rank});
  for (Index k = 0; k < places.numel(); ++k) {
    Index rest = places.data()[k];
    for (Index i = rank - 1; i >= 0; --i) {
      y.data()[k * rank + i] = rest % shape[i];
      rest /= shape[i];
    }
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                                       \
  template BasicTensor<T> detail::add_at(const char*, const kernels::IndexDims&,                   \
                                         const detail::Saved<std::int64_t>&,                       \
                                         const BasicTensor<T>&, const BasicTensor<T>&);            \
  template TENON_API BasicTensor<T> index_select(const BasicTensor<T>&, Index, const LongTensor&); \
  template TENON_API BasicTensor<T> take(const BasicTensor<T>&, const LongTensor&, Index);         \
  template TENON_API BasicTensor<T> index(const BasicTensor<T>&,                                   \
                                          std::initializer_list<LongTensor>);                      \
  template TENON_API BasicTensor<T> gather(const BasicTensor<T>&, Index, const LongTensor&);       \
  template TENON_API BasicTensor<T> scatter_add(const BasicTensor<T>&, Index, const LongTensor&,   \
                                                const BasicTensor<T>&);                            \
  template TENON_API BasicTensor<T> masked_select(const BasicTensor<T>&, const BoolTensor&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
TENON_INSTANTIATE(std::int64_t)
#undef TENON_INSTANTIATE

}  // namespace tenon
