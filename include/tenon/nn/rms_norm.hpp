#pragma once

#include <optional>
#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

struct RMSNormOptions {
  std::optional<double> eps = std::nullopt;  ///< absent: the rounding unit of the scalar type
  bool elementwise_affine = true;            ///< whether there is a weight
};

/// Division by the root mean square over the last axes; see rms_norm(). As torch.nn.RMSNorm.
template <class T>
class TENON_API BasicRMSNorm : public BasicModule<T> {
 public:
  /// The sizes of the last axes, each >= 1. Throws ValueError.
  explicit BasicRMSNorm(const Shape& normalized_shape, const RMSNormOptions& options = {});
  /// The size of the last axis.
  explicit BasicRMSNorm(Index size, const RMSNormOptions& options = {})
      : BasicRMSNorm(Shape{size}, options) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

  BasicParameter<T> weight;  ///< of normalized_shape, starts at 1; undefined unless wanted

 private:
  Shape normalized_shape_;
  RMSNormOptions options_;
};

extern template class BasicRMSNorm<float>;
extern template class BasicRMSNorm<double>;

using RMSNorm = BasicRMSNorm<float>;

}  // namespace tenon::nn
