#include "monitor.hpp"

#include <algorithm>
#include <cmath>

namespace tenon::detail {

bool less_is_better(std::string_view name, MonitorMode mode) {
  if (mode != MonitorMode::automatic) return mode == MonitorMode::min;
  constexpr std::string_view words[] = {"loss", "error", "perplexity", "mse",
                                        "mae",  "rmse",  "mape",       "seconds"};
  while (true) {
    const std::size_t end = std::min(name.find('_'), name.size());
    if (std::ranges::find(words, name.substr(0, end)) != std::end(words)) return true;
    if (end == name.size()) return false;
    name.remove_prefix(end + 1);
  }
}

bool is_better(double value, double best, bool less_is_better, double min_delta) {
  if (std::isnan(value)) return false;
  if (std::isnan(best)) return true;
  return less_is_better ? value < best - min_delta : value > best + min_delta;
}

std::optional<double> monitored(std::string_view op, const FitState& fit, const std::string& name) {
  const bool is_unjudged = name.starts_with("val_") && fit.has_validation && !fit.is_validated;
  if (is_unjudged) return std::nullopt;
  const HistoryTable& epochs = fit.history.epochs;
  if (epochs.contains(name)) return epochs[name].back();
  std::string names;
  for (const std::string& known : epochs.names())
    names += (names.empty() ? "'" : ", '") + known + "'";
  fail<ValueError>(op, "there is no '", name, "' to monitor; there are ", names, "; hint: ",
                   name.starts_with("val_") && !fit.has_validation
                       ? "give fit() a validation part, or monitor 'loss'"
                       : "the names are 'loss', those of the metrics, and both after 'val_'");
}

}  // namespace tenon::detail
