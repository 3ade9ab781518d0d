#pragma once

// What tests of metrics share.

#include <algorithm>
#include <cmath>
#include <vector>

#include "ops_support.hpp"
#include "tenon/train/accuracy.hpp"
#include "tenon/train/classification.hpp"
#include "tenon/train/confusion_matrix.hpp"
#include "tenon/train/metric.hpp"
#include "tenon/train/perplexity.hpp"
#include "tenon/train/ranking.hpp"
#include "tenon/train/regression.hpp"

namespace tenon::test {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The result over one batch.
template <class M, class T, class U>
double result_of(M metric, const BasicTensor<T>& prediction, const BasicTensor<U>& target) {
  metric.update(prediction, target);
  return metric.result();
}

/// Takes in the samples [begin, end).
template <class T, class U>
void update_part(BasicMetric<T>& metric, const BasicTensor<T>& prediction,
                 const BasicTensor<U>& target, Index begin, Index end) {
  metric.update(prediction.narrow(0, begin, end - begin), target.narrow(0, begin, end - begin));
}

/// All metrics of (N, C) scores.
template <class T>
std::vector<BasicMetric<T>> metrics_of_scores(Index classes) {
  std::vector<BasicMetric<T>> metrics{Accuracy(),
                                      TopKAccuracy(2),
                                      ConfusionMatrix(classes),
                                      RocAuc({.from_logits = true}),
                                      AveragePrecision({.from_logits = true}),
                                      Perplexity()};
  for (Average average : {Average::macro, Average::micro, Average::weighted}) {
    metrics.push_back(Precision({.average = average}));
    metrics.push_back(Recall({.average = average}));
    metrics.push_back(F1Score({.average = average}));
  }
  return metrics;
}

template <class T>
std::vector<BasicMetric<T>> metrics_of_numbers() {
  return {MeanSquaredError(), RootMeanSquaredError(), MeanAbsoluteError(), R2Score()};
}

}  // namespace tenon::test
