#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "tenon/base/error.hpp"

// How metrics read what they saved. Counts are exact in double up to 2^53.

namespace tenon::detail {

/// Throws ValueError unless state has `wanted` entries.
inline void check_state_size(const char* op, const std::vector<double>& state, std::size_t wanted) {
  if (state.size() == wanted) return;
  fail<ValueError>(op, "a state of ", wanted, " numbers was expected but ", state.size(),
                   " came; hint: load what state() of the same metric with the same options gave");
}

/// An entry that must be a whole number >= 0. Throws ValueError.
inline Index state_count(const char* op, const std::vector<double>& state, std::size_t i) {
  const double value = state[i];
  if (!(value >= 0 && value < 9007199254740992.0 && std::trunc(value) == value)) {
    fail<ValueError>(op, "entry ", i, " of the state must be a count but is ", value,
                     "; hint: load what state() of the same metric gave, unchanged");
  }
  return static_cast<Index>(value);
}

}  // namespace tenon::detail
