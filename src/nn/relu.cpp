#include "tenon/nn/relu.hpp"

#include "tenon/ops/relu.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicReLU<T>::forward(const BasicTensor<T>& x) {
  return tenon::relu(x);
}

template class BasicReLU<float>;
template class BasicReLU<double>;

}  // namespace tenon::nn
