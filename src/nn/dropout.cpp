#include "tenon/nn/dropout.hpp"

#include "tenon/base/error.hpp"
#include "tenon/ops/dropout.hpp"

namespace tenon::nn {

template <class T>
BasicDropout<T>::BasicDropout(double p) : p_(p) {
  if (!(p >= 0 && p <= 1)) {
    detail::fail<ValueError>("Dropout", "the probability p must lie in [0, 1], not ", p,
                             "; hint: p is the fraction of elements to drop, 0.2 for a fifth");
  }
}

template <class T>
BasicTensor<T> BasicDropout<T>::forward(const BasicTensor<T>& x) {
  return tenon::dropout(x, p_, this->is_training());
}

template <class T>
std::string BasicDropout<T>::description() const {
  return this->name() + "(" + detail::to_text(p_) + ")";
}

template class BasicDropout<float>;
template class BasicDropout<double>;

}  // namespace tenon::nn
