#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// y = 1 / (1 + e^-x), for every element of x, of any shape; dx = dy y (1 - y). Saves y.
/// Throws ValueError for an undefined tensor. As torch.sigmoid.
template <std::floating_point T>
TENON_API BasicTensor<T> sigmoid(const BasicTensor<T>& x);

namespace detail {

/// dx = dy y (1 - y); with g the gradient of dx, ddy = g y (1 - y) and the gradient of y is
/// (1 - 2 y) dy g.
template <class T>
TENON_API BasicTensor<T> sigmoid_backward(const BasicTensor<T>& dy, const BasicTensor<T>& y);

}  // namespace detail
}  // namespace tenon
