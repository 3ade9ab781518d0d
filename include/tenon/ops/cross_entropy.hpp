#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

struct CrossEntropyOptions {
  Reduction reduction = Reduction::mean;
  Index ignore_index = -100;   ///< samples with this label count for nothing
  double label_smoothing = 0;  ///< share of the target spread evenly over all classes, in [0, 1]
};

/// How badly scores predict the labels, in nats.
///   loss[n] = -sum_c t[n,c] log_softmax(logits)[n,c]
///   t[n,c] = (1 - label_smoothing) [c = labels[n]] + label_smoothing / C
/// logits (N, C), or (N, C, d1, ...) with one prediction a pixel or step: raw scores, no softmax
/// labels (N), or (N, d1, ...): in [0, C), or ignore_index
/// Reduction::none gives (N) or (N, d1, ...); mean divides by the number of labels that are not
/// ignored (NaN where there are none). Throws ShapeError where the shapes do not fit, ValueError
/// for a label or option out of its range. dlogits = (softmax(logits) - t) dloss, fused. Saves the
/// logarithms of the probabilities and the labels. As torch.nn.functional.cross_entropy.
template <std::floating_point T>
TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const LongTensor& labels,
                                       const CrossEntropyOptions& options = {});

/// The same with a probability for each class as target: t = (1 - label_smoothing) targets +
/// label_smoothing / C.
/// targets: of the logits' shape, each sample summing to 1 over the classes (not checked)
/// mean divides by the number of samples. The targets may be tracked too. ignore_index has no
/// meaning here. Throws ShapeError, ValueError.
template <std::floating_point T>
TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const BasicTensor<T>& targets,
                                       const CrossEntropyOptions& options = {});

/// Either with a weight for each class, as rare classes often need.
///   labels:   loss[n] = -sum_c weight[c] t[n,c] log_softmax(logits)[n,c], and mean divides by the
///             sum of weight[labels[n]] over the labels that are not ignored
///   targets:  the same losses, but mean divides by the number of samples
/// weight (C), a constant, as PyTorch's; an undefined one stands for 1 everywhere.
/// Throws ShapeError for weights of another shape, and as above.
template <std::floating_point T>
TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const LongTensor& labels,
                                       const BasicTensor<T>& weight,
                                       const CrossEntropyOptions& options = {});
template <std::floating_point T>
TENON_API BasicTensor<T> cross_entropy(const BasicTensor<T>& logits, const BasicTensor<T>& targets,
                                       const BasicTensor<T>& weight,
                                       const CrossEntropyOptions& options = {});

/// Cross-entropy of probabilities rather than of raw scores.
///   q = p / sum_c p,  limited to [1e-7, 1 - 1e-7];   loss[n] = -sum_c targets[n,c] log q[n,c]
/// probabilities (N, C) or (N, C, d1, ...): what softmax gives; targets of the same shape: one_hot
/// labels or probabilities. mean divides by the number of samples. The limits make very sure
/// predictions lose their gradient: cross_entropy on raw scores is the better choice where there is
/// one. Throws ShapeError. As keras.losses.CategoricalCrossentropy, with the classes on axis 1.
template <std::floating_point T>
TENON_API BasicTensor<T> categorical_cross_entropy(const BasicTensor<T>& probabilities,
                                                   const BasicTensor<T>& targets,
                                                   Reduction reduction = Reduction::mean);

}  // namespace tenon
