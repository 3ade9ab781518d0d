#include <algorithm>
#include <cmath>
#include <limits>

#include "tenon/train/report.hpp"
#include "train/report_heatmap.hpp"
#include "train/report_text.hpp"

namespace tenon {

namespace {

using detail::append;
using detail::count_text;
using detail::escape;
using detail::percent_text;

constexpr const char* report_matrix_op = "Report.add_confusion_matrix";
constexpr Index most_classes_as_table = 20;
constexpr std::size_t most_confusions = 10;
constexpr double no_share = std::numeric_limits<double>::quiet_NaN();

struct Matrix {
  std::vector<std::string> names;
  std::vector<Index> counts;  // (classes, classes)

  Index classes() const { return static_cast<Index>(names.size()); }
  Index count(Index truth, Index predicted) const {
    return counts[static_cast<std::size_t>(truth * classes() + predicted)];
  }
  const std::string& name(Index c) const { return names[static_cast<std::size_t>(c)]; }
  Index row_sum(Index truth) const {
    Index sum = 0;
    for (Index c = 0; c < classes(); ++c) sum += count(truth, c);
    return sum;
  }
  Index column_sum(Index predicted) const {
    Index sum = 0;
    for (Index c = 0; c < classes(); ++c) sum += count(c, predicted);
    return sum;
  }
};

double share(Index part, Index whole) {
  return whole == 0 ? no_share : static_cast<double>(part) / static_cast<double>(whole);
}

/// Few errors among many samples must still be seen.
double shade_of(double share) { return std::isnan(share) ? 0 : std::sqrt(share); }

Matrix checked(const LongTensor& counts, const std::vector<std::string>& class_names) {
  if (!counts.defined() || counts.rank() != 2 || counts.size(0) != counts.size(1) ||
      counts.size(0) == 0) {
    detail::fail<ShapeError>(report_matrix_op, "expects counts (C, C), C >= 1; got ",
                             counts.defined() ? to_string(counts.shape()) : "an undefined tensor");
  }
  Matrix matrix{
      detail::names_or_numbers(report_matrix_op, "class names", class_names, counts.size(0)), {}};
  for (Index i = 0; i < counts.size(0); ++i) {
    for (Index k = 0; k < counts.size(1); ++k) {
      const Index count = counts(i, k);
      if (count < 0) {
        detail::fail<ValueError>(report_matrix_op, "expects counts >= 0; got ", count, " at (", i,
                                 ", ", k, ")");
      }
      matrix.counts.push_back(count);
    }
  }
  return matrix;
}

std::string summary(const Matrix& matrix) {
  Index right = 0, all = 0;
  for (Index c = 0; c < matrix.classes(); ++c) {
    right += matrix.count(c, c);
    all += matrix.row_sum(c);
  }
  return "<p>" + count_text(right) + " of " + count_text(all) + " samples right, " +
         percent_text(share(right, all)) + ". Rows are true classes, columns predicted ones.</p>\n";
}

std::string matrix_cell(const Matrix& matrix, Index truth, Index predicted) {
  const Index count = matrix.count(truth, predicted);
  const double part = share(count, matrix.row_sum(truth));
  const double shade = shade_of(part);
  std::string out = "<td class=\"";
  append(out, {truth == predicted ? "hit" : "miss", shade > 0.78 ? " strong" : "",
               count == 0 ? " zero" : "", "\" style=\"--a:", detail::fixed_text(shade, 2),
               "\" title=\"true ", escape(matrix.name(truth)), ", predicted ",
               escape(matrix.name(predicted)), ": ", percent_text(part), "\">", count_text(count),
               "</td>"});
  return out;
}

std::string matrix_table(const Matrix& matrix) {
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\">"
      "<table class=\"matrix";
  const bool is_long = std::any_of(matrix.names.begin(), matrix.names.end(),
                                   [](const std::string& name) { return name.size() > 5; });
  append(out,
         {is_long && matrix.classes() > 4 ? " long" : "",
          "\"><caption>Colours show the square root of the share in the row.</caption><thead><tr>"
          "<th scope=\"col\">true \\ predicted</th>"});
  for (const std::string& name : matrix.names) {
    append(out, {"<th scope=\"col\"><span>", escape(name), "</span></th>"});
  }
  out += "</tr></thead><tbody>\n";
  for (Index truth = 0; truth < matrix.classes(); ++truth) {
    append(out, {"<tr><th scope=\"row\"><span>", escape(matrix.name(truth)), "</span></th>"});
    for (Index c = 0; c < matrix.classes(); ++c) out += matrix_cell(matrix, truth, c);
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string matrix_map(const Matrix& matrix) {
  detail::ReportHeatmap map{"", "true", "predicted", matrix.names, matrix.names, {}, {}};
  for (Index truth = 0; truth < matrix.classes(); ++truth) {
    const Index all = matrix.row_sum(truth);
    for (Index c = 0; c < matrix.classes(); ++c) {
      map.values.push_back(static_cast<double>(matrix.count(truth, c)));
      map.shades.push_back(shade_of(share(matrix.count(truth, c), all)));
    }
  }
  return draw(map);
}

/// The most frequent pairs off the diagonal.
std::string confusions_table(const Matrix& matrix) {
  struct Pair {
    Index truth, predicted, count;
  };
  std::vector<Pair> pairs;
  for (Index truth = 0; truth < matrix.classes(); ++truth) {
    for (Index c = 0; c < matrix.classes(); ++c) {
      const Index count = matrix.count(truth, c);
      if (truth != c && count > 0) pairs.push_back({truth, c, count});
    }
  }
  if (pairs.empty()) return "";
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.count > b.count; });
  pairs.resize(std::min(pairs.size(), most_confusions));
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Most frequent "
      "confusions\"><table><caption>Most frequent confusions</caption><thead><tr>"
      "<th scope=\"col\">true</th><th scope=\"col\">predicted</th><th scope=\"col\" class=\"n\">"
      "samples</th><th scope=\"col\" class=\"n\">of the true class</th></tr></thead><tbody>\n";
  for (const Pair& pair : pairs) {
    append(out, {"<tr><td>", escape(matrix.name(pair.truth)), "</td><td>",
                 escape(matrix.name(pair.predicted)), "</td><td class=\"n\">",
                 count_text(pair.count), "</td><td class=\"n\">",
                 percent_text(share(pair.count, matrix.row_sum(pair.truth))), "</td></tr>\n"});
  }
  return out + "</tbody></table></div>\n";
}

std::string share_cell(double value) {
  std::string out = "<td class=\"n\">";
  if (!std::isnan(value)) {
    append(out, {"<i class=\"bar\" style=\"--w:", detail::fixed_text(100 * value, 1), "%\"></i>"});
  }
  append(out, {percent_text(value), "</td>"});
  return out;
}

std::string classes_table(const Matrix& matrix) {
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Classes\"><table>"
      "<caption>Each class</caption><thead><tr><th scope=\"col\">class</th><th scope=\"col\" "
      "class=\"n\">samples</th><th scope=\"col\" class=\"n\">recall</th><th scope=\"col\" "
      "class=\"n\">precision</th><th scope=\"col\" class=\"n\">F1</th></tr></thead><tbody>\n";
  for (Index c = 0; c < matrix.classes(); ++c) {
    const Index hits = matrix.count(c, c);
    const Index truths = matrix.row_sum(c), predictions = matrix.column_sum(c);
    append(out, {"<tr><th scope=\"row\">", escape(matrix.name(c)), "</th><td class=\"n\">",
                 count_text(truths), "</td>", share_cell(share(hits, truths)),
                 share_cell(share(hits, predictions)),
                 share_cell(share(2 * hits, truths + predictions)), "</tr>\n"});
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace

void Report::add_confusion_matrix(const LongTensor& counts,
                                  const std::vector<std::string>& class_names,
                                  const std::string& title) {
  const Matrix matrix = checked(counts, class_names);
  std::string html = summary(matrix);
  if (matrix.classes() <= most_classes_as_table) {
    append(html, {matrix_table(matrix), "<div class=\"pair\">", classes_table(matrix),
                  confusions_table(matrix), "</div>\n"});
  } else {
    append(html, {matrix_map(matrix), confusions_table(matrix), "<details><summary>All ",
                  count_text(matrix.classes()), " classes</summary>", classes_table(matrix),
                  "</details>\n"});
  }
  sections_.emplace_back(title, html);
}

}  // namespace tenon
