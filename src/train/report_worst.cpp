#include "train/report_worst.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "train/report_text.hpp"

namespace tenon::detail {

namespace {

/// Scores (N, classes) in rows.
struct Rows {
  Index classes;
  std::vector<double> values;

  double* row(Index sample) { return values.data() + sample * classes; }
};

void check(std::string_view op, const DoubleTensor& scores, const LongTensor& labels) {
  const bool fits = scores.defined() && labels.defined() && labels.rank() == 1 &&
                    (scores.rank() == 1 || scores.rank() == 2) && scores.numel() > 0 &&
                    scores.size(0) == labels.size(0);
  if (!fits) {
    fail<ShapeError>(op, "expects scores (N, classes), (N, 1) or (N), and labels (N), N >= 1; got ",
                     scores.defined() ? to_string(scores.shape()) : "an undefined tensor", " and ",
                     labels.defined() ? to_string(labels.shape()) : "an undefined tensor");
  }
}

bool are_probabilities(const std::vector<double>& scores, Index columns) {
  double sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] < 0 || scores[i] > 1) return false;  // NaN tells nothing
    sum += scores[i];
    if ((static_cast<Index>(i) + 1) % columns != 0) continue;
    if (columns > 1 && std::abs(sum - 1) > 1e-3) return false;
    sum = 0;
  }
  return true;
}

/// Logarithms of the probabilities of each class.
Rows log_probabilities(const DoubleTensor& scores, ReportScores kind) {
  const DoubleTensor packed = scores.contiguous();
  const std::vector<double> values(packed.data(), packed.data() + packed.numel());
  const Index columns = packed.rank() == 1 ? 1 : packed.size(1);
  const bool given = kind == ReportScores::probabilities ||
                     (kind == ReportScores::automatic && are_probabilities(values, columns));
  if (columns == 1) {
    Rows rows{2, {}};
    for (double x : values) {
      rows.values.push_back(given ? std::log1p(-x) : -std::log1p(std::exp(x)));
      rows.values.push_back(given ? std::log(x) : -std::log1p(std::exp(-x)));
    }
    return rows;
  }
  Rows rows{columns, values};
  for (Index i = 0; i < packed.size(0); ++i) {
    double* row = rows.row(i);
    const double largest = *std::max_element(row, row + columns);
    double sum = 0;
    for (Index c = 0; c < columns; ++c) sum += std::exp(row[c] - largest);
    for (Index c = 0; c < columns; ++c) {
      row[c] = given ? std::log(row[c]) : row[c] - largest - std::log(sum);
    }
  }
  return rows;
}

std::string bar(const std::string& kind, const std::string& what, const std::string& name,
                double share) {
  const double width = std::isnan(share) ? 0 : 100 * std::min(share, 1.0);
  return "<div class=\"share " + kind + "\"><span>" + what + "</span><b>" + escape(name) +
         "</b><em>" + percent_text(share) + "</em><i style=\"--w:" + fixed_text(width, 1) +
         "%\"></i></div>";
}

}  // namespace

WorstSamples worst_samples(std::string_view op, const DoubleTensor& scores,
                           const LongTensor& labels, const std::vector<std::string>& class_names,
                           Index count, ReportScores kind) {
  check(op, scores, labels);
  if (count < 1) fail<ValueError>(op, "expects options.count >= 1; got ", count);
  Rows rows = log_probabilities(scores, kind);
  WorstSamples out;
  out.all = labels.size(0);
  out.class_names = names_or_numbers(op, "class names", class_names, rows.classes);

  struct Candidate {
    WorstSample sample;
    double key;
  };
  std::vector<Candidate> wrong, right;
  for (Index i = 0; i < out.all; ++i) {
    const Index label = labels(i);
    if (label < 0 || label >= rows.classes) {
      fail<ValueError>(op, "expects labels in 0 .. ", rows.classes - 1, "; got ", label,
                       " for sample ", i);
    }
    const double* row = rows.row(i);
    const bool has_nan =
        std::any_of(row, row + rows.classes, [](double x) { return std::isnan(x); });
    const Index predicted = has_nan ? -1 : std::max_element(row, row + rows.classes) - row;
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    const WorstSample sample{i, label, predicted, has_nan ? nothing : std::exp(row[label]),
                             has_nan ? nothing : std::exp(row[predicted])};
    const double key = has_nan ? -std::numeric_limits<double>::infinity() : row[label];
    (predicted == label ? right : wrong).push_back({sample, key});
  }
  out.wrong = static_cast<Index>(wrong.size());
  std::vector<Candidate>& shown = wrong.empty() ? right : wrong;
  std::stable_sort(shown.begin(), shown.end(),
                   [](const Candidate& a, const Candidate& b) { return a.key < b.key; });
  const Index n = std::min(count, static_cast<Index>(shown.size()));
  for (Index i = 0; i < n; ++i) out.samples.push_back(shown[static_cast<std::size_t>(i)].sample);
  return out;
}

std::string worst_summary(const WorstSamples& worst, std::string_view things) {
  const auto shown = static_cast<Index>(worst.samples.size());
  std::string out = "<p>";
  if (worst.wrong == 0) {
    append(out, {"None of ", count_text(worst.all), " ", things,
                 " is classified wrongly. These are the ", count_text(shown),
                 " of which the net was least sure."});
  } else {
    append(out,
           {count_text(worst.wrong), " of ", count_text(worst.all), " ", things,
            " classified wrongly (",
            percent_text(static_cast<double>(worst.wrong) / static_cast<double>(worst.all)), "). ",
            shown < worst.wrong ? "These are the " + count_text(shown) + " with"
                                : "All are here, those with",
            " the lowest probability of the true class", shown < worst.wrong ? "." : " first."});
  }
  return out + "</p>\n";
}

std::string worst_verdict(const WorstSamples& worst, const WorstSample& sample) {
  const auto name = [&](Index c) { return worst.class_names[static_cast<std::size_t>(c)]; };
  std::string out = bar("truth", "true", name(sample.label), sample.label_share);
  if (sample.predicted < 0)
    return out + "<p class=\"none\">No prediction: a score is NaN or infinite.</p>";
  return out + bar(sample.predicted == sample.label ? "truth" : "guess", "predicted",
                   name(sample.predicted), sample.predicted_share);
}

}  // namespace tenon::detail
