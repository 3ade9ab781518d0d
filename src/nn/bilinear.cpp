#include "tenon/nn/bilinear.hpp"

#include <cmath>

#include "tenon/base/error.hpp"
#include "tenon/ops/products.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

template <class T>
BasicBilinear<T>::BasicBilinear(Index in1_features, Index in2_features, Index out_features,
                                const BilinearOptions& options) {
  if (in1_features < 1 || in2_features < 1 || out_features < 1) {
    detail::fail<ValueError>("Bilinear",
                             "in1_features, in2_features and out_features must be at least 1, not ",
                             in1_features, ", ", in2_features, " and ", out_features,
                             "; hint: nn::Bilinear(in1_features, in2_features, out_features)");
  }
  const double bound = 1 / std::sqrt(static_cast<double>(in1_features));
  weight = uniform<T>({out_features, in1_features, in2_features}, -bound, bound);
  if (options.bias) bias = uniform<T>({out_features}, -bound, bound);
}

template <class T>
BasicTensor<T> BasicBilinear<T>::operator()(const BasicTensor<T>& x1, const BasicTensor<T>& x2) {
  return this->call([&] { return tenon::bilinear(x1, x2, weight, bias); });
}

template <class T>
void BasicBilinear<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
  if (bias.defined()) v("bias", bias);
}

template <class T>
std::string BasicBilinear<T>::description() const {
  if (!weight.defined()) return "Bilinear(moved from)";
  return "Bilinear(" + std::to_string(weight.size(1)) + " x " + std::to_string(weight.size(2)) +
         " -> " + std::to_string(weight.size(0)) + (bias.defined() ? ")" : ", bias=false)");
}

template class BasicBilinear<float>;
template class BasicBilinear<double>;

}  // namespace tenon::nn
