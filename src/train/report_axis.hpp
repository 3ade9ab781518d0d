#pragma once

#include <string>
#include <vector>

namespace tenon::detail {

/// An axis of a chart: a range of numbers, mapped to [0, 1], and where its ticks are.
struct ReportAxis {
  double low = 0;
  double high = 1;
  bool is_log = false;

  struct Tick {
    double value;
    std::string text;
  };

  /// Where a value lies: 0 at low, 1 at high.
  double position(double value) const;
  /// About `count` ticks at round numbers; whole ones only, where asked for.
  std::vector<Tick> ticks(int count, bool whole) const;
};

/// Whether a value has a place on an axis: not NaN, infinite or about to become so.
bool is_drawable(double value);

/// An axis with some room around the values, at least one of which is drawable. It is logarithmic
/// where that is allowed and the values, all positive, range over a factor of 50.
ReportAxis axis_around(const std::vector<double>& values, bool may_be_log);

}  // namespace tenon::detail
