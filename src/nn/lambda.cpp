#include "tenon/nn/lambda.hpp"

#include "tenon/base/error.hpp"

namespace tenon::nn {

template <class T>
BasicLambda<T>::BasicLambda(const BasicLambda& other)
    : BasicModule<T>(other),
      function_(other.function_ != nullptr ? other.function_->clone() : nullptr),
      name_(other.name_) {}

template <class T>
BasicLambda<T>& BasicLambda<T>::operator=(const BasicLambda& other) {
  return *this = BasicLambda(other);
}

template <class T>
BasicTensor<T> BasicLambda<T>::forward(const BasicTensor<T>& x) {
  if (function_ == nullptr) {
    detail::fail<ValueError>("Lambda", "this layer was moved from and has no function any more");
  }
  return function_->call(x);
}

template class BasicLambda<float>;
template class BasicLambda<double>;

}  // namespace tenon::nn
