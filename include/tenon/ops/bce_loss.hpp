#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// How badly probabilities predict yes or no, in nats, for every element.
///   loss = -(target log p + (1 - target) log(1 - p)), the logarithms at least -100
/// p in [0, 1]; target in [0, 1], of p's shape; mean divides by the number of elements.
/// dp = (p - target) / max(p (1 - p), 1e-12) dloss. Both may be tracked. Throws ShapeError where
/// the shapes differ, ValueError for a p outside [0, 1] (NaN passes through). Saves p and target.
/// As torch.nn.functional.binary_cross_entropy.
template <std::floating_point T>
TENON_API BasicTensor<T> binary_cross_entropy(const BasicTensor<T>& p, const BasicTensor<T>& target,
                                              Reduction reduction = Reduction::mean);

/// The same of p = sigmoid(x), from x itself: finite for every finite x.
///   loss = max(x, 0) - x target + log(1 + e^-|x|)
/// x: raw scores; target in [0, 1], of x's shape; mean divides by the number of elements.
/// dx = (sigmoid(x) - target) dloss. Both may be tracked. Throws ShapeError. Saves x and target.
/// As torch.nn.functional.binary_cross_entropy_with_logits.
template <std::floating_point T>
TENON_API BasicTensor<T> binary_cross_entropy_with_logits(const BasicTensor<T>& x,
                                                          const BasicTensor<T>& target,
                                                          Reduction reduction = Reduction::mean);

}  // namespace tenon
