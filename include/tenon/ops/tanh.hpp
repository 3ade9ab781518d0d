#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// y = tanh x, for every element of x, of any shape; dx = dy (1 - y^2). Saves y.
/// Throws ValueError for an undefined tensor. As torch.tanh.
template <std::floating_point T>
TENON_API BasicTensor<T> tanh(const BasicTensor<T>& x);

namespace detail {

/// dx = dy (1 - y^2); with g the gradient of dx, ddy = g (1 - y^2) and the gradient of y is
/// -2 y dy g.
template <class T>
TENON_API BasicTensor<T> tanh_backward(const BasicTensor<T>& dy, const BasicTensor<T>& y);

}  // namespace detail
}  // namespace tenon
