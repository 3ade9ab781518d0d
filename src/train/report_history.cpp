#include "train/report_history.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "train/report_axis.hpp"
#include "train/report_chart.hpp"
#include "train/report_text.hpp"

namespace tenon::detail {

namespace {

constexpr std::string_view validation_prefix = "val_";
constexpr Index most_rows = 200;
constexpr std::size_t fewest_smoothed = 200;

bool is_validation(std::string_view name) { return name.starts_with(validation_prefix); }

bool is_measure(std::string_view name) {
  return name != "seconds" && name != "samples_per_second" && name != "learning_rate";
}

bool is_better_low(std::string_view name) {
  for (std::string_view word :
       {"loss", "error", "perplexity", "mae", "mse", "entropy", "bits_per", "brier"}) {
    if (name.find(word) != std::string_view::npos) return true;
  }
  return false;
}

/// Names of what was measured, each once, without "val_", in the order of the history.
std::vector<std::string> measures(const HistoryTable& epochs) {
  std::vector<std::string> out;
  for (const std::string& name : epochs.names()) {
    if (!is_measure(name)) continue;
    const std::string base = is_validation(name) ? name.substr(validation_prefix.size()) : name;
    if (std::find(out.begin(), out.end(), base) == out.end()) out.push_back(base);
  }
  return out;
}

/// The rows in which at least one column of the validation part has a number.
std::vector<bool> validated_rows(const HistoryTable& epochs) {
  std::vector<bool> out(static_cast<std::size_t>(epochs.size()), false);
  for (const std::string& name : epochs.names()) {
    if (!is_validation(name)) continue;
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = out[i] || !std::isnan(epochs[name][i]);
  }
  return out;
}

struct Column {
  std::vector<double> x;  ///< epochs, from 1
  std::vector<double> y;
  Index best = -1;

  bool exists() const { return !y.empty(); }
};

/// The column of that name; empty where there is none. Epochs without validation are left out.
Column column(const HistoryTable& epochs, const std::string& name) {
  Column out;
  if (!epochs.contains(name)) return out;
  const std::vector<bool> validated = validated_rows(epochs);
  const double sign = is_better_low(name) ? -1 : 1;
  for (std::size_t i = 0; i < validated.size(); ++i) {
    if (is_validation(name) && !validated[i]) continue;
    const double y = epochs[name][i];
    const auto best = static_cast<std::size_t>(out.best);
    if (is_drawable(y) && (out.best < 0 || sign * y > sign * out.y[best])) {
      out.best = static_cast<Index>(out.y.size());
    }
    out.x.push_back(static_cast<double>(i + 1));
    out.y.push_back(y);
  }
  return out;
}

bool may_be_log(std::string_view name, const std::vector<ReportCurve>& curves) {
  if (is_better_low(name) || name == "learning_rate") return true;
  for (const ReportCurve& curve : curves) {
    for (double y : curve.y) {
      if (y > 1) return true;
    }
  }
  return false;
}

std::string measure_chart(const HistoryTable& epochs, const std::string& name) {
  const Column train = column(epochs, name);
  const Column val = column(epochs, std::string(validation_prefix) + name);
  ReportChart chart{name, "epoch", {}};
  if (train.exists()) {
    chart.curves.push_back({"training", ReportCurve::Style::training, train.x, train.y,
                            val.exists() || epochs.size() == 1 ? -1 : train.best});
  }
  if (val.exists()) {
    chart.curves.push_back({"validation", ReportCurve::Style::validation, val.x, val.y,
                            epochs.size() == 1 ? -1 : val.best});
  }
  if (chart.curves.empty()) return "";
  chart.may_be_log = may_be_log(name, chart.curves);
  return draw(chart);
}

ReportCurve step_curve(const HistoryTable& steps, const std::string& name) {
  ReportCurve curve{name, ReportCurve::Style::training};
  curve.y = steps[name];
  for (std::size_t i = 0; i < curve.y.size(); ++i) curve.x.push_back(static_cast<double>(i + 1));
  return curve;
}

/// Means of `every` points each, without those that cannot be drawn.
ReportCurve means(const ReportCurve& curve, std::size_t every) {
  ReportCurve out{"mean of " + count_text(static_cast<Index>(every)) + " steps",
                  ReportCurve::Style::training};
  for (std::size_t begin = 0; begin < curve.y.size(); begin += every) {
    const std::size_t end = std::min(begin + every, curve.y.size());
    double sum = 0, count = 0;
    for (std::size_t i = begin; i < end; ++i) {
      if (!is_drawable(curve.y[i])) continue;
      sum += curve.y[i];
      count += 1;
    }
    out.x.push_back((curve.x[begin] + curve.x[end - 1]) / 2);
    out.y.push_back(sum / count);
  }
  return out;
}

std::string step_charts(const HistoryTable& steps) {
  std::string out;
  if (steps.size() < 2) return out;
  if (steps.contains("loss")) {
    ReportCurve loss = step_curve(steps, "loss");
    ReportChart chart{"loss of each step", "step", {loss}};
    chart.curves[0].name = "each step";
    chart.may_be_log = true;
    if (loss.y.size() >= fewest_smoothed) {
      chart.curves[0].style = ReportCurve::Style::faint;
      chart.curves.push_back(means(loss, (loss.y.size() + 79) / 80));
    }
    out += draw(chart);
  }
  if (steps.contains("learning_rate")) {
    ReportCurve rate = step_curve(steps, "learning_rate");
    const auto [low, high] = std::minmax_element(rate.y.begin(), rate.y.end());
    rate.name = "learning rate";
    // One that ends at almost nothing is better seen on a linear scale.
    if (*low < *high) out += draw({"learning rate", "step", {rate}, *high <= 1e4 * *low});
  }
  return out;
}

std::string duration(double seconds) {
  if (!is_drawable(seconds)) return "–";
  if (seconds < 60) return fixed_text(seconds, seconds < 10 ? 2 : 1) + " s";
  const auto whole = static_cast<Index>(std::llround(std::min(seconds, 1e15)));
  if (whole < 3600) return count_text(whole / 60) + " min " + count_text(whole % 60) + " s";
  return count_text(whole / 3600) + " h " + count_text(whole / 60 % 60) + " min";
}

std::string tile(const std::string& name, const std::string& value, const std::string& note) {
  return "<div class=\"tile\"><dt>" + escape(name) + "</dt><dd>" + value + "<small>" + note +
         "</small></dd></div>";
}

std::string tiles(const History& history) {
  const HistoryTable& epochs = history.epochs;
  std::string out = "<dl class=\"tiles\">";
  for (const std::string& name : measures(epochs)) {
    const Column val = column(epochs, std::string(validation_prefix) + name);
    const Column train = column(epochs, name);
    const Column& shown = val.exists() ? val : train;
    if (!shown.exists()) continue;
    const std::string best =
        shown.best < 0 ? "" : "best " + number_text(shown.y[static_cast<std::size_t>(shown.best)]);
    out += tile((val.exists() ? "validation " : "training ") + name, number_text(shown.y.back()),
                best);
  }
  out += tile("epochs", count_text(epochs.size()),
              history.steps.size() > 0 ? plural_text(history.steps.size(), "step") : "");
  if (epochs.contains("seconds")) {
    double seconds = 0;
    for (double s : epochs["seconds"]) seconds += s;
    std::string rate;
    if (epochs.contains("samples_per_second")) {
      rate = number_text(epochs["samples_per_second"].back()) + " samples/s";
    }
    out += tile("time", duration(seconds), rate);
  }
  if (epochs.contains("learning_rate")) {
    out += tile("learning rate", number_text(epochs["learning_rate"].back()), "at the end");
  }
  return out + "</dl>\n";
}

std::string notes(const History& history) {
  std::string out;
  if (!history.stop_reason.empty()) {
    out += "<p class=\"note\">Stopped before the last epoch: " + escape(history.stop_reason) +
           "</p>\n";
  }
  if (history.resumed_from_step >= 0) {
    out += "<p class=\"note\">Resumed from a checkpoint after step " +
           count_text(history.resumed_from_step) + ".</p>\n";
  }
  for (const std::string& warning : history.warnings) {
    out += "<p class=\"note warning\"><b>Warning:</b> " + escape(warning) + "</p>\n";
  }
  return out;
}

std::string cell(const std::string& text) { return "<td class=\"n\">" + text + "</td>"; }

std::string summary_table(const HistoryTable& epochs) {
  std::string out =
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Last and best epoch\">"
      "<table><caption>The last epoch and the best</caption><thead><tr><th "
      "scope=\"col\">measure</th>"
      "<th scope=\"col\" class=\"n\">training, last</th><th scope=\"col\" class=\"n\">validation, "
      "last</th><th scope=\"col\" class=\"n\">best</th><th scope=\"col\">where</th></tr></thead>"
      "<tbody>\n";
  for (const std::string& name : measures(epochs)) {
    const Column train = column(epochs, name);
    const Column val = column(epochs, std::string(validation_prefix) + name);
    const Column& judged = val.exists() ? val : train;
    if (!judged.exists()) continue;
    append(out, {"<tr><th scope=\"row\">", escape(name), "</th>",
                 cell(train.exists() ? number_text(train.y.back()) : "–"),
                 cell(val.exists() ? number_text(val.y.back()) : "–")});
    if (judged.best < 0) {
      out += cell("–") + "<td>–</td></tr>\n";
      continue;
    }
    const auto best = static_cast<std::size_t>(judged.best);
    append(out, {cell(number_text(judged.y[best])), "<td class=\"where\">",
                 val.exists() ? "validation" : "training", ", epoch ", number_text(judged.x[best]),
                 is_better_low(name) ? " (lowest)" : " (highest)", "</td></tr>\n"});
  }
  return out + "</tbody></table></div>\n";
}

std::string epochs_table(const HistoryTable& epochs) {
  const Index first = std::max<Index>(0, epochs.size() - most_rows);
  std::string out = "<details><summary>";
  append(out, {first > 0 ? "The last " + count_text(most_rows) + " of " : "",
               plural_text(epochs.size(), "epoch"),
               " as a table</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" "
               "aria-label=\"Epochs\"><table><thead><tr><th scope=\"col\" class=\"n\">epoch</th>"});
  for (const std::string& name : epochs.names()) {
    append(out, {"<th scope=\"col\" class=\"n\">", escape(name), "</th>"});
  }
  out += "</tr></thead><tbody>\n";
  for (Index i = first; i < epochs.size(); ++i) {
    append(out, {"<tr><th scope=\"row\" class=\"n\">", i + 1, "</th>"});
    for (const std::string& name : epochs.names()) {
      out += cell(number_text(epochs[name][static_cast<std::size_t>(i)]));
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></details>\n";
}

}  // namespace

std::string history_html(const History& history) {
  std::string out = notes(history) + tiles(history) + "<div class=\"charts\">\n";
  for (const std::string& name : measures(history.epochs)) {
    out += measure_chart(history.epochs, name);
  }
  out += step_charts(history.steps) + "</div>\n";
  return out + summary_table(history.epochs) + epochs_table(history.epochs);
}

}  // namespace tenon::detail
