#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// How the values of several classes become one.
enum class Average {
  binary,    ///< of two classes, that of class 1
  macro,     ///< the mean over the classes that occur among the true or the predicted ones
  micro,     ///< of the sums over all classes
  weighted,  ///< the mean over the classes, weighted by how often each is the true one
};

/// Precision, Recall and F1Score. Prediction and target are as at DecisionOptions.
struct ClassificationOptions {
  Average average = Average::binary;
  double threshold = 0.5;     ///< of one score a sample: 0.5 for probabilities, 0 for raw scores
  Index ignore_index = -100;  ///< samples with this label count for nothing
};

namespace detail {

struct Decisions;

/// What Precision, Recall and F1Score share: counts of each class.
class TENON_API ClassScores {
 public:
  /// sklearn's names: "f1" for Average::binary, else "f1_macro", "f1_micro", "f1_weighted"; alike
  /// "precision", "recall".
  std::string name() const;
  void reset();
  /// Throws ShapeError, and ValueError for a label out of its range, for classes that are not as
  /// many as before, and for more than two of them under Average::binary.
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const LongTensor& target);
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target);
  /// In [0, 1]; 0 where it would be 0 / 0; NaN without a sample.
  double result() const;
  /// The value of each class, 0 where it would be 0 / 0; empty before the first batch.
  std::vector<double> per_class() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 protected:
  enum class Kind { precision, recall, f1 };
  ClassScores(Kind kind, const ClassificationOptions& options) : kind_(kind), options_(options) {}

 private:
  const char* op() const;
  template <class T, class U>
  void count(const BasicTensor<T>& prediction, const BasicTensor<U>& target);
  void add(const Decisions& decisions);
  double score(Index hits, Index predicted, Index truth) const;

  Kind kind_;
  ClassificationOptions options_;
  std::vector<Index> truth_, predicted_, hits_;  // how often each class is true, predicted, both
};

}  // namespace detail

/// Of the samples that were predicted to be of a class, the share that is:
/// hits / predicted. As sklearn.metrics.precision_score with zero_division=0.
class Precision : public detail::ClassScores {
 public:
  explicit Precision(const ClassificationOptions& options = {})
      : ClassScores(Kind::precision, options) {}
};

/// Of the samples that are of a class, the share that was found: hits / true ones.
/// As sklearn.metrics.recall_score with zero_division=0.
class Recall : public detail::ClassScores {
 public:
  explicit Recall(const ClassificationOptions& options = {}) : ClassScores(Kind::recall, options) {}
};

/// The harmonic mean of precision and recall: 2 hits / (predicted + true ones).
/// As sklearn.metrics.f1_score with zero_division=0.
class F1Score : public detail::ClassScores {
 public:
  explicit F1Score(const ClassificationOptions& options = {}) : ClassScores(Kind::f1, options) {}
};

}  // namespace tenon
