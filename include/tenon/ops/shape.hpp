#pragma once

#include <cstddef>
#include <initializer_list>

#include "tenon/tensor/tensor.hpp"

/// Views as functions, and joining tensors. Views share their values with x, cost a header, and are
/// followed by the tape back to x; BasicTensor's members of the same names say what each does and
/// throws.
namespace tenon {

template <class T>
BasicTensor<T> reshape(const BasicTensor<T>& x, const Shape& shape) {
  return x.reshape(shape);
}
template <class T>
BasicTensor<T> flatten(const BasicTensor<T>& x, Index start = 0, Index end = -1) {
  return x.flatten(start, end);
}
template <class T>
BasicTensor<T> transpose(const BasicTensor<T>& x, Index axis0, Index axis1) {
  return x.transpose(axis0, axis1);
}
template <class T>
BasicTensor<T> permute(const BasicTensor<T>& x, const Shape& order) {
  return x.permute(order);
}
template <class T>
BasicTensor<T> narrow(const BasicTensor<T>& x, Index axis, Index start, Index length) {
  return x.narrow(axis, start, length);
}
template <class T>
BasicTensor<T> slice(const BasicTensor<T>& x, Index axis, const Slice& positions) {
  return x.slice(axis, positions);
}
template <class T>
BasicTensor<T> select(const BasicTensor<T>& x, Index axis, Index position) {
  return x.select(axis, position);
}
template <class T>
BasicTensor<T> index(const BasicTensor<T>& x, std::initializer_list<IndexItem> items) {
  return x.index(items);
}
template <class T>
BasicTensor<T> expand(const BasicTensor<T>& x, const Shape& shape) {
  return x.expand(shape);
}
template <class T>
BasicTensor<T> squeeze(const BasicTensor<T>& x) {
  return x.squeeze();
}
template <class T>
BasicTensor<T> squeeze(const BasicTensor<T>& x, Index axis) {
  return x.squeeze(axis);
}
template <class T>
BasicTensor<T> unsqueeze(const BasicTensor<T>& x, Index axis) {
  return x.unsqueeze(axis);
}

namespace detail {
template <class T>
TENON_API BasicTensor<T> cat(const BasicTensor<T>* parts, Index count, Index axis);
template <class T>
TENON_API BasicTensor<T> stack(const BasicTensor<T>* parts, Index count, Index axis);

/// std::vector, std::array, std::span of tensors.
template <class C>
concept TensorSequence = requires(const C& c) {
  c.data()->shape();
  c.size();
};
}  // namespace detail

/// The parts one behind the other along an existing axis; all other sizes must be equal. Works for
/// every scalar type. Each part's gradient is its piece of dy; nothing is saved.
///
///   cat({a, b}, 1)    a (N, C1), b (N, C2)  ->  (N, C1 + C2)
///
/// Throws ValueError for no part or an undefined one, ShapeError where sizes differ, IndexError for
/// an axis that the parts do not have.
template <class T>
BasicTensor<T> cat(std::initializer_list<BasicTensor<T>> parts, Index axis = 0) {
  return detail::cat(parts.begin(), static_cast<Index>(parts.size()), axis);
}
template <detail::TensorSequence Parts>
auto cat(const Parts& parts, Index axis = 0) {
  return detail::cat(parts.data(), static_cast<Index>(parts.size()), axis);
}

/// The parts, all of one shape, side by side along a new axis, which may lie behind all others.
/// Otherwise as cat. (Under `using namespace std` write tenon::stack.)
template <class T>
BasicTensor<T> stack(std::initializer_list<BasicTensor<T>> parts, Index axis = 0) {
  return detail::stack(parts.begin(), static_cast<Index>(parts.size()), axis);
}
template <detail::TensorSequence Parts>
auto stack(const Parts& parts, Index axis = 0) {
  return detail::stack(parts.data(), static_cast<Index>(parts.size()), axis);
}

}  // namespace tenon
