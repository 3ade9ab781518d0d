#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// RocAuc and AveragePrecision.
struct RankingOptions {
  bool from_logits = false;   ///< (N, C) scores are raw ones, to which softmax is applied first
  Index ignore_index = -100;  ///< samples with this label count for nothing
};

namespace detail {

template <class T>
struct LabelledRows;

/// What RocAuc and AveragePrecision share: all scores since reset(), eight bytes each.
class TENON_API RankedScores {
 public:
  std::string name() const;
  void reset();
  /// prediction (N) or (N, 1): any scores of class 1, since only their order counts; (N, C), or
  ///   (N, d1, ..., C): probabilities, each row adding up to 1, or raw scores with from_logits
  /// target: as at DecisionOptions
  /// Throws ShapeError, and ValueError for a label out of its range, for rows that are no
  /// probabilities and for classes that are not as many as before.
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const LongTensor& target);
  template <std::floating_point T>
  void update(const BasicTensor<T>& prediction, const BasicTensor<T>& target);
  /// In [0, 1]: with two classes that of class 1, else the mean over the classes for which it is
  /// defined; NaN where there is none, and where a score is NaN.
  double result() const;
  /// The value of each class against the rest, NaN where undefined; with two classes only that of
  /// class 1. Empty before the first batch.
  std::vector<double> per_class() const;
  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 protected:
  enum class Kind { roc_auc, average_precision };
  RankedScores(Kind kind, const RankingOptions& options) : kind_(kind), options_(options) {}

 private:
  const char* op() const;
  template <class T, class U>
  void keep(const BasicTensor<T>& prediction, const BasicTensor<U>& target);

  Kind kind_;
  RankingOptions options_;
  Index columns_ = 0;           // 0 before the first batch, 1 for two classes, else one a class
  std::vector<Index> labels_;   // (n)
  std::vector<double> scores_;  // (n, columns)
};

}  // namespace detail

/// The area under the ROC curve: the share of pairs of a positive and a negative sample in which
/// the positive one has the higher score; equal scores count one half. Exact over all batches.
/// Undefined where there is no positive or no negative sample. As sklearn.metrics.roc_auc_score
/// with multi_class="ovr". Source: Fawcett, "An introduction to ROC analysis", 2006.
class RocAuc : public detail::RankedScores {
 public:
  explicit RocAuc(const RankingOptions& options = {}) : RankedScores(Kind::roc_auc, options) {}
};

/// The area under the steps of precision over recall, from the highest score down:
/// sum_i (recall_i - recall_(i-1)) precision_i over the distinct scores i. Undefined where there is
/// no positive sample (sklearn says 0). Else as sklearn.metrics.average_precision_score.
class AveragePrecision : public detail::RankedScores {
 public:
  explicit AveragePrecision(const RankingOptions& options = {})
      : RankedScores(Kind::average_precision, options) {}
};

}  // namespace tenon
