#pragma once

#include "tenon/base/memory.hpp"
#include "tenon/kernels/copy.hpp"
#include "tenon/tensor/layout.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// A contiguous copy of which the tape is not told.
template <class T>
BasicTensor<T> packed_copy(const BasicTensor<T>& x) {
  auto result = BasicTensor<T>::empty(x.shape());
  kernels::copy_strided(elementwise_dims<1>(x.shape(), {x.impl()}), x.data(), result.data());
  return result;
}

/// x itself where it is contiguous, else such a copy.
template <class T>
BasicTensor<T> packed(const BasicTensor<T>& x) {
  return x.is_contiguous() ? x : packed_copy(x);
}

}  // namespace tenon::detail
