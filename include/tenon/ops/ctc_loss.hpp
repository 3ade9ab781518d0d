#pragma once

#include <concepts>

#include "tenon/ops/reduction.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

struct CTCLossOptions {
  Index blank = 0;  ///< the class that stands for no label
  Reduction reduction = Reduction::mean;
  bool zero_infinity = false;  ///< infinite losses and their gradients become 0: those of targets
                               ///< that are too long for their steps
};

/// Minus the logarithm of the probability of a sequence of labels that are not aligned with the
/// steps: of all ways to stretch it over them, each label over one step or more, with blanks
/// between, and at least one between equal labels.
///   log_probabilities (T, N, C): log_softmax(scores, 2)
///   targets           (N, S), labels in [0, C) but for blank, what is behind a target's length is
///                     not read; or all targets one behind the other, (sum of target_lengths)
///   input_lengths     (N), in [0, T]     target_lengths (N), in [0, S]
/// Reduction::none gives (N); mean divides each loss by its target's length (by 1 for an empty one)
/// and then takes the mean over the batch. A target that no stretching fits has an infinite loss,
/// whose gradient is NaN.
///
/// The gradient with respect to log_probabilities is the derivative as it is. PyTorch's takes for
/// granted that log_softmax stands in front; with it there, both give the same gradient of the
/// scores. Saves log_probabilities and T (2 S + 1) doubles a sample. There is no second derivative.
/// Throws ShapeError where shapes do not fit, ValueError for a label or a length out of its range.
/// Source: Graves et al., "Connectionist temporal classification", ICML 2006. As
/// torch.nn.functional.ctc_loss; keras.losses.CTC has its arguments the other way round.
template <std::floating_point T>
TENON_API BasicTensor<T> ctc_loss(const BasicTensor<T>& log_probabilities,
                                  const LongTensor& targets, const LongTensor& input_lengths,
                                  const LongTensor& target_lengths,
                                  const CTCLossOptions& options = {});

}  // namespace tenon
