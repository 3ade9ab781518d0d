#include "tenon/train/classification.hpp"

#include <cstddef>
#include <limits>
#include <numeric>

#include "train/decisions.hpp"
#include "train/metric_state.hpp"

namespace tenon::detail {
namespace {

Index sum_of(const std::vector<Index>& counts) {
  return std::accumulate(counts.begin(), counts.end(), Index{0});
}

void check_classes(const char* op, Index classes, Index before, Average average) {
  if (average == Average::binary && classes != 2) {
    fail<ValueError>(op, "Average::binary is for 2 classes but the prediction has C=", classes,
                     "; hint: {.average = Average::macro}, or micro, or weighted");
  }
  if (before != 0 && classes != before) {
    fail<ValueError>(op, "the prediction has C=", classes,
                     " classes but earlier ones had C=", before, "; hint: reset() begins anew");
  }
}

}  // namespace

const char* ClassScores::op() const {
  switch (kind_) {
    case Kind::precision:
      return "Precision";
    case Kind::recall:
      return "Recall";
    case Kind::f1:
      break;
  }
  return "F1Score";
}

std::string ClassScores::name() const {
  std::string name = kind_ == Kind::precision ? "precision" : "recall";
  if (kind_ == Kind::f1) name = "f1";
  switch (options_.average) {
    case Average::macro:
      return name + "_macro";
    case Average::micro:
      return name + "_micro";
    case Average::weighted:
      return name + "_weighted";
    case Average::binary:
      break;
  }
  return name;
}

void ClassScores::reset() {
  truth_.clear();
  predicted_.clear();
  hits_.clear();
}

template <class T, class U>
void ClassScores::count(const BasicTensor<T>& prediction, const BasicTensor<U>& target) {
  add(decide(op(), prediction, target, {options_.threshold, options_.ignore_index}));
}

template <std::floating_point T>
void ClassScores::update(const BasicTensor<T>& prediction, const LongTensor& target) {
  count(prediction, target);
}

template <std::floating_point T>
void ClassScores::update(const BasicTensor<T>& prediction, const BasicTensor<T>& target) {
  count(prediction, target);
}

void ClassScores::add(const Decisions& decisions) {
  check_classes(op(), decisions.classes, static_cast<Index>(truth_.size()), options_.average);
  const auto classes = static_cast<std::size_t>(decisions.classes);
  for (auto* counts : {&truth_, &predicted_, &hits_}) counts->resize(classes);
  decisions.each([this](Index truth, Index predicted) {
    ++truth_[static_cast<std::size_t>(truth)];
    if (predicted == Decisions::none) return;
    ++predicted_[static_cast<std::size_t>(predicted)];
    if (truth == predicted) ++hits_[static_cast<std::size_t>(truth)];
  });
}

double ClassScores::score(Index hits, Index predicted, Index truth) const {
  Index divisor = predicted + truth;
  if (kind_ == Kind::precision) divisor = predicted;
  if (kind_ == Kind::recall) divisor = truth;
  if (divisor == 0) return 0;
  return static_cast<double>(kind_ == Kind::f1 ? 2 * hits : hits) / static_cast<double>(divisor);
}

std::vector<double> ClassScores::per_class() const {
  std::vector<double> scores(truth_.size());
  for (std::size_t c = 0; c < scores.size(); ++c) {
    scores[c] = score(hits_[c], predicted_[c], truth_[c]);
  }
  return scores;
}

double ClassScores::result() const {
  const Index samples = sum_of(truth_);
  if (samples == 0) return std::numeric_limits<double>::quiet_NaN();
  if (options_.average == Average::micro) {
    return score(sum_of(hits_), sum_of(predicted_), samples);
  }
  const std::vector<double> scores = per_class();
  if (options_.average == Average::binary) return scores[1];
  double sum = 0;
  Index weights = 0;
  for (std::size_t c = 0; c < scores.size(); ++c) {
    const bool occurs = truth_[c] + predicted_[c] > 0;
    const Index weight = options_.average == Average::weighted ? truth_[c] : Index{occurs};
    sum += static_cast<double>(weight) * scores[c];
    weights += weight;
  }
  return sum / static_cast<double>(weights);
}

std::vector<double> ClassScores::state() const {
  std::vector<double> state;
  for (const auto* counts : {&truth_, &predicted_, &hits_}) {
    for (Index count : *counts) state.push_back(static_cast<double>(count));
  }
  return state;
}

void ClassScores::load_state(const std::vector<double>& state) {
  const std::size_t classes = state.size() / 3;
  check_state_size(op(), state, 3 * classes);
  std::vector<Index> loaded(state.size());
  for (std::size_t i = 0; i < state.size(); ++i) loaded[i] = state_count(op(), state, i);
  const auto part = [&](std::size_t i) {
    const auto begin = loaded.begin() + static_cast<std::ptrdiff_t>(i * classes);
    return std::vector<Index>(begin, begin + static_cast<std::ptrdiff_t>(classes));
  };
  truth_ = part(0);
  predicted_ = part(1);
  hits_ = part(2);
}

#define TENON_INSTANTIATE(T)                                                             \
  template TENON_API void ClassScores::update(const BasicTensor<T>&, const LongTensor&); \
  template TENON_API void ClassScores::update(const BasicTensor<T>&, const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
