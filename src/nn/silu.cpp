#include "tenon/nn/silu.hpp"

#include "tenon/ops/silu.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicSiLU<T>::forward(const BasicTensor<T>& x) {
  return tenon::silu(x);
}

template class BasicSiLU<float>;
template class BasicSiLU<double>;

}  // namespace tenon::nn
