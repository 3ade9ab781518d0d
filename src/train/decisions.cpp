#include "train/decisions.hpp"

#include <cmath>

#include "tenon/autograd/tape.hpp"
#include "tenon/ops/reduce.hpp"
#include "train/labelled_rows.hpp"

namespace tenon::detail {
namespace {

template <class T>
LongTensor above_threshold(const LabelledRows<T>& rows, double threshold) {
  auto predicted = LongTensor::empty({rows.n});
  const T* scores = rows.scores.data();
  const T limit = static_cast<T>(threshold);  // so that a score of 0.6F is not above 0.6
  for (Index i = 0; i < rows.n; ++i) {
    predicted.data()[i] = std::isnan(scores[i]) ? Decisions::none : Index{scores[i] > limit};
  }
  return predicted;
}

/// argmax gives the position of a NaN where there is one.
template <class T>
LongTensor likeliest(const LabelledRows<T>& rows) {
  const NoTape guard;
  const auto scores = rows.scores.reshape({rows.n, rows.c});
  auto predicted = argmax(scores, 1);
  const T* row = scores.data();
  for (Index i = 0; i < rows.n; ++i, row += rows.c) {
    std::int64_t& p = predicted.data()[i];
    if (std::isnan(row[p])) p = Decisions::none;
  }
  return predicted;
}

/// Moves what is not ignored to the front.
template <class T>
Decisions without_ignored(const LabelledRows<T>& rows, LongTensor predicted, Index ignore_index) {
  Decisions kept{LongTensor::empty({rows.n}), std::move(predicted), 0, rows.classes()};
  for (Index i = 0; i < rows.n; ++i) {
    const Index label = rows.labels.data()[i];
    if (label == ignore_index) continue;
    kept.truth.data()[kept.n] = label;
    kept.predicted.data()[kept.n] = kept.predicted.data()[i];
    ++kept.n;
  }
  return kept;
}

}  // namespace

template <class T, class U>
Decisions decide(const char* op, const BasicTensor<T>& prediction, const BasicTensor<U>& target,
                 const DecisionOptions& options) {
  const auto rows = labelled_rows(op, prediction, target, options.ignore_index);
  auto predicted = rows.c == 1 ? above_threshold(rows, options.threshold) : likeliest(rows);
  return without_ignored(rows, std::move(predicted), options.ignore_index);
}

#define TENON_INSTANTIATE(T)                                                           \
  template Decisions decide(const char*, const BasicTensor<T>&, const LongTensor&,     \
                            const DecisionOptions&);                                   \
  template Decisions decide(const char*, const BasicTensor<T>&, const BasicTensor<T>&, \
                            const DecisionOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
