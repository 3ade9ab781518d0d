#pragma once

#include <concepts>

#include "tenon/base/random.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// How freely sample() chooses. The limits apply in this order, each to what the one before left.
struct SamplingOptions {
  double temperature = 1;  ///< >= 0, divides the logits; 0 always takes the largest one
  Index top_k = 0;         ///< only the k largest may be drawn; 0 for no limit
  double top_p = 1;        ///< in (0, 1]: only the largest that make up this probability together
};

/// The probabilities with which sample() draws.
///   y = softmax(x / temperature), 0 outside of top_k and top_p, the rest scaled to the sum 1
/// logits x (..., V), V >= 1, finite or -infinity, which has the probability 0   y (..., V)
/// top_p keeps the smallest number of ids, from the most probable one down, whose probabilities sum
/// up to at least top_p (nucleus sampling). Among equal logits the smaller id comes first. A
/// constant for the tape. Throws ShapeError for a scalar or V = 0, ValueError for an option out of
/// its range, a logit that is NaN or infinity, and a row of -infinity only. Source: Holtzman et
/// al., "The curious case of neural text degeneration", ICLR 2020 (top_p).
template <std::floating_point T>
TENON_API BasicTensor<T> sampling_probabilities(const BasicTensor<T>& logits,
                                                const SamplingOptions& options = {});

/// Draws an id from each row of logits, with the probabilities above.
/// logits (..., V)   y (...), each in [0, V)
/// The generator moves on by one stream; row n takes its position n, so that what is drawn follows
/// from the generator's state and the logits alone, at any number of threads. Throws as above.
template <std::floating_point T>
TENON_API LongTensor sample(const BasicTensor<T>& logits, const SamplingOptions& options = {},
                            Generator& generator = default_generator());

}  // namespace tenon
