#pragma once

#include <vector>

#include "tenon/kernels/dims.hpp"

/// The plainest way to walk an index space: one element at a time, its position taken apart anew.
namespace tenon::reference {

/// Offset of the output's element `position` in the given operand.
template <int Inputs>
Index offset(const kernels::ElementwiseDims<Inputs>& dims, int input, Index position) {
  Index result = 0;
  for (int axis = dims.rank - 1; axis >= 0; --axis) {
    result += position % dims.sizes[axis] * dims.strides[input][axis];
    position /= dims.sizes[axis];
  }
  return result;
}

template <class T, class F>
auto map(const kernels::ElementwiseDims<1>& dims, const T* x, const F& f) {
  std::vector<decltype(f(T()))> y;
  for (Index i = 0; i < dims.numel; ++i) y.push_back(f(x[offset(dims, 0, i)]));
  return y;
}

template <class T, class F>
auto map(const kernels::ElementwiseDims<2>& dims, const T* a, const T* b, const F& f) {
  std::vector<decltype(f(T(), T()))> y;
  for (Index i = 0; i < dims.numel; ++i) {
    y.push_back(f(a[offset(dims, 0, i)], b[offset(dims, 1, i)]));
  }
  return y;
}

}  // namespace tenon::reference
