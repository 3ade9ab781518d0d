#pragma once

#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// Probabilities along one axis, the last one unless said otherwise; see softmax().
/// CrossEntropyLoss expects logits: a net trained with it has no Softmax at its end.
template <class T>
class TENON_API BasicSoftmax : public BasicModule<T> {
 public:
  explicit BasicSoftmax(Index axis = -1) : axis_(axis) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  Index axis_;
};

extern template class BasicSoftmax<float>;
extern template class BasicSoftmax<double>;

using Softmax = BasicSoftmax<float>;

}  // namespace tenon::nn
