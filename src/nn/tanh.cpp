#include "tenon/nn/tanh.hpp"

#include "tenon/ops/tanh.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicTanh<T>::forward(const BasicTensor<T>& x) {
  return tenon::tanh(x);
}

template class BasicTanh<float>;
template class BasicTanh<double>;

}  // namespace tenon::nn
