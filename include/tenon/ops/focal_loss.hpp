#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

/// Cross-entropy in which what is predicted well counts for little, for data whose positives are
/// rare among many easy negatives. mean divides by the number of losses; Lin et al. divide a sum by
/// the number of positives. Derivatives are of every order. Throw ShapeError where shapes do not
/// fit, ValueError for an option or a label outside its range.
/// Source: Lin et al., "Focal loss for dense object detection", ICCV 2017, equation 5.
namespace tenon {

struct SigmoidFocalLossOptions {
  Reduction reduction = Reduction::mean;
  double gamma = 2;     ///< >= 0; 0 is the cross-entropy
  double alpha = 0.25;  ///< weight of positives, 1 - alpha that of negatives, in [0, 1]; negative:
                        ///< 1 for both
};

/// Of yes-or-no questions, element by element.
///   a (1 - q)^gamma binary_cross_entropy_with_logits(x, target)
///   q = p target + (1 - p) (1 - target),  p = sigmoid(x),  a = alpha target + (1-alpha)(1-target)
/// x: raw scores; target in [0, 1], of x's shape. Both may be tracked. As
/// torchvision.ops.sigmoid_focal_loss, whose default reduction is none, and
/// keras.losses.BinaryFocalCrossentropy with from_logits.
template <std::floating_point T>
TENON_API BasicTensor<T> sigmoid_focal_loss(const BasicTensor<T>& x, const BasicTensor<T>& target,
                                            const SigmoidFocalLossOptions& options = {});

struct FocalLossOptions {
  Reduction reduction = Reduction::mean;
  double gamma = 2;           ///< >= 0; 0 is the cross-entropy
  Index ignore_index = -100;  ///< samples with this label count for nothing
};

/// Of classes that exclude each other.
///   loss[n] = weight[y] (1 - p[n,y])^gamma (-log p[n,y]),  p = softmax(logits), y = labels[n]
/// logits, labels, weight and the reductions as those of cross_entropy: mean divides by the sum of
/// the weights.
template <std::floating_point T>
TENON_API BasicTensor<T> focal_loss(const BasicTensor<T>& logits, const LongTensor& labels,
                                    const BasicTensor<T>& weight,
                                    const FocalLossOptions& options = {});
template <std::floating_point T>
BasicTensor<T> focal_loss(const BasicTensor<T>& logits, const LongTensor& labels,
                          const FocalLossOptions& options = {}) {
  return focal_loss(logits, labels, BasicTensor<T>(), options);
}

}  // namespace tenon
