#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// How many classes a model hesitates between: exp of the mean cross-entropy,
///   exp(-mean log_softmax(logits)[target]),  in [1, inf];
/// C for a uniform guess; NaN without a label, and where a logit is NaN.
/// logits (N, C) or (N, d1, ..., C), C >= 2: raw scores
/// target (N) or (N, d1, ...): the class in [0, C), or ignore_index, which counts for nothing
/// Throws ShapeError, ValueError. Each sample's loss is computed in T, their sum in double in the
/// order of the samples.
/// Source: Jelinek et al., "Perplexity: a measure of the difficulty of speech recognition tasks",
/// 1977.
class TENON_API Perplexity {
 public:
  explicit Perplexity(Index ignore_index = -100) : ignore_index_(ignore_index) {}

  std::string name() const { return "perplexity"; }
  void reset();
  template <std::floating_point T>
  void update(const BasicTensor<T>& logits, const LongTensor& target);
  double result() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 private:
  Index ignore_index_;
  double sum_ = 0;
  Index count_ = 0;
};

}  // namespace tenon
