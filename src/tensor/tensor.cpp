#include "tenon/tensor/tensor.hpp"

#include "tenon/base/error.hpp"
#include "tenon/tensor/layout.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace {

[[noreturn]] void fail_position_count(Index count, const Shape& shape) {
  detail::fail<IndexError>("tensor", "an element of shape ", shape, " needs ", shape.rank(),
                           " positions but ", count,
                           " were given; hint: one position an axis; x[i] and x.index(...) take "
                           "fewer and give a tensor");
}

Index element_offset(const detail::TensorImpl& x, std::initializer_list<Dim> position) {
  if (static_cast<int>(position.size()) != x.shape.rank()) [[unlikely]] {
    fail_position_count(static_cast<Index>(position.size()), x.shape);
  }
  Index offset = 0;
  int axis = 0;
  for (const Dim& p : position) {
    offset += detail::checked_position("tensor", p.value, axis, x.shape) * x.strides[axis];
    ++axis;
  }
  return offset;
}

}  // namespace

template <class T>
bool BasicTensor<T>::is_contiguous() const {
  const detail::TensorImpl& x = detail::defined("is_contiguous", impl_);
  return x.is_contiguous;
}

template <class T>
T BasicTensor<T>::item() const {
  const detail::TensorImpl& x = detail::defined("item", impl_);
  if (x.shape.numel() != 1) {
    detail::fail<ShapeError>("item", "a tensor of shape ", x.shape, " has ", x.shape.numel(),
                             " elements, not one; hint: reduce it first (sum, mean) or name one "
                             "element, as in x(0, 0)");
  }
  return *data();
}

template <class T>
Index BasicTensor<T>::offset(std::initializer_list<Dim> position) const {
  return element_offset(detail::defined("tensor", impl_), position);
}

template <class T>
BasicTensor<T> BasicTensor<T>::view(Index offset, const Shape& shape, const Shape& strides) const {
  T* first = static_cast<T*>(impl_->data) + offset;
  return BasicTensor(detail::new_view(impl_, first, shape, strides));
}

#define TENON_INSTANTIATE(T) template class BasicTensor<T>;
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon
