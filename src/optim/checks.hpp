#pragma once

#include <limits>

#include "tenon/base/error.hpp"

namespace tenon::detail {

/// Throws ValueError unless value is a number in [low, high).
inline void check_option(const char* op, const char* name, double value, double low = 0,
                         double high = std::numeric_limits<double>::infinity()) {
  if (value >= low && value < high) return;
  if (high == std::numeric_limits<double>::infinity()) {
    fail<ValueError>(op, name, " must be finite and at least ", low, ", not ", value);
  }
  fail<ValueError>(op, name, " must lie in [", low, ", ", high, "), not ", value);
}

}  // namespace tenon::detail
