#include "tenon/nn/softmax.hpp"

#include "tenon/ops/softmax.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicSoftmax<T>::forward(const BasicTensor<T>& x) {
  return tenon::softmax(x, axis_);
}

template <class T>
std::string BasicSoftmax<T>::description() const {
  return this->name() + "(" + std::to_string(axis_) + ")";
}

template class BasicSoftmax<float>;
template class BasicSoftmax<double>;

}  // namespace tenon::nn
