#pragma once

#include <string>
#include <vector>

#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// Numbers in rows and columns under names, drawn as shades.
struct ReportHeatmap {
  std::string title;
  std::string row_name;     ///< what a row is, "true"
  std::string column_name;  ///< what a column is, "predicted"
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  std::vector<double> values;  ///< (rows, columns), what is said of a cell
  std::vector<double> shades;  ///< (rows, columns) in [0, 1]; NaN is marked
};

/// A <figure> with an SVG: an image with names beside and below it, as many as there is room for.
std::string draw(const ReportHeatmap& map);

}  // namespace tenon::detail
