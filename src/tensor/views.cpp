#include "tenon/base/error.hpp"
#include "tenon/tensor/layout.hpp"
#include "tenon/tensor/tensor.hpp"
#include "tensor/checks.hpp"

// What a view looks like depends on no scalar type, so it is worked out in plain functions and the
// members below stay thin.

namespace tenon {
namespace {

using detail::TensorImpl;

struct Axes {
  Shape shape;
  Shape strides;
};

[[noreturn]] void fail_reshape(const Shape& from, const Shape& to, const char* hint) {
  detail::fail<ShapeError>("reshape", "cannot view ", from.numel(), " elements of shape ", from,
                           " as ", to, "; hint: ", hint);
}

/// to with its -1, if any, replaced by what is left.
Shape resolve_shape(const Shape& from, const Shape& to) {
  Shape result = to;
  int unknown = -1;
  Index known = 1;
  bool too_large = false;
  for (int i = 0; i < to.rank(); ++i) {
    if (to[i] >= 0) {
      too_large |= __builtin_mul_overflow(known, to[i], &known);
    } else if (to[i] != -1) {
      fail_reshape(from, to, "sizes are at least 0, and one may be -1 for whatever is left");
    } else if (unknown >= 0) {
      fail_reshape(from, to, "only one size can be -1; write out the others");
    } else {
      unknown = i;
    }
  }
  if (too_large) fail_reshape(from, to, "the product of the sizes overflows");
  const Index numel = from.numel();
  if (unknown < 0) {
    if (known != numel) fail_reshape(from, to, "the product of the sizes must stay the same");
    return result;
  }
  if (known == 0) fail_reshape(from, to, "next to a size of 0 the -1 could be any size");
  if (numel % known != 0) {
    fail_reshape(from, to, "the number of elements must be a multiple of the other sizes");
  }
  result[unknown] = numel / known;
  return result;
}

Shape flattened_shape(const Shape& shape, Index start, Index end) {
  if (shape.rank() == 0) return {1};
  const int first = shape.axis(start);
  const int last = shape.axis(end);
  if (first > last) {
    detail::fail<ValueError>("flatten", "axis ", start, " comes after axis ", end, " in shape ",
                             shape, "; hint: give the first axis to merge, then the last");
  }
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (i <= first || i > last) {
      result.push_back(shape[i]);
    } else {
      result[first] *= shape[i];
    }
  }
  return result;
}

Axes permuted(const TensorImpl& x, const Shape& order) {
  const int rank = x.shape.rank();
  bool used[max_rank] = {};
  bool is_order = order.rank() == rank;
  Axes result{x.shape, x.strides};
  for (int i = 0; is_order && i < rank; ++i) {
    const int axis = x.shape.axis(order[i]);
    is_order = !used[axis];
    used[axis] = true;
    result.shape[i] = x.shape[axis];
    result.strides[i] = x.strides[axis];
  }
  if (!is_order) {
    detail::fail<ValueError>("permute", order, " is not an order of the ", rank, " axes of shape ",
                             x.shape, "; hint: name every axis exactly once");
  }
  return result;
}

[[noreturn]] void fail_expand(const Shape& from, const Shape& to, const char* hint) {
  detail::fail<ShapeError>("expand", "cannot expand shape ", from, " to ", to, "; hint: ", hint);
}

Axes expanded(const TensorImpl& x, const Shape& shape) {
  const int added = shape.rank() - x.shape.rank();
  if (added < 0) fail_expand(x.shape, shape, "the new shape needs at least as many axes");
  Axes result{shape, Shape::filled(shape.rank(), 0)};
  for (int i = 0; i < shape.rank(); ++i) {
    const bool is_new = i < added;
    if (shape[i] < (is_new ? 0 : -1)) {
      fail_expand(x.shape, shape, "sizes are at least 0, and -1 keeps the size of an old axis");
    }
    if (is_new) continue;
    const Index size = x.shape[i - added];
    if (shape[i] == -1 || shape[i] == size) {
      result.shape[i] = size;
      result.strides[i] = x.strides[i - added];
    } else if (size != 1) {
      fail_expand(x.shape, shape, "only axes of size 1 can be repeated, counted from the end");
    }
  }
  return result;
}

Axes squeezed(const TensorImpl& x) {
  Axes result;
  for (int i = 0; i < x.shape.rank(); ++i) {
    if (x.shape[i] == 1) continue;
    result.shape.push_back(x.shape[i]);
    result.strides.push_back(x.strides[i]);
  }
  return result;
}

Axes squeezed(const TensorImpl& x, Index axis) {
  const int dropped = x.shape.axis(axis);
  if (x.shape[dropped] != 1) {
    detail::fail<ShapeError>("squeeze", "axis ", axis, " of shape ", x.shape, " has size ",
                             x.shape[dropped],
                             ", not 1; hint: select() picks one position of an axis, flatten() "
                             "merges axes");
  }
  Axes result{x.shape, x.strides};
  result.shape.erase(dropped);
  result.strides.erase(dropped);
  return result;
}

Axes unsqueezed(const TensorImpl& x, Index axis) {
  const int rank = x.shape.rank();
  const Index position = axis < 0 ? axis + rank + 1 : axis;
  if (position < 0 || position > rank) {
    detail::fail<IndexError>("unsqueeze", "a new axis of shape ", x.shape, " cannot be axis ", axis,
                             "; hint: it can be 0 to ", rank, ", or -1 (behind all) to ",
                             -rank - 1);
  }
  const int i = static_cast<int>(position);
  Axes result{x.shape, x.strides};
  result.strides.insert(i, i < rank ? x.shape[i] * x.strides[i] : 1);
  result.shape.insert(i, 1);
  return result;
}

}  // namespace

template <class T>
BasicTensor<T> BasicTensor<T>::reshape(const Shape& shape) const {
  const TensorImpl& x = detail::defined("reshape", impl_);
  const Shape to = resolve_shape(x.shape, shape);
  if (x.is_contiguous) return view(0, to, contiguous_strides(to));
  Shape strides;
  if (detail::reshape_strides(x.shape, x.strides, to, strides)) return view(0, to, strides);
  return contiguous().view(0, to, contiguous_strides(to));
}

template <class T>
BasicTensor<T> BasicTensor<T>::flatten(Index start, Index end) const {
  return reshape(flattened_shape(detail::defined("flatten", impl_).shape, start, end));
}

template <class T>
BasicTensor<T> BasicTensor<T>::transpose(Index axis0, Index axis1) const {
  const TensorImpl& x = detail::defined("transpose", impl_);
  const int i = x.shape.axis(axis0);
  const int k = x.shape.axis(axis1);
  Axes to{x.shape, x.strides};
  std::swap(to.shape[i], to.shape[k]);
  std::swap(to.strides[i], to.strides[k]);
  return view(0, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::permute(const Shape& order) const {
  const Axes to = permuted(detail::defined("permute", impl_), order);
  return view(0, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::expand(const Shape& shape) const {
  const Axes to = expanded(detail::defined("expand", impl_), shape);
  return view(0, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::squeeze() const {
  const Axes to = squeezed(detail::defined("squeeze", impl_));
  return view(0, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::squeeze(Index axis) const {
  const Axes to = squeezed(detail::defined("squeeze", impl_), axis);
  return view(0, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::unsqueeze(Index axis) const {
  const Axes to = unsqueezed(detail::defined("unsqueeze", impl_), axis);
  return view(0, to.shape, to.strides);
}

template <class T>
BasicTensor<T> BasicTensor<T>::detach() const {
  const TensorImpl& x = detail::defined("detach", impl_);
  BasicTensor result = view(0, x.shape, x.strides);
  result.impl_->is_detached = true;
  return result;
}

#define TENON_INSTANTIATE(T)                                             \
  template BasicTensor<T> BasicTensor<T>::reshape(const Shape&) const;   \
  template BasicTensor<T> BasicTensor<T>::flatten(Index, Index) const;   \
  template BasicTensor<T> BasicTensor<T>::transpose(Index, Index) const; \
  template BasicTensor<T> BasicTensor<T>::permute(const Shape&) const;   \
  template BasicTensor<T> BasicTensor<T>::expand(const Shape&) const;    \
  template BasicTensor<T> BasicTensor<T>::squeeze() const;               \
  template BasicTensor<T> BasicTensor<T>::squeeze(Index) const;          \
  template BasicTensor<T> BasicTensor<T>::unsqueeze(Index) const;        \
  template BasicTensor<T> BasicTensor<T>::detach() const;
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon
