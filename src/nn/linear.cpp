#include "tenon/nn/linear.hpp"

#include <cmath>
#include <typeinfo>

#include "tenon/base/error.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

template <class T>
BasicLinear<T>::BasicLinear(Index in_features, Index out_features, const LinearOptions& options) {
  if (in_features < 1 || out_features < 1) {
    detail::fail<ValueError>("Linear", "in_features and out_features must be at least 1, not ",
                             in_features, " and ", out_features,
                             "; hint: nn::Linear(in_features, out_features)");
  }
  const double bound = 1 / std::sqrt(static_cast<double>(in_features));
  weight = uniform<T>({out_features, in_features}, -bound, bound);
  if (options.bias) bias = uniform<T>({out_features}, -bound, bound);
}

template <class T>
BasicTensor<T> BasicLinear<T>::forward(const BasicTensor<T>& x) {
  return tenon::linear(x, weight, bias);
}

template <class T>
BasicTensor<T> BasicLinear<T>::forward_relu(const BasicTensor<T>& x) {
  if (typeid(*this) != typeid(BasicLinear))
    return {};  // a derived layer may have another forward()
  return tenon::linear_relu(x, weight, bias);
}

template <class T>
void BasicLinear<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
  if (bias.defined()) v("bias", bias);
}

template <class T>
ExpectedInput BasicLinear<T>::expected_input() const {
  return {"", -1, weight.defined() ? weight.size(1) : 0, "features", "in_features"};
}

template <class T>
std::string BasicLinear<T>::description() const {
  if (!weight.defined()) return "Linear(moved from)";
  return "Linear(" + std::to_string(weight.size(1)) + " -> " + std::to_string(weight.size(0)) +
         (bias.defined() ? ")" : ", bias=false)");
}

template class BasicLinear<float>;
template class BasicLinear<double>;

}  // namespace tenon::nn
