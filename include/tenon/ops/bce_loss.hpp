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

/// The same times weight, which broadcasts to p's shape; a constant or tracked. mean still divides
/// by the number of elements. Throws ShapeError where it does not broadcast.
template <std::floating_point T>
TENON_API BasicTensor<T> binary_cross_entropy(const BasicTensor<T>& p, const BasicTensor<T>& target,
                                              const BasicTensor<T>& weight,
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

/// Weights that broadcast to x's shape; undefined ones stand for 1.
template <class T>
struct BasicBCEWithLogitsOptions {
  BasicTensor<T> weight = {};      ///< of every element's loss
  BasicTensor<T> pos_weight = {};  ///< of the part with target: (D) for D yes-or-no questions a
                                   ///< sample; more than 1 finds more of the positives
  Reduction reduction = Reduction::mean;
};
using BCEWithLogitsOptions = BasicBCEWithLogitsOptions<float>;

/// The same with weights.
///   loss = weight (pos_weight target log(1 + e^-x) + (1 - target) log(1 + e^x))
/// mean divides by the number of elements, whatever the weights. Weights may be tracked. Has
/// derivatives of every order. Throws ShapeError for weights that do not broadcast to x.
template <std::floating_point T>
TENON_API BasicTensor<T> binary_cross_entropy_with_logits(
    const BasicTensor<T>& x, const BasicTensor<T>& target,
    const BasicBCEWithLogitsOptions<T>& options);

}  // namespace tenon
