#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tenon/train/callback.hpp"
#include "tenon/train/monitor.hpp"

namespace tenon::detail {

/// What MonitorMode says.
bool less_is_better(std::string_view name, MonitorMode mode);

/// Whether value is better than best by more than min_delta. NaN is better than nothing, and
/// anything else is better than NaN, which stands for "none yet".
bool is_better(double value, double best, bool less_is_better, double min_delta = 0);

/// The figure of that name in the current epoch's row; nothing where it belongs to a validation and
/// this epoch had none. Throws ValueError, which lists the names, where there is none.
std::optional<double> monitored(std::string_view op, const FitState& fit, const std::string& name);

}  // namespace tenon::detail
