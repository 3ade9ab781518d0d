#pragma once

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// y = x: a layer that stands where another one was or may be. As torch.nn.Identity.
template <class T>
class TENON_API BasicIdentity : public BasicModule<T> {
 public:
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
};

extern template class BasicIdentity<float>;
extern template class BasicIdentity<double>;

using Identity = BasicIdentity<float>;

}  // namespace tenon::nn
