#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

/// Activations besides relu, tanh, sigmoid, gelu and silu, which have headers of their own:
/// functions of every element of x, of any shape, under PyTorch's names (torch.nn.functional) and
/// with its defaults. All save x, have derivatives of every order, and throw ValueError for an
/// undefined tensor.
namespace tenon {

/// y = x where x > 0, else negative_slope x; dx = dy or negative_slope dy. Source: Maas, Hannun and
/// Ng, "Rectifier nonlinearities improve neural network acoustic models", 2013.
template <std::floating_point T>
TENON_API BasicTensor<T> leaky_relu(const BasicTensor<T>& x, double negative_slope = 0.01);

/// y = x where x > 0, else w x, with a slope that is learned: w (1), or (C) with a slope for each
/// channel, axis 1 of x (N, C, ...). dx = dy or w dy; dw = the sum of x dy where x <= 0. Saves x
/// and w. Throws ShapeError for another w. Source: He et al., "Delving deep into rectifiers", 2015.
template <std::floating_point T>
TENON_API BasicTensor<T> prelu(const BasicTensor<T>& x, const BasicTensor<T>& w);

/// y = x where x > 0, else alpha (e^x - 1); dx = dy or alpha e^x dy. Source: Clevert, Unterthiner
/// and Hochreiter, "Fast and accurate deep network learning by exponential linear units (ELUs)",
/// 2016.
template <std::floating_point T>
TENON_API BasicTensor<T> elu(const BasicTensor<T>& x, double alpha = 1);

/// y = 1.0507 elu(x, 1.6733), the constants with all their digits: mean 0 and variance 1 stay.
/// Source: Klambauer et al., "Self-normalizing neural networks", 2017.
template <std::floating_point T>
TENON_API BasicTensor<T> selu(const BasicTensor<T>& x);

/// y = x where x > 0, else alpha (e^(x / alpha) - 1), whose slope has no jump; dx = dy or
/// e^(x / alpha) dy. Throws ValueError for alpha 0. Source: Barron, "Continuously differentiable
/// exponential linear units", 2017.
template <std::floating_point T>
TENON_API BasicTensor<T> celu(const BasicTensor<T>& x, double alpha = 1);

/// y = min(max(x, 0), 6); dx = dy where 0 < x < 6, else 0.
template <std::floating_point T>
TENON_API BasicTensor<T> relu6(const BasicTensor<T>& x);

/// y = min(max(x, min_val), max_val); dx = dy where min_val < x < max_val, else 0. Throws
/// ValueError for min_val > max_val.
template <std::floating_point T>
TENON_API BasicTensor<T> hardtanh(const BasicTensor<T>& x, double min_val = -1, double max_val = 1);

/// y = min(max(x + 3, 0), 6) / 6; dx = dy / 6 where -3 < x < 3, else 0.
template <std::floating_point T>
TENON_API BasicTensor<T> hardsigmoid(const BasicTensor<T>& x);

/// y = x min(max(x + 3, 0), 6) / 6, 0 at -infinity, the limit; dx = dy (x / 3 + 1 / 2) where
/// -3 <= x <= 3, 0 before, dy behind. Source: Howard et al., "Searching for MobileNetV3", 2019.
template <std::floating_point T>
TENON_API BasicTensor<T> hardswish(const BasicTensor<T>& x);

/// y = ln(1 + e^(beta x)) / beta, and x where beta x > threshold; dx = sigmoid(beta x) dy, or dy
/// there. Keeps its digits for negative x. Throws ValueError for beta 0.
template <std::floating_point T>
TENON_API BasicTensor<T> softplus(const BasicTensor<T>& x, double beta = 1, double threshold = 20);

/// y = x tanh(ln(1 + e^x)), 0 at -infinity, the limit; with t the hyperbolic tangent,
/// dx = dy (t + x (1 - t^2) sigmoid(x)). Source: Misra, "Mish: A self regularized non-monotonic
/// activation function", 2020.
template <std::floating_point T>
TENON_API BasicTensor<T> mish(const BasicTensor<T>& x);

/// y = x / (1 + |x|), 1 and -1 at infinity, the limits; dx = dy / (1 + |x|)^2.
template <std::floating_point T>
TENON_API BasicTensor<T> softsign(const BasicTensor<T>& x);

/// y = ln sigmoid(x) = -ln(1 + e^-x); dx = sigmoid(-x) dy.
template <std::floating_point T>
TENON_API BasicTensor<T> logsigmoid(const BasicTensor<T>& x);

}  // namespace tenon
