#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/avg_pool2d.hpp"

namespace tenon::nn {

using tenon::AvgPool2dOptions;

/// The average of each window, (N, C, H, W) -> (N, C, H', W'); see avg_pool2d().
template <class T>
class TENON_API BasicAvgPool2d : public BasicModule<T> {
 public:
  /// kernel: one number or {KH, KW}, >= 1. Throws ValueError.
  explicit BasicAvgPool2d(Pair kernel, const AvgPool2dOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  Pair kernel_;
  AvgPool2dOptions options_;
};

extern template class BasicAvgPool2d<float>;
extern template class BasicAvgPool2d<double>;

using AvgPool2d = BasicAvgPool2d<float>;

}  // namespace tenon::nn
