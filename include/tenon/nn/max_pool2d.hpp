#pragma once

#include <string>

#include "tenon/nn/module.hpp"
#include "tenon/ops/max_pool2d.hpp"

namespace tenon::nn {

using tenon::MaxPool2dOptions;

/// The largest pixel of each window, (N, C, H, W) -> (N, C, H', W'); see max_pool2d().
template <class T>
class TENON_API BasicMaxPool2d : public BasicModule<T> {
 public:
  /// kernel: one number or {KH, KW}, >= 1. Throws ValueError.
  explicit BasicMaxPool2d(Pair kernel, const MaxPool2dOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  BasicTensor<T> forward_relu(const BasicTensor<T>& x) override;
  std::string description() const override;
  ExpectedInput expected_input() const override;

 private:
  Pair kernel_;
  MaxPool2dOptions options_;
};

extern template class BasicMaxPool2d<float>;
extern template class BasicMaxPool2d<double>;

using MaxPool2d = BasicMaxPool2d<float>;

}  // namespace tenon::nn
