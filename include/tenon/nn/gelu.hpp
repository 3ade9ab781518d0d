#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/gelu.hpp"

namespace tenon::nn {

/// y = x P(x), P being the standard normal distribution; see gelu(). As torch.nn.GELU:
///   nn::GELU gelu, as_in_gpt2({.approximate = GeluApproximation::tanh});
template <class T>
class TENON_API BasicGELU : public BasicModule<T> {
 public:
  explicit BasicGELU(const GeluOptions& options = {}) : options_(options) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  GeluOptions options_;
};

extern template class BasicGELU<float>;
extern template class BasicGELU<double>;

using GELU = BasicGELU<float>;

}  // namespace tenon::nn
