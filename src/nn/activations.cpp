#include "tenon/nn/activations.hpp"

#include "tenon/base/error.hpp"
#include "tenon/ops/activations.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

/// "ELU(0.5)"
template <class... Numbers>
std::string described(const std::string& name, Numbers... numbers) {
  std::string text;
  ((text += (text.empty() ? "" : ", ") + detail::to_text(numbers)), ...);
  return name + "(" + text + ")";
}

}  // namespace

template <class T>
BasicTensor<T> BasicLeakyReLU<T>::forward(const BasicTensor<T>& x) {
  return leaky_relu(x, negative_slope_);
}

template <class T>
std::string BasicLeakyReLU<T>::description() const {
  return described(this->name(), negative_slope_);
}

template <class T>
BasicPReLU<T>::BasicPReLU(Index num_parameters, double init) {
  if (num_parameters < 1) {
    detail::fail<ValueError>("PReLU", "num_parameters must be at least 1, not ", num_parameters,
                             "; hint: 1, or the number of channels");
  }
  weight = full<T>({num_parameters}, static_cast<T>(init));
}

template <class T>
BasicTensor<T> BasicPReLU<T>::forward(const BasicTensor<T>& x) {
  return prelu(x, weight);
}

template <class T>
void BasicPReLU<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
}

template <class T>
std::string BasicPReLU<T>::description() const {
  if (!weight.defined()) return this->name() + "(moved from)";
  return described(this->name(), weight.size(0));
}

template <class T>
BasicTensor<T> BasicELU<T>::forward(const BasicTensor<T>& x) {
  return elu(x, alpha_);
}

template <class T>
std::string BasicELU<T>::description() const {
  return described(this->name(), alpha_);
}

template <class T>
BasicTensor<T> BasicSELU<T>::forward(const BasicTensor<T>& x) {
  return selu(x);
}

template <class T>
BasicTensor<T> BasicCELU<T>::forward(const BasicTensor<T>& x) {
  return celu(x, alpha_);
}

template <class T>
std::string BasicCELU<T>::description() const {
  return described(this->name(), alpha_);
}

template <class T>
BasicTensor<T> BasicReLU6<T>::forward(const BasicTensor<T>& x) {
  return relu6(x);
}

template <class T>
BasicTensor<T> BasicHardtanh<T>::forward(const BasicTensor<T>& x) {
  return hardtanh(x, min_val_, max_val_);
}

template <class T>
std::string BasicHardtanh<T>::description() const {
  return described(this->name(), min_val_, max_val_);
}

template <class T>
BasicTensor<T> BasicHardsigmoid<T>::forward(const BasicTensor<T>& x) {
  return hardsigmoid(x);
}

template <class T>
BasicTensor<T> BasicHardswish<T>::forward(const BasicTensor<T>& x) {
  return hardswish(x);
}

template <class T>
BasicTensor<T> BasicSoftplus<T>::forward(const BasicTensor<T>& x) {
  return softplus(x, beta_, threshold_);
}

template <class T>
std::string BasicSoftplus<T>::description() const {
  return described(this->name(), beta_, threshold_);
}

template <class T>
BasicTensor<T> BasicMish<T>::forward(const BasicTensor<T>& x) {
  return mish(x);
}

template <class T>
BasicTensor<T> BasicSoftsign<T>::forward(const BasicTensor<T>& x) {
  return softsign(x);
}

template <class T>
BasicTensor<T> BasicLogSigmoid<T>::forward(const BasicTensor<T>& x) {
  return logsigmoid(x);
}

template class BasicLeakyReLU<float>;
template class BasicLeakyReLU<double>;
template class BasicPReLU<float>;
template class BasicPReLU<double>;
template class BasicELU<float>;
template class BasicELU<double>;
template class BasicSELU<float>;
template class BasicSELU<double>;
template class BasicCELU<float>;
template class BasicCELU<double>;
template class BasicReLU6<float>;
template class BasicReLU6<double>;
template class BasicHardtanh<float>;
template class BasicHardtanh<double>;
template class BasicHardsigmoid<float>;
template class BasicHardsigmoid<double>;
template class BasicHardswish<float>;
template class BasicHardswish<double>;
template class BasicSoftplus<float>;
template class BasicSoftplus<double>;
template class BasicMish<float>;
template class BasicMish<double>;
template class BasicSoftsign<float>;
template class BasicSoftsign<double>;
template class BasicLogSigmoid<float>;
template class BasicLogSigmoid<double>;

}  // namespace tenon::nn
