#pragma once

// What the tests of profiles share.

#include <cmath>
#include <string>
#include <vector>

#include "nn/nn_support.hpp"
#include "tenon/profile/profiler.hpp"

namespace tenon::test {

constexpr ProfilerOptions no_peak{.measure_peak = false};

/// The line of that operation of the layer with that path; of the layer itself where name is "".
/// Fails the test where there is none, or more than one.
inline ProfileEntry line(const std::vector<ProfileEntry>& entries, const std::string& layer,
                         const std::string& name) {
  std::vector<ProfileEntry> found;
  for (const ProfileEntry& e : entries) {
    const bool is_layer = e.kind == ProfileEntry::Kind::layer;
    if (e.layer == layer && e.name == name && is_layer == name.empty()) found.push_back(e);
  }
  INFO("line '" << layer << "' '" << name << "'");
  REQUIRE(found.size() == 1);
  return found[0];
}

inline bool has_line(const std::vector<ProfileEntry>& entries, const std::string& name) {
  for (const ProfileEntry& e : entries) {
    if (e.name == name) return true;
  }
  return false;
}

/// Every nanosecond belongs to one layer, to one line outside of layers, or elsewhere. No layer
/// takes less than what runs in it, where that is called from nowhere else.
inline void check_sums(const std::vector<ProfileEntry>& entries, double seconds,
                       bool is_tree = true) {
  double sum = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const ProfileEntry& e = entries[i];
    INFO(e.layer << " " << e.description << " " << e.name);
    const double total = e.total().seconds;
    CHECK(e.self_seconds >= -1e-9);
    CHECK(e.self_seconds <= total + 1e-9);
    if (e.kind == ProfileEntry::Kind::layer || e.depth == 0) sum += e.self_seconds;
    if (e.kind != ProfileEntry::Kind::layer || !is_tree) continue;
    double inside = 0;
    for (std::size_t k = i + 1; k < entries.size() && entries[k].depth > e.depth; ++k) {
      const bool is_range = entries[k].kind == ProfileEntry::Kind::range;  // holds other lines
      if (entries[k].depth == e.depth + 1 && !is_range) inside += entries[k].total().seconds;
    }
    CHECK(inside <= total + 1e-9);
  }
  CHECK(std::abs(sum - seconds) <= 1e-9 * static_cast<double>(entries.size() + 1));
}

}  // namespace tenon::test
