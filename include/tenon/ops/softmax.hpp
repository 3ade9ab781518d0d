#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Turns scores into probabilities along one axis.
///   y = e^(x - max x) / sum e^(x - max x)
/// x of any shape; axis: which one sums to 1, negative ones count from the end. Finite for every
/// finite x; where all of x is -infinity, y is NaN. dx = y (dy - sum dy y). Throws IndexError for
/// an axis that x does not have. Saves y. As torch.softmax.
template <std::floating_point T>
TENON_API BasicTensor<T> softmax(const BasicTensor<T>& x, Index axis);

/// The logarithm of softmax, without its rounding to 0.
///   y = x - max x - log sum e^(x - max x)
/// Otherwise as softmax; dx = dy - e^y sum dy. As torch.log_softmax.
template <std::floating_point T>
TENON_API BasicTensor<T> log_softmax(const BasicTensor<T>& x, Index axis);

}  // namespace tenon
