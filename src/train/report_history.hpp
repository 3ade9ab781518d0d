#pragma once

#include <string>

#include "tenon/train/history.hpp"

namespace tenon::detail {

/// The figures, curves and tables of a training. The history has an epoch.
std::string history_html(const History& history);

}  // namespace tenon::detail
