#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Sizes and options of a softmax cross-entropy with class labels.
///   logits, log_probabilities, dlogits (N, C)   labels, losses, dlosses (N), all contiguous
/// A row whose label is ignore_index has loss 0 and gradient 0. The target of a row is
/// (1 - label_smoothing) on its label plus label_smoothing / C everywhere.
struct CrossEntropyDims {
  Index n, c;
  Index ignore_index = -100;
  double label_smoothing = 0;
};

/// Position of the first label that is neither in [0, C) nor ignore_index; -1 where all are valid.
TENON_API Index find_invalid_label(const CrossEntropyDims& dims, const std::int64_t* labels);

/// log_probabilities = log_softmax(logits); losses[i] = -sum_c target[i,c] log_probabilities[i,c].
/// The labels are valid. Parallel over rows.
template <class T>
TENON_API void cross_entropy_forward(const CrossEntropyDims& dims, const T* logits,
                                     const std::int64_t* labels, T* losses, T* log_probabilities);

/// dlogits[i,c] = dlosses[i] (e^log_probabilities[i,c] - target[i,c]); dlogits may be
/// log_probabilities. Parallel over rows.
template <class T>
TENON_API void cross_entropy_backward(const CrossEntropyDims& dims, const T* dlosses,
                                      const std::int64_t* labels, const T* log_probabilities,
                                      T* dlogits);

}  // namespace tenon::kernels
