#pragma once

#include "tenon/tensor/tensor.hpp"

namespace tenon::detail {

/// dx = dy - e^y sum dy, the gradient of y = log_softmax(x, axis) as an operation; axis >= 0. With
/// u the gradient of dx: ddy = u - sum(u e^y), and the gradient of y is -u e^y sum dy.
template <class T>
BasicTensor<T> log_softmax_backward(const BasicTensor<T>& dy, const BasicTensor<T>& y, int axis);

}  // namespace tenon::detail
