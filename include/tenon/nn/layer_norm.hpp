#pragma once

#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

struct LayerNormOptions {
  double eps = 1e-5;               ///< added to the variance
  bool elementwise_affine = true;  ///< whether there is a weight
  bool bias = true;                ///< whether there is a bias beside the weight
};

/// Normalisation over the last axes; see layer_norm(). As torch.nn.LayerNorm.
template <class T>
class TENON_API BasicLayerNorm : public BasicModule<T> {
 public:
  /// The sizes of the last axes, each >= 1. Throws ValueError.
  explicit BasicLayerNorm(const Shape& normalized_shape, const LayerNormOptions& options = {});
  /// The size of the last axis.
  explicit BasicLayerNorm(Index size, const LayerNormOptions& options = {})
      : BasicLayerNorm(Shape{size}, options) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< of normalized_shape, starts at 1; undefined unless wanted
  BasicParameter<T> bias;    ///< of normalized_shape, starts at 0; undefined unless wanted

 private:
  Shape normalized_shape_;
  LayerNormOptions options_;
};

extern template class BasicLayerNorm<float>;
extern template class BasicLayerNorm<double>;

using LayerNorm = BasicLayerNorm<float>;

}  // namespace tenon::nn
