#pragma once

#include <initializer_list>
#include <utility>

#include "tenon/base/shape.hpp"
#include "tenon/tensor/impl.hpp"
#include "tenon/tensor/slice.hpp"

namespace tenon {

/// A strided, row-major array of at most max_rank axes.
///
/// The object is a handle of eight bytes: copying it shares the values, clone() copies them. Views
/// (reshape, transpose, slice, ...) share the values too and cost nothing but a header. A view
/// stays connected to what it was made from under a tape; only detach() cuts the connection.
/// A default-constructed tensor is undefined: defined() is false and nothing else may be asked.
template <class T>
class TENON_API BasicTensor {
 public:
  using value_type = T;

  BasicTensor() noexcept = default;
  BasicTensor(const BasicTensor& other) noexcept : impl_(other.impl_) { detail::retain(impl_); }
  BasicTensor(BasicTensor&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
  BasicTensor& operator=(const BasicTensor& other) noexcept {
    BasicTensor(other).swap(*this);
    return *this;
  }
  BasicTensor& operator=(BasicTensor&& other) noexcept {
    BasicTensor(std::move(other)).swap(*this);
    return *this;
  }
  ~BasicTensor() { detail::release(impl_); }

  /// A new tensor whose values are not set.
  static BasicTensor empty(const Shape& shape) {
    return BasicTensor(detail::new_tensor(detail::dtype_of<T>, sizeof(T), shape));
  }
  /// Takes over one reference to impl.
  explicit BasicTensor(detail::TensorImpl* impl) noexcept : impl_(impl) {}

  void swap(BasicTensor& other) noexcept { std::swap(impl_, other.impl_); }

  // --- what it is ---------------------------------------------------------------------------
  bool defined() const noexcept { return impl_ != nullptr; }
  const Shape& shape() const { return impl_->shape; }
  const Shape& strides() const { return impl_->strides; }
  int rank() const { return impl_->shape.rank(); }
  /// Size of one axis; negative ones count from the end. Throws IndexError.
  Index size(Index axis) const { return impl_->shape.at(axis); }
  Index numel() const { return impl_->shape.numel(); }
  static constexpr DType dtype() { return detail::dtype_of<T>; }
  /// Whether the values lie in row-major order without gaps.
  bool is_contiguous() const;
  /// Whether both handles mean the very same tensor (not merely equal values).
  bool is_same(const BasicTensor& other) const { return impl_ == other.impl_; }
  /// Whether both share their storage.
  bool shares_storage(const BasicTensor& other) const { return impl_->root == other.impl_->root; }

  // --- values -------------------------------------------------------------------------------
  /// The first value; the others lie strides() apart. After writing through it while a tape
  /// records, call mark_modified().
  T* data() { return static_cast<T*>(impl_->data); }
  const T* data() const { return static_cast<const T*>(impl_->data); }

  /// Element access, one position an axis: x(2, -1). Throws IndexError.
  template <class... I>
  T& operator()(I... position) {
    const Index i = offset({Dim(position)...});
    return data()[i];
  }
  template <class... I>
  const T& operator()(I... position) const {
    const Index i = offset({Dim(position)...});
    return data()[i];
  }
  /// The value of a tensor with one element. Throws ShapeError.
  T item() const;

  /// Writes every element, broadcasting values to this shape; both may share storage. Throws
  /// ShapeError, and ValueError for a tensor that repeats its values (expand).
  void copy_(const BasicTensor& values);
  void fill_(T value);
  /// Tells the tape that values were changed through data() or element access.
  void mark_modified() { ++impl_->root->version; }

  // --- views: share the values ---------------------------------------------------------------
  /// The same elements in row-major order under another shape; one entry may be -1 (whatever is
  /// left). A view where strides allow it, else a copy. Throws ShapeError.
  BasicTensor reshape(const Shape& shape) const;
  /// Axes start..end (inclusive) made one.
  BasicTensor flatten(Index start = 0, Index end = -1) const;
  /// Swaps two axes.
  BasicTensor transpose(Index axis0, Index axis1) const;
  /// The last two axes swapped: the transpose of a matrix, or of each in a batch.
  BasicTensor t() const { return transpose(-2, -1); }
  /// Axis i of the result is axis order[i] of this.
  BasicTensor permute(const Shape& order) const;
  /// length positions from start on.
  BasicTensor narrow(Index axis, Index start, Index length) const;
  BasicTensor slice(Index axis, const Slice& slice) const;
  /// One position of an axis, which disappears.
  BasicTensor select(Index axis, Index position) const;
  BasicTensor operator[](Index position) const { return select(0, position); }
  /// NumPy's x[1:-1, 0, ::2] is x.index({Slice{1, -1}, 0, Slice{.step = 2}}), and x[..., None, 0]
  /// is x.index({ellipsis, newaxis, 0}). Axes without an entry stay whole. Throws IndexError for
  /// more entries than axes, two ellipses or a position outside, ShapeError for more than max_rank
  /// axes.
  BasicTensor index(std::initializer_list<IndexItem> items) const;
  /// Axes of size 1 repeated to the given shape; new axes in front; -1 keeps a size.
  BasicTensor expand(const Shape& shape) const;
  /// Drops axis, which must have size 1; without an argument every such axis.
  BasicTensor squeeze(Index axis) const;
  BasicTensor squeeze() const;
  /// A new axis of size 1 before position axis (in the result's counting).
  BasicTensor unsqueeze(Index axis) const;
  /// The same values as a constant: no gradient flows back through it.
  BasicTensor detach() const;

  // --- copies ----------------------------------------------------------------------------------
  /// A contiguous copy.
  BasicTensor clone() const;
  /// This tensor if it is contiguous, else a contiguous copy.
  BasicTensor contiguous() const;
  /// The values converted; float to integer truncates. A constant for the tape.
  template <class U>
  BasicTensor<U> to() const;

  /// For the layers above: the header, not owned.
  detail::TensorImpl* impl() const noexcept { return impl_; }
  /// Gives up the reference to the header; this handle is undefined afterwards.
  detail::TensorImpl* take() noexcept { return std::exchange(impl_, nullptr); }

 private:
  Index offset(std::initializer_list<Dim> position) const;
  BasicTensor view(Index offset, const Shape& shape, const Shape& strides) const;

  detail::TensorImpl* impl_ = nullptr;
};

using Tensor = BasicTensor<float>;
using DoubleTensor = BasicTensor<double>;
using LongTensor = BasicTensor<std::int64_t>;
using IntTensor = BasicTensor<std::int32_t>;
using ByteTensor = BasicTensor<std::uint8_t>;
using BoolTensor = BasicTensor<bool>;

/// Whether shapes and all values are equal (NaN is not).
template <class T>
TENON_API bool equal(const BasicTensor<T>& a, const BasicTensor<T>& b);

/// Whether |a - b| <= atol + rtol |b| everywhere; shapes must be equal.
template <class T>
TENON_API bool allclose(const BasicTensor<T>& a, const BasicTensor<T>& b, double rtol = 1e-5,
                        double atol = 1e-8, bool equal_nan = false);

extern template class BasicTensor<float>;
extern template class BasicTensor<double>;
extern template class BasicTensor<std::int64_t>;
extern template class BasicTensor<std::int32_t>;
extern template class BasicTensor<std::uint8_t>;
extern template class BasicTensor<bool>;

}  // namespace tenon
