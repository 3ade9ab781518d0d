#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon {

/// The scalar types that a tensor can hold. float and double compute; the others are data: labels,
/// token ids, masks, pixels.
enum class DType : std::uint8_t { float32, float64, int64, int32, uint8, boolean };

/// "float32", "int64", ... (NumPy's names; bool for boolean).
TENON_API const char* to_string(DType dtype);

namespace detail {

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::float32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::float64;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::int64;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::int32;
};
template <>
struct DTypeOf<std::uint8_t> {
  static constexpr DType value = DType::uint8;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::boolean;
};
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

/// What a tensor handle points to. A tensor that owns its values is one pool block: this header,
/// then the data. A view is a header only; it keeps the tensor it was made from alive (parent), so
/// that the tape can follow it back to a tracked one.
struct alignas(64) TensorImpl {
  std::atomic<std::uint32_t> references{1};
  DType dtype{};
  bool is_leaf = false;      ///< a parameter: gradients are wanted for it under every tape
  bool is_recorded = false;  ///< made or watched under a tape; without a slot it is stale
  bool is_detached = false;  ///< the tape does not look through to the parent
  bool is_contiguous = true;
  std::uint64_t id = 0;  ///< unique over the life of the process; the tape's key
  TensorImpl* parent = nullptr;
  TensorImpl* root = this;  ///< the end of the chain of parents
  void* data = nullptr;
  std::size_t block_bytes = 0;
  std::uint32_t version = 0;  ///< of a root: counts writes in place
  Shape shape;
  Shape strides;
};

/// A new header followed by room for numel values, one reference held; shape contiguous.
TENON_API TensorImpl* new_tensor(DType dtype, std::size_t item_bytes, const Shape& shape);

/// A new header over memory that somebody else owns; shape contiguous.
TENON_API TensorImpl* new_borrowed(DType dtype, std::size_t item_bytes, void* data,
                                   const Shape& shape);

/// A new header that shares parent's storage from data on and holds one reference to parent.
TENON_API TensorImpl* new_view(TensorImpl* parent, void* data, const Shape& shape,
                               const Shape& strides);

/// Frees a header nobody refers to, and every parent that only it kept alive.
TENON_API void destroy(TensorImpl* impl) noexcept;

inline void retain(TensorImpl* impl) noexcept {
  if (impl != nullptr) impl->references.fetch_add(1, std::memory_order_relaxed);
}

inline void release(TensorImpl* impl) noexcept {
  if (impl == nullptr) return;
  // The sole owner needs no atomic subtraction: nobody else is left who could add a reference.
  if (impl->references.load(std::memory_order_acquire) == 1 ||
      impl->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    destroy(impl);
  }
}

/// Told of every copy of values that a member function makes of its tensor (clone, contiguous,
/// reshape where it must copy; not to, whose result is a constant), so that the tape, which stands
/// above this layer, can keep copies connected. Null while nothing is recorded.
using CopyListener = void (*)(const TensorImpl& from, TensorImpl& to);
TENON_API void set_copy_listener(CopyListener listener) noexcept;  // of the calling thread
TENON_API CopyListener copy_listener() noexcept;

}  // namespace detail
}  // namespace tenon
