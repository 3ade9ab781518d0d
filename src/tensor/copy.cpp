#include <functional>

#include "base/profile.hpp"
#include "tenon/base/error.hpp"
#include "tensor/checks.hpp"
#include "tensor/packed.hpp"

namespace tenon {
namespace {

using detail::elementwise_dims;
using detail::TensorImpl;

/// Several positions that share one value have no well-defined result of a write.
void check_writable(const char* op, const TensorImpl& x) {
  if (x.shape.numel() == 0) return;
  for (int i = 0; i < x.shape.rank(); ++i) {
    if (x.strides[i] == 0 && x.shape[i] > 1) {
      detail::fail<ValueError>(op, "cannot write to a tensor of shape ", x.shape,
                               " that repeats its values along axis ", i,
                               " (made by expand); hint: write to its clone()");
    }
  }
}

void check_broadcast(const Shape& from, const Shape& to) {
  if (!detail::broadcasts_to(from, to)) {
    detail::fail<ShapeError>("copy_", "values of shape ", from, " do not broadcast to ", to,
                             "; hint: counted from the end, every size must be 1 or that of the "
                             "tensor written to");
  }
}

/// One past the last byte that x reaches.
const char* end_of(const TensorImpl& x, std::size_t item_bytes) {
  Index last = 0;
  for (int i = 0; i < x.shape.rank(); ++i) last += (x.shape[i] - 1) * x.strides[i];
  return static_cast<const char*>(x.data) + static_cast<std::size_t>(last + 1) * item_bytes;
}

/// By address, since two tensors over a caller's memory have no root in common. Neither is empty.
bool may_overlap(const TensorImpl& a, const TensorImpl& b, std::size_t item_bytes) {
  const std::less<const void*> before;
  return before(a.data, end_of(b, item_bytes)) && before(b.data, end_of(a, item_bytes));
}

template <class T>
void write(TensorImpl& to, const TensorImpl& from) {
  const T* source = static_cast<const T*>(from.data);
  T* target = static_cast<T*>(to.data);
  if (!may_overlap(to, from, sizeof(T))) {
    kernels::assign_strided(elementwise_dims<2>(to.shape, {&from, &to}), source, target);
  } else {
    detail::Scratch<T> values(to.shape.numel());
    kernels::copy_strided(elementwise_dims<1>(to.shape, {&from}), source, values.data());
    kernels::scatter_strided(elementwise_dims<1>(to.shape, {&to}), values.data(), target);
  }
}

}  // namespace

template <class T>
void BasicTensor<T>::copy_(const BasicTensor& values) {
  const detail::OpScope scope("copy");
  const TensorImpl& to = detail::defined("copy_", impl_);
  const TensorImpl& from = detail::defined("copy_", values.impl_);
  check_writable("copy_", to);
  check_broadcast(from.shape, to.shape);
  if (to.shape.numel() > 0) write<T>(*impl_, from);
  mark_modified();
}

template <class T>
void BasicTensor<T>::fill_(T value) {
  const detail::OpScope scope("fill");
  const TensorImpl& x = detail::defined("fill_", impl_);
  check_writable("fill_", x);
  const Index n = x.shape.numel();
  if (x.is_contiguous) {
    kernels::fill(n, value, data());
  } else {
    detail::Scratch<T> values(n);
    kernels::fill(n, value, values.data());
    kernels::scatter_strided(elementwise_dims<1>(x.shape, {&x}), values.data(), data());
  }
  mark_modified();
}

template <class T>
BasicTensor<T> BasicTensor<T>::clone() const {
  const detail::OpScope scope("copy");
  const TensorImpl& from = detail::defined("clone", impl_);
  BasicTensor result = detail::packed_copy(*this);
  if (const auto listener = detail::copy_listener()) listener(from, *result.impl_);
  return result;
}

template <class T>
BasicTensor<T> BasicTensor<T>::contiguous() const {
  return is_contiguous() ? *this : clone();
}

template <class T>
template <class U>
BasicTensor<U> BasicTensor<T>::to() const {
  const detail::OpScope scope("to");
  const TensorImpl& from = detail::defined("to", impl_);
  if constexpr (std::is_same_v<T, U>) {
    return detail::packed_copy(*this);
  } else {
    const BasicTensor packed = is_contiguous() ? *this : detail::packed_copy(*this);
    auto result = BasicTensor<U>::empty(from.shape);
    kernels::cast(from.shape.numel(), packed.data(), result.data());
    return result;
  }
}

#define TENON_INSTANTIATE(T)                                                   \
  template void BasicTensor<T>::copy_(const BasicTensor<T>&);                  \
  template void BasicTensor<T>::fill_(T);                                      \
  template BasicTensor<T> BasicTensor<T>::clone() const;                       \
  template BasicTensor<T> BasicTensor<T>::contiguous() const;                  \
  template BasicTensor<float> BasicTensor<T>::to<float>() const;               \
  template BasicTensor<double> BasicTensor<T>::to<double>() const;             \
  template BasicTensor<std::int64_t> BasicTensor<T>::to<std::int64_t>() const; \
  template BasicTensor<std::int32_t> BasicTensor<T>::to<std::int32_t>() const; \
  template BasicTensor<std::uint8_t> BasicTensor<T>::to<std::uint8_t>() const; \
  template BasicTensor<bool> BasicTensor<T>::to<bool>() const;
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon
