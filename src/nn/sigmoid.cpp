#include "tenon/nn/sigmoid.hpp"

#include "tenon/ops/sigmoid.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicSigmoid<T>::forward(const BasicTensor<T>& x) {
  return tenon::sigmoid(x);
}

template class BasicSigmoid<float>;
template class BasicSigmoid<double>;

}  // namespace tenon::nn
