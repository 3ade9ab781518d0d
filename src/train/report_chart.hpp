#pragma once

#include <string>
#include <vector>

#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// A curve through points, x in ascending order. A y that cannot be drawn is a marked gap; a point
/// that is left out is none.
struct ReportCurve {
  enum class Style { training, validation, faint };
  std::string name;
  Style style = Style::training;
  std::vector<double> x = {};
  std::vector<double> y = {};
  Index best = -1;  ///< the point that gets a ring; -1: none
};

struct ReportChart {
  std::string title;
  std::string x_name;  ///< "epoch" or "step"
  std::vector<ReportCurve> curves;
  bool may_be_log = false;
};

/// A <figure> with a title, a legend and an SVG. Of very many points those stay that are extreme in
/// their column of pixels. No curve is without points.
std::string draw(const ReportChart& chart);

}  // namespace tenon::detail
