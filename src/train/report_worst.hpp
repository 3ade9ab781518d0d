#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tenon/train/report.hpp"

namespace tenon::detail {

/// A sample and what the net said of it.
struct WorstSample {
  Index sample;
  Index label;
  Index predicted;         ///< -1: a score was NaN
  double label_share;      ///< the probability of the label
  double predicted_share;  ///< that of the predicted class
};

struct WorstSamples {
  std::vector<WorstSample> samples;
  Index wrong = 0;
  Index all = 0;
  std::vector<std::string> class_names;
};

/// The `count` wrong samples whose label got the lowest probability or, where none is wrong, the
/// right ones of the lowest probability. Throws what Report::add_worst_images() throws about
/// scores, labels and class names.
WorstSamples worst_samples(std::string_view op, const DoubleTensor& scores,
                           const LongTensor& labels, const std::vector<std::string>& class_names,
                           Index count, ReportScores kind);

/// How many there are and which of them follow.
std::string worst_summary(const WorstSamples& worst, std::string_view things);
/// What was true and what was predicted, with the probabilities as bars.
std::string worst_verdict(const WorstSamples& worst, const WorstSample& sample);

}  // namespace tenon::detail
