#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Multiplies each element by its sigmoid; also called swish.
///   y = x s,  s = sigmoid(x) = 1 / (1 + e^-x)
/// x of any shape. dx = dy (s + x s (1 - s)). At -infinity y is 0, the limit. Saves x. Has
/// derivatives of every order. Throws ValueError for an undefined tensor. As
/// torch.nn.functional.silu (which gives NaN at -infinity).
/// Source: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function
/// approximation in reinforcement learning", Neural Networks 107, 2018.
template <std::floating_point T>
TENON_API BasicTensor<T> silu(const BasicTensor<T>& x);

namespace detail {

/// dx = dy silu'(x); with g the gradient of dx, ddy = g silu'(x) and the gradient of x is
/// g dy silu''(x).
template <class T>
TENON_API BasicTensor<T> silu_backward(const BasicTensor<T>& dy, const BasicTensor<T>& x);

}  // namespace detail
}  // namespace tenon
