#pragma once

#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

struct LinearOptions {
  bool bias = true;
};

/// A fully connected layer, y = x w^T + b; see linear(). x (..., in_features) -> (...,
/// out_features). Both start uniform in +-1 / sqrt(in_features), as torch.nn.Linear.
template <class T>
class TENON_API BasicLinear : public BasicModule<T> {
 public:
  /// Both sizes >= 1. Throws ValueError.
  BasicLinear(Index in_features, Index out_features, const LinearOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  BasicTensor<T> forward_relu(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< (out_features, in_features)
  BasicParameter<T> bias;    ///< (out_features), undefined without a bias
};

extern template class BasicLinear<float>;
extern template class BasicLinear<double>;

using Linear = BasicLinear<float>;
/// Keras' name of the same layer.
using Dense = Linear;

}  // namespace tenon::nn
