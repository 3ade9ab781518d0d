#include "tenon/nn/gelu.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicGELU<T>::forward(const BasicTensor<T>& x) {
  return tenon::gelu(x, options_);
}

template <class T>
std::string BasicGELU<T>::description() const {
  const bool exact = options_.approximate == GeluApproximation::none;
  return this->name() + (exact ? "()" : "(approximate tanh)");
}

template class BasicGELU<float>;
template class BasicGELU<double>;

}  // namespace tenon::nn
