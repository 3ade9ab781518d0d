#include "tenon/train/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "train/labelled_rows.hpp"
#include "train/metric_state.hpp"

namespace tenon::detail {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

struct Ranked {
  double score;
  bool positive;
};

/// Calls f(positives, negatives) for each group of equal scores, from the highest down.
template <class F>
void for_each_group(const std::vector<Ranked>& ranked, const F& f) {
  for (std::size_t begin = 0; begin < ranked.size();) {
    Index positives = 0, negatives = 0;
    std::size_t end = begin;
    for (; end < ranked.size() && ranked[end].score == ranked[begin].score; ++end) {
      ++(ranked[end].positive ? positives : negatives);
    }
    f(positives, negatives);
    begin = end;
  }
}

double roc_auc(const std::vector<Ranked>& ranked) {
  Index positives = 0, negatives = 0;
  double twice_won = 0;  // whole numbers: exact up to 2^53, about 4e15 pairs
  for_each_group(ranked, [&](Index p, Index n) {
    twice_won += static_cast<double>(n) * static_cast<double>(2 * positives + p);
    positives += p;
    negatives += n;
  });
  if (positives == 0 || negatives == 0) return undefined;
  return twice_won / 2 / static_cast<double>(positives) / static_cast<double>(negatives);
}

double average_precision(const std::vector<Ranked>& ranked) {
  Index positives = 0, above = 0;
  double sum = 0;
  for_each_group(ranked, [&](Index p, Index n) {
    positives += p;
    above += p + n;
    sum += static_cast<double>(p) * static_cast<double>(positives) / static_cast<double>(above);
  });
  return positives == 0 ? undefined : sum / static_cast<double>(positives);
}

bool has_nan(const double* row, Index c) {
  return std::any_of(row, row + c, [](double x) { return std::isnan(x); });
}

void softmax(double* row, Index c) {
  const double largest = *std::max_element(row, row + c);
  double sum = 0;
  for (Index k = 0; k < c; ++k) sum += row[k] = std::exp(row[k] - largest);
  for (Index k = 0; k < c; ++k) row[k] /= sum;
}

void check_probabilities(const char* op, const double* row, Index c, Index position) {
  constexpr double tolerance = 1e-3;
  double sum = 0;
  bool in_range = true;
  for (Index k = 0; k < c; ++k) {
    sum += row[k];
    in_range = in_range && row[k] >= 0;
  }
  if (in_range && std::abs(sum - 1) <= tolerance) return;
  fail<ValueError>(op,
                   "the scores of a sample must be probabilities, so that samples can be "
                   "compared, but row ",
                   position, " adds up to ", sum, in_range ? "" : " and has negative values",
                   "; hint: {.from_logits = true} for raw scores");
}

/// The scores of a batch as double, all checked, before anything is kept.
template <class T>
std::vector<double> comparable_scores(const char* op, const LabelledRows<T>& rows,
                                      bool from_logits) {
  const T* values = rows.scores.data();
  std::vector<double> scores(values, values + rows.n * rows.c);
  if (rows.c == 1) return scores;
  for (Index i = 0; i < rows.n; ++i) {
    double* row = scores.data() + i * rows.c;
    if (has_nan(row, rows.c)) continue;
    if (from_logits) {
      softmax(row, rows.c);
    } else {
      check_probabilities(op, row, rows.c, i);
    }
  }
  return scores;
}

}  // namespace

const char* RankedScores::op() const {
  return kind_ == Kind::roc_auc ? "RocAuc" : "AveragePrecision";
}

std::string RankedScores::name() const {
  return kind_ == Kind::roc_auc ? "roc_auc" : "average_precision";
}

void RankedScores::reset() {
  columns_ = 0;
  labels_.clear();
  scores_.clear();
}

template <class T, class U>
void RankedScores::keep(const BasicTensor<T>& prediction, const BasicTensor<U>& target) {
  const auto rows = labelled_rows(op(), prediction, target, options_.ignore_index);
  const Index columns = rows.classes() == 2 ? 1 : rows.c;
  if (columns_ != 0 && columns != columns_) {
    fail<ValueError>(
        op(), "the prediction has C=", rows.c, " scores a sample but earlier ones had ",
        columns_ == 1 ? "1 or 2" : std::to_string(columns_), "; hint: reset() begins anew");
  }
  const std::vector<double> scores = comparable_scores(op(), rows, options_.from_logits);
  columns_ = columns;
  for (Index i = 0; i < rows.n; ++i) {
    const Index label = rows.labels.data()[i];
    if (label == options_.ignore_index) continue;
    labels_.push_back(label);
    const double* end = scores.data() + (i + 1) * rows.c;
    scores_.insert(scores_.end(), end - columns, end);
  }
}

template <std::floating_point T>
void RankedScores::update(const BasicTensor<T>& prediction, const LongTensor& target) {
  keep(prediction, target);
}

template <std::floating_point T>
void RankedScores::update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  keep(prediction, target);
}

std::vector<double> RankedScores::per_class() const {
  std::vector<double> values;
  std::vector<Ranked> ranked(labels_.size());
  for (Index column = 0; column < columns_; ++column) {
    const Index positive = columns_ == 1 ? 1 : column;
    bool comparable = true;
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      const double score =
          scores_[i * static_cast<std::size_t>(columns_) + static_cast<std::size_t>(column)];
      ranked[i] = {score, labels_[i] == positive};
      comparable = comparable && !std::isnan(score);
    }
    if (!comparable) {
      values.push_back(undefined);
      continue;
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
    values.push_back(kind_ == Kind::roc_auc ? roc_auc(ranked) : average_precision(ranked));
  }
  return values;
}

double RankedScores::result() const {
  if (has_nan(scores_.data(), static_cast<Index>(scores_.size()))) return undefined;
  double sum = 0;
  Index defined = 0;
  for (double value : per_class()) {
    if (std::isnan(value)) continue;
    sum += value;
    ++defined;
  }
  return defined == 0 ? undefined : sum / static_cast<double>(defined);
}

std::vector<double> RankedScores::state() const {
  std::vector<double> state{static_cast<double>(columns_), static_cast<double>(labels_.size())};
  state.insert(state.end(), labels_.begin(), labels_.end());
  state.insert(state.end(), scores_.begin(), scores_.end());
  return state;
}

void RankedScores::load_state(const std::vector<double>& state) {
  check_state_size(op(), state, std::max<std::size_t>(2, state.size()));
  const Index columns = state_count(op(), state, 0);
  const auto n = static_cast<std::size_t>(state_count(op(), state, 1));
  const std::size_t values = state.size() - 2;
  const auto width = static_cast<std::size_t>(columns) + 1;
  if (n > values || width > values + 1 || n * width != values) {
    check_state_size(op(), state, state.size() + 1);
  }
  std::vector<Index> labels(n);
  for (std::size_t i = 0; i < n; ++i) labels[i] = state_count(op(), state, 2 + i);
  columns_ = columns;
  labels_ = std::move(labels);
  scores_.assign(state.begin() + static_cast<std::ptrdiff_t>(2 + n), state.end());
}

#define TENON_INSTANTIATE(T)                                                              \
  template TENON_API void RankedScores::update(const BasicTensor<T>&, const LongTensor&); \
  template TENON_API void RankedScores::update(const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
