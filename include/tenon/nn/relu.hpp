#pragma once

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// y = max(x, 0); see relu().
template <class T>
class TENON_API BasicReLU : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

extern template class BasicReLU<float>;
extern template class BasicReLU<double>;

using ReLU = BasicReLU<float>;

}  // namespace tenon::nn
