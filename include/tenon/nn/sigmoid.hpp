#pragma once

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// y = 1 / (1 + e^-x); see sigmoid().
template <class T>
class TENON_API BasicSigmoid : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

extern template class BasicSigmoid<float>;
extern template class BasicSigmoid<double>;

using Sigmoid = BasicSigmoid<float>;

}  // namespace tenon::nn
