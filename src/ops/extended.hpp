#pragma once

#include "tenon/ops/shape.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::detail {

/// x with so many zeros more behind the last position of an axis.
template <class T>
BasicTensor<T> extended(const BasicTensor<T>& x, int axis, Index more) {
  if (more == 0) return x;
  Shape shape = x.shape();
  shape[axis] = more;
  return tenon::cat({x, zeros<T>(shape)}, axis);
}

}  // namespace tenon::detail
