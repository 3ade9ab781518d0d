#pragma once

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// y = tanh x; see tanh().
template <class T>
class TENON_API BasicTanh : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

extern template class BasicTanh<float>;
extern template class BasicTanh<double>;

using Tanh = BasicTanh<float>;

}  // namespace tenon::nn
