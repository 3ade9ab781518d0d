#pragma once

#include "tenon/tensor/impl.hpp"

/// Expands X(T) for every scalar type a tensor can hold.
#define TENON_FOR_EACH_SCALAR(X) \
  X(float)                       \
  X(double)                      \
  X(std::int64_t)                \
  X(std::int32_t)                \
  X(std::uint8_t)                \
  X(bool)

namespace tenon::detail {

[[noreturn]] void fail_undefined(const char* op);

/// axis: which one the position belongs to; shape: of the whole tensor.
[[noreturn]] void fail_position(const char* op, Index position, int axis, const Shape& shape);

/// Throws ValueError for a default-constructed tensor.
inline const TensorImpl& defined(const char* op, const TensorImpl* impl) {
  if (impl == nullptr) [[unlikely]]
    fail_undefined(op);
  return *impl;
}

/// Whether a tensor of shape `from` can be repeated to shape `to`.
bool broadcasts_to(const Shape& from, const Shape& to);

/// position counted from the start, once it is known to lie inside that axis. Throws IndexError.
inline Index checked_position(const char* op, Index position, int axis, const Shape& shape) {
  const Index size = shape[axis];
  const Index from_start = position < 0 ? position + size : position;
  if (from_start < 0 || from_start >= size) [[unlikely]]
    fail_position(op, position, axis, shape);
  return from_start;
}

}  // namespace tenon::detail
