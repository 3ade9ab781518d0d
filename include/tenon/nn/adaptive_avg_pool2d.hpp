#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/avg_pool2d.hpp"

namespace tenon::nn {

/// The averages of so many windows as cover the image, (N, C, H, W) -> (N, C, H', W'), whatever H
/// and W are; see adaptive_avg_pool2d(). AdaptiveAvgPool2d(1) averages each plane.
template <class T>
class TENON_API BasicAdaptiveAvgPool2d : public BasicModule<T> {
 public:
  /// output_size: one number or {H', W'}, >= 0; 0 keeps the image's own. Throws ValueError.
  explicit BasicAdaptiveAvgPool2d(Pair output_size);

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  Pair output_size_;
};

extern template class BasicAdaptiveAvgPool2d<float>;
extern template class BasicAdaptiveAvgPool2d<double>;

using AdaptiveAvgPool2d = BasicAdaptiveAvgPool2d<float>;

}  // namespace tenon::nn
