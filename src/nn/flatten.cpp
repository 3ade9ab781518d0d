#include "tenon/nn/flatten.hpp"

namespace tenon::nn {

template <class T>
BasicTensor<T> BasicFlatten<T>::forward(const BasicTensor<T>& x) {
  return x.flatten(start_, end_);
}

template <class T>
std::string BasicFlatten<T>::description() const {
  if (start_ == 1 && end_ == -1) return this->name() + "()";
  return this->name() + "(" + std::to_string(start_) + ", " + std::to_string(end_) + ")";
}

template class BasicFlatten<float>;
template class BasicFlatten<double>;

}  // namespace tenon::nn
