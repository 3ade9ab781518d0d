#pragma once

#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// In training, zeroes each element with probability p and scales the others by 1 / (1 - p); in
/// evaluation y = x. See dropout(). Draws from this thread's default generator.
template <class T>
class TENON_API BasicDropout : public BasicModule<T> {
 public:
  /// p in [0, 1]. Throws ValueError.
  explicit BasicDropout(double p = 0.5);

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  double p_;
};

extern template class BasicDropout<float>;
extern template class BasicDropout<double>;

using Dropout = BasicDropout<float>;

}  // namespace tenon::nn
