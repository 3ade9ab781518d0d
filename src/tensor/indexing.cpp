#include <algorithm>

#include "tenon/base/error.hpp"
#include "tenon/tensor/tensor.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace {

using detail::TensorImpl;

/// Where a view begins and how it walks on.
struct Window {
  Index offset = 0;
  Shape shape;
  Shape strides;
};

Index clip(Index position, Index size) {
  if (position < 0) position += size;
  return std::clamp<Index>(position, 0, size);
}

/// Restricts axis `axis` of the window, whose size and stride are still those of the tensor.
void apply_slice(const char* op, Window& window, int axis, const Slice& slice) {
  if (slice.step < 1) {
    detail::fail<ValueError>(op, "the step of a slice must be at least 1 but ", slice.step,
                             " was given; hint: slices only walk forward");
  }
  const Index size = window.shape[axis];
  const Index start = clip(slice.start, size);
  const Index stop = clip(slice.stop, size);
  const Index count = start < stop ? (stop - start - 1) / slice.step + 1 : 0;
  window.offset += start * window.strides[axis];
  window.shape[axis] = count;
  // With one position or none the step means nothing, but its product could overflow.
  if (count > 1) window.strides[axis] *= slice.step;
}

Window narrowed(const TensorImpl& x, Index axis, Index start, Index length) {
  const int i = x.shape.axis(axis);
  const Index size = x.shape[i];
  const Index first = start < 0 ? start + size : start;
  if (first < 0 || first > size || length < 0 || length > size - first) {
    detail::fail<IndexError>("narrow", "start ", start, " and length ", length,
                             " reach outside axis ", axis, " of shape ", x.shape,
                             "; hint: start + length can be at most ", size,
                             "; slice() clips to the axis");
  }
  Window result{first * x.strides[i], x.shape, x.strides};
  result.shape[i] = length;
  return result;
}

Window selected(const char* op, const TensorImpl& x, Index axis, Index position) {
  const int i = x.shape.axis(axis);
  Window result{detail::checked_position(op, position, i, x.shape) * x.strides[i], x.shape,
                x.strides};
  result.shape.erase(i);
  result.strides.erase(i);
  return result;
}

/// How many axes the ellipsis stands for. Throws IndexError.
int axes_left_over(const TensorImpl& x, std::initializer_list<IndexItem> items) {
  int named = 0, ellipses = 0;
  for (const IndexItem& item : items) {
    ellipses += item.kind == IndexItem::Kind::rest;
    named += item.kind == IndexItem::Kind::position || item.kind == IndexItem::Kind::slice;
  }
  if (named > x.shape.rank()) {
    detail::fail<IndexError>("index", named, " axes were indexed in shape ", x.shape,
                             "; hint: at most one entry an axis, besides ellipsis and newaxis");
  }
  if (ellipses > 1) {
    detail::fail<IndexError>("index", "ellipsis was given ", ellipses, " times for shape ", x.shape,
                             "; hint: with two of them it is not known which axes each one means; "
                             "write all for single axes");
  }
  return x.shape.rank() - named;
}

void check_rank(const TensorImpl& x, int left, std::initializer_list<IndexItem> items) {
  int rank = left;
  for (const IndexItem& item : items) {
    rank += item.kind == IndexItem::Kind::slice || item.kind == IndexItem::Kind::new_axis;
  }
  if (rank <= max_rank) return;
  detail::fail<ShapeError>("index", "the result of shape ", x.shape, " would have ", rank,
                           " axes, more than ", max_rank, "; hint: fewer entries newaxis");
}

void append(Window& window, Index size, Index stride) {
  window.shape.push_back(size);
  window.strides.push_back(stride);
}

Window indexed(const TensorImpl& x, std::initializer_list<IndexItem> items) {
  int left = axes_left_over(x, items);
  check_rank(x, left, items);
  Window result;
  int axis = 0;  // of x
  const auto keep_left_over = [&] {
    for (; left > 0; --left, ++axis) append(result, x.shape[axis], x.strides[axis]);
  };
  for (const IndexItem& item : items) {
    switch (item.kind) {
      case IndexItem::Kind::position:
        result.offset +=
            detail::checked_position("index", item.slice.start, axis, x.shape) * x.strides[axis];
        ++axis;
        break;
      case IndexItem::Kind::slice:
        append(result, x.shape[axis], x.strides[axis]);
        apply_slice("index", result, result.shape.rank() - 1, item.slice);
        ++axis;
        break;
      case IndexItem::Kind::rest:
        keep_left_over();
        break;
      case IndexItem::Kind::new_axis:
        append(result, 1, 1);
        break;
    }
  }
  keep_left_over();
  return result;
}

}  // namespace

template <class T>
BasicTensor<T> BasicTensor<T>::narrow(Index axis, Index start, Index length) const {
  const Window to = narrowed(detail::defined("narrow", impl_), axis, start, length);
  return view(to.offset, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::slice(Index axis, const Slice& slice) const {
  const TensorImpl& x = detail::defined("slice", impl_);
  Window to{0, x.shape, x.strides};
  apply_slice("slice", to, x.shape.axis(axis), slice);
  return view(to.offset, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::select(Index axis, Index position) const {
  const Window to = selected("select", detail::defined("select", impl_), axis, position);
  return view(to.offset, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::index(std::initializer_list<IndexItem> items) const {
  const Window to = indexed(detail::defined("index", impl_), items);
  return view(to.offset, to.shape, to.strides);
}

#define TENON_INSTANTIATE(T)                                                 \
  template BasicTensor<T> BasicTensor<T>::narrow(Index, Index, Index) const; \
  template BasicTensor<T> BasicTensor<T>::slice(Index, const Slice&) const;  \
  template BasicTensor<T> BasicTensor<T>::select(Index, Index) const;        \
  template BasicTensor<T> BasicTensor<T>::index(std::initializer_list<IndexItem>) const;
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon
