#include "tenon/nn/rms_norm.hpp"

#include "norm_layers.hpp"
#include "tenon/ops/rms_norm.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {

template <class T>
BasicRMSNorm<T>::BasicRMSNorm(const Shape& normalized_shape, const RMSNormOptions& options)
    : normalized_shape_(normalized_shape), options_(options) {
  detail::check_normalized_shape("RMSNorm", normalized_shape, options.eps.value_or(0));
  if (options.elementwise_affine) weight = ones<T>(normalized_shape);
}

template <class T>
BasicTensor<T> BasicRMSNorm<T>::forward(const BasicTensor<T>& x) {
  detail::check_not_moved_from(*this, options_.elementwise_affine, weight.defined());
  return tenon::rms_norm<T>(x, normalized_shape_, weight, options_.eps);
}

template <class T>
void BasicRMSNorm<T>::visit(BasicVisitor<T>& v) {
  if (weight.defined()) v("weight", weight);
}

template <class T>
ExpectedInput BasicRMSNorm<T>::expected_input() const {
  if (normalized_shape_.rank() != 1) return {};
  return {"", -1, normalized_shape_[0], "features", "normalized_shape"};
}

template <class T>
std::string BasicRMSNorm<T>::description() const {
  std::string text = detail::normalized_text(this->name(), normalized_shape_);
  if (options_.eps) text += ", eps " + detail::to_text(*options_.eps);
  return text + (options_.elementwise_affine ? ")" : ", elementwise_affine=false)");
}

template class BasicRMSNorm<float>;
template class BasicRMSNorm<double>;

}  // namespace tenon::nn
