#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "tenon/train/decision.hpp"

namespace tenon {

namespace detail {

/// Samples that were right, of all.
struct Hits {
  Index hits = 0, count = 0;
};

}  // namespace detail

/// The share of samples whose class was predicted: hits / samples, in [0, 1]; NaN without a sample.
/// prediction, target: as at DecisionOptions. Throws ShapeError, ValueError.
class TENON_API Accuracy {
 public:
  explicit Accuracy(const DecisionOptions& options = {}) : options_(options) {}

  std::string name() const { return "accuracy"; }
  void reset() { hits_ = {}; }
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const LongTensor& target);
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target);
  double result() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 private:
  DecisionOptions options_;
  detail::Hits hits_;
};

/// The share of samples whose class is among the k that were scored highest, in [0, 1]; NaN without
/// a sample. Of equally scored classes the one that comes first stands higher; a row with a NaN
/// counts as a miss.
/// prediction (N, C) or (N, d1, ..., C): scores, k <= C
/// target (N) or (N, d1, ...): the class in [0, C), or ignore_index; or a probability for each
/// class, of the prediction's shape. Throws ShapeError, and ValueError where k or a label is out of
/// its range.
class TENON_API TopKAccuracy {
 public:
  explicit TopKAccuracy(Index k = 5, Index ignore_index = -100);

  /// "top_5_accuracy"
  std::string name() const;
  void reset() { hits_ = {}; }
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const LongTensor& target);
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target);
  double result() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 private:
  Index k_, ignore_index_;
  detail::Hits hits_;
};

}  // namespace tenon
