#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// How gelu() computes the normal distribution: exactly, or by the formula with tanh that the
/// weights of some models (GPT-2, BERT's first ones) were trained with. It differs by up to 5e-4.
enum class GeluApproximation { none, tanh };

struct GeluOptions {
  GeluApproximation approximate = GeluApproximation::none;
};

/// Multiplies each element by the probability that a standard normal number is less than it.
///   y = x P(x),  P(x) = (1 + erf(x / sqrt 2)) / 2
///   with .approximate = GeluApproximation::tanh:
///   P(x) = (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
/// x of any shape. dx = dy (P(x) + x P'(x)). Accurate for large negative x, too, where y goes to 0;
/// at -infinity y is 0, the limit. Saves x. Has derivatives of every order. Throws ValueError for
/// an undefined tensor. As torch.nn.functional.gelu (which gives NaN at -infinity). Source:
/// Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016.
template <std::floating_point T>
TENON_API BasicTensor<T> gelu(const BasicTensor<T>& x, const GeluOptions& options = {});

namespace detail {

/// dx = dy gelu'(x); with g the gradient of dx, ddy = g gelu'(x) and the gradient of x is
/// g dy gelu''(x).
template <class T>
TENON_API BasicTensor<T> gelu_backward(const BasicTensor<T>& dy, const BasicTensor<T>& x);
template <class T>
TENON_API BasicTensor<T> gelu_tanh_backward(const BasicTensor<T>& dy, const BasicTensor<T>& x);

}  // namespace detail
}  // namespace tenon
