#include "tenon/nn/layer_norm.hpp"

#include "norm_layers.hpp"
#include "tenon/ops/layer_norm.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

template <class T>
BasicLayerNorm<T>::BasicLayerNorm(const Shape& normalized_shape, const LayerNormOptions& options)
    : normalized_shape_(normalized_shape), options_(options) {
  detail::check_normalized_shape("LayerNorm", normalized_shape, options.eps);
  if (!options.elementwise_affine) return;
  weight = ones<T>(normalized_shape);
  if (options.bias) bias = zeros<T>(normalized_shape);
}

template <class T>
BasicTensor<T> BasicLayerNorm<T>::forward(const BasicTensor<T>& x) {
  detail::check_not_moved_from(*this, options_.elementwise_affine, weight.defined());
  return tenon::layer_norm<T>(x, normalized_shape_, weight, bias, options_.eps);
}

template <class T>
void BasicLayerNorm<T>::visit(BasicVisitor<T>& v) {
  if (weight.defined()) v("weight", weight);
  if (bias.defined()) v("bias", bias);
}

template <class T>
ExpectedInput BasicLayerNorm<T>::expected_input() const {
  if (normalized_shape_.rank() != 1) return {};
  return {"", -1, normalized_shape_[0], "features", "normalized_shape"};
}

template <class T>
std::string BasicLayerNorm<T>::description() const {
  std::string text = detail::normalized_text(this->name(), normalized_shape_);
  if (options_.eps != LayerNormOptions().eps) text += ", eps " + detail::to_text(options_.eps);
  if (!options_.elementwise_affine) return text + ", elementwise_affine=false)";
  return text + (options_.bias ? ")" : ", bias=false)");
}

template class BasicLayerNorm<float>;
template class BasicLayerNorm<double>;

}  // namespace tenon::nn
