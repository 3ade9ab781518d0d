#pragma once

#include <string>

#include "tenon/nn/module.hpp"

namespace tenon::nn {

/// Makes the axes start..end (inclusive) one; by default all but the batch axis:
/// (N, C, H, W) -> (N, C H W). A view: nothing is copied where x is contiguous.
template <class T>
class TENON_API BasicFlatten : public BasicModule<T> {
 public:
  explicit BasicFlatten(Index start = 1, Index end = -1) : start_(start), end_(end) {}

  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  std::string description() const override;

 private:
  Index start_;
  Index end_;
};

extern template class BasicFlatten<float>;
extern template class BasicFlatten<double>;

using Flatten = BasicFlatten<float>;

}  // namespace tenon::nn
