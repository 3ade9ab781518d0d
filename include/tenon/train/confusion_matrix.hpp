#pragma once

#include <concepts>
#include <iosfwd>
#include <string>
#include <vector>

#include "tenon/train/decision.hpp"

namespace tenon {

namespace detail {
struct Decisions;
}

/// How often each class was predicted for each true class. result() is the accuracy: the share on
/// the diagonal, NaN without a sample.
/// prediction, target: as at DecisionOptions, with as many classes as the matrix has; one score a
/// sample makes two. Throws ShapeError, ValueError. As sklearn.metrics.confusion_matrix.
class TENON_API ConfusionMatrix {
 public:
  /// classes >= 2. Throws ValueError.
  explicit ConfusionMatrix(Index classes, const DecisionOptions& options = {});

  std::string name() const { return "confusion_matrix"; }
  void reset();
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const LongTensor& target);
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target);
  double result() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

  Index classes() const { return classes_; }
  /// Counts (classes, classes): the row is the true class, the column the predicted one. Samples
  /// whose scores held a NaN are in none of them.
  LongTensor matrix() const;
  /// How many samples of each true class (classes) got no prediction, since a score was NaN.
  LongTensor unpredicted() const;

 private:
  void add(const detail::Decisions& decisions);
  Index count(Index truth, Index predicted) const;

  Index classes_;
  DecisionOptions options_;
  std::vector<Index> counts_;  // (classes, classes + 1): the last column counts what is unpredicted
};

/// The matrix as a table; names: of the classes, by default their numbers. A column "NaN" appears
/// where samples are unpredicted. Throws ValueError where the names are not as many as the classes.
TENON_API std::string to_string(const ConfusionMatrix& matrix,
                                const std::vector<std::string>& names = {});
TENON_API std::ostream& operator<<(std::ostream& out, const ConfusionMatrix& matrix);

}  // namespace tenon
