#include "tenon/nn/buffer.hpp"

#include "tenon/base/error.hpp"

namespace tenon::nn {
namespace {

/// A constant for every tape.
template <class T>
BasicTensor<T> copy_of(const BasicTensor<T>& values) {
  if (!values.defined()) return {};
  auto copy = BasicTensor<T>::empty(values.shape());
  copy.copy_(values);
  return copy;
}

}  // namespace

template <class T>
BasicBuffer<T>::BasicBuffer(const BasicTensor<T>& values) : BasicTensor<T>(copy_of(values)) {}

template <class T>
BasicBuffer<T>::BasicBuffer(const BasicBuffer& other) : BasicTensor<T>(copy_of<T>(other)) {}

template <class T>
BasicBuffer<T>& BasicBuffer<T>::operator=(const BasicTensor<T>& values) {
  if (!this->defined()) {
    BasicTensor<T>::operator=(copy_of(values));
    return *this;
  }
  if (!values.defined()) {
    detail::fail<ValueError>("buffer", "an undefined tensor is assigned to a buffer of shape ",
                             this->shape(),
                             "; hint: was the layer that it comes from moved from, or made with "
                             "other options?");
  }
  if (!(values.shape() == this->shape())) {
    detail::fail<ShapeError>("buffer",
                             "assigning writes the values in place, so a buffer of shape ",
                             this->shape(), " cannot take values of shape ", values.shape(),
                             "; hint: reshape the values, or move another buffer in: b = "
                             "nn::Buffer(values)");
  }
  this->copy_(values);
  return *this;
}

template class BasicBuffer<float>;
template class BasicBuffer<double>;
template class BasicBuffer<std::int64_t>;

}  // namespace tenon::nn
