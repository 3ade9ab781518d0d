#pragma once

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// y = x sigmoid(x); see silu().
template <class T>
class TENON_API BasicSiLU : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

extern template class BasicSiLU<float>;
extern template class BasicSiLU<double>;

using SiLU = BasicSiLU<float>;

}  // namespace tenon::nn
