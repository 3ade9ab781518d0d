#include "train/report_heatmap.hpp"

#include <algorithm>
#include <cmath>

#include "train/report_image.hpp"
#include "train/report_text.hpp"

namespace tenon::detail {

namespace {

constexpr double line_height = 13;
constexpr double width_of_character = 6.6;
constexpr Index longest_label = 14;
constexpr std::size_t most_values = 20000;

double room_for(const std::vector<std::string>& names) {
  Index longest = 1;
  for (const std::string& name : names) {
    longest = std::max(longest, characters_of(shortened(name, longest_label)));
  }
  return 8 + width_of_character * static_cast<double>(longest);
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    std::string line = name;
    std::replace(line.begin(), line.end(), '\n', ' ');
    append(out, {out.empty() ? "" : "\n", line});
  }
  return escape(out);
}

/// Every how many-th label has room.
std::size_t stride(double cell) {
  return static_cast<std::size_t>(std::max(1.0, std::ceil(line_height / cell)));
}

}  // namespace

std::string draw(const ReportHeatmap& map) {
  const std::size_t rows = map.rows.size(), columns = map.columns.size();
  const auto most = static_cast<double>(std::max(rows, columns));
  const double cell = std::clamp((most > 40 ? 560 : 300) / most, 0.5, 30.0);
  const double left = 18 + room_for(map.rows), top = 4;
  const double map_width = cell * static_cast<double>(columns);
  const double map_height = cell * static_cast<double>(rows);
  const double width = left + std::max(map_width, 60.0) + 8;
  const double height = top + map_height + room_for(map.columns) + 20;

  ReportImage image{static_cast<Index>(rows), static_cast<Index>(columns), {}};
  for (double shade : map.shades) image.pixels.push_back(opacity_pixel(shade));

  std::string out = "<figure class=\"heat\">";
  const bool has_nan = std::any_of(map.shades.begin(), map.shades.end(),
                                   [](double shade) { return std::isnan(shade); });
  if (!map.title.empty()) {
    append(out, {"<figcaption><b>", escape(map.title), "</b>",
                 has_nan ? "<span class=\"key\"><span class=\"swatch nan\"></span>NaN</span>" : "",
                 "</figcaption>"});
  }
  append(out, {"<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"",
               escape(map.title),
               " map\"><svg viewBox=\"0 0 ",
               fixed_text(width, 0),
               " ",
               fixed_text(height, 0),
               "\" style=\"max-width:",
               fixed_text(1.25 * width, 0),
               "px;min-width:",
               fixed_text(std::min(0.8 * width, 330.0 + 0.4 * most), 0),
               "px\" role=\"img\" aria-label=\"",
               escape(map.title),
               ": ",
               rows,
               " rows (",
               escape(map.row_name),
               ") by ",
               columns,
               " columns (",
               escape(map.column_name),
               ")\""});
  append(out,
         {" data-row=\"", escape(map.row_name), "\" data-column=\"", escape(map.column_name),
          "\" data-rows=\"", joined(map.rows), "\" data-columns=\"", joined(map.columns), "\""});
  if (map.values.size() <= most_values) {
    std::string values;
    for (double value : map.values) {
      append(values, {values.empty() ? "" : " ", std::isnan(value) ? "NaN" : plain_text(value)});
    }
    append(out, {" data-values=\"", values, "\""});
  }
  append(out, {"><image x=\"", fixed_text(left, 1), "\" y=\"", fixed_text(top, 1), "\" width=\"",
               fixed_text(map_width, 1), "\" height=\"", fixed_text(map_height, 1),
               "\" preserveAspectRatio=\"none\" href=\"", data_uri(image),
               "\"/><rect class=\"frame\" x=\"", fixed_text(left, 1), "\" y=\"", fixed_text(top, 1),
               "\" width=\"", fixed_text(map_width, 1), "\" height=\"", fixed_text(map_height, 1),
               "\"/><g class=\"axis\">"});
  for (std::size_t i = 0; i < rows; i += stride(cell)) {
    const double y = top + cell * (static_cast<double>(i) + 0.5) + 4;
    append(out, {"<text class=\"end\" x=\"", fixed_text(left - 5, 1), "\" y=\"", fixed_text(y, 1),
                 "\">", escape(shortened(map.rows[i], longest_label)), "</text>"});
  }
  for (std::size_t i = 0; i < columns; i += stride(cell)) {
    const double x = left + cell * (static_cast<double>(i) + 0.5) + 4;
    const std::string at = fixed_text(x, 1) + " " + fixed_text(top + map_height + 6, 1);
    append(out, {"<text class=\"end\" transform=\"translate(", at, ") rotate(-90)\">",
                 escape(shortened(map.columns[i], longest_label)), "</text>"});
  }
  append(out,
         {"<text class=\"mid name\" transform=\"translate(12 ", fixed_text(top + map_height / 2, 1),
          ") rotate(-90)\">", escape(map.row_name), "</text><text class=\"mid name\" x=\"",
          fixed_text(left + map_width / 2, 1), "\" y=\"", fixed_text(height - 5, 1), "\">",
          escape(map.column_name), "</text></g></svg></div></figure>\n"});
  return out;
}

}  // namespace tenon::detail
