#pragma once

#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

struct BilinearOptions {
  bool bias = true;
};

/// y = x1^T w x2 + b for each output; see bilinear(). x1 (..., in1_features) and x2 (...,
/// in2_features) -> (..., out_features). Both start uniform in +-1 / sqrt(in1_features), as
/// torch.nn.Bilinear.
template <class T>
class TENON_API BasicBilinear : public BasicModule<T> {
 public:
  /// All sizes >= 1. Throws ValueError.
  BasicBilinear(Index in1_features, Index in2_features, Index out_features,
                const BilinearOptions& options = {});

  using BasicModule<T>::operator();
  BasicTensor<T> operator()(const BasicTensor<T>& x1, const BasicTensor<T>& x2);

  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  BasicParameter<T> weight;  ///< (out_features, in1_features, in2_features)
  BasicParameter<T> bias;    ///< (out_features), undefined without a bias
};

extern template class BasicBilinear<float>;
extern template class BasicBilinear<double>;

using Bilinear = BasicBilinear<float>;

}  // namespace tenon::nn
