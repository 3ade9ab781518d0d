#include "train/report_chart.hpp"

#include <algorithm>
#include <cmath>

#include "train/report_axis.hpp"
#include "train/report_text.hpp"

namespace tenon::detail {

namespace {

constexpr double width = 420, height = 240;
constexpr double right = width - 14, top = 12, bottom = height - 38;
constexpr double width_of_digit = 6.8;
constexpr std::size_t most_dots = 30;
constexpr std::size_t most_points = 800;

struct Frame {
  ReportAxis x, y;
  double left;

  double px(double value) const { return left + (right - left) * x.position(value); }
  double py(double value) const { return bottom - (bottom - top) * y.position(value); }
};

const char* css_class(ReportCurve::Style style) {
  switch (style) {
    case ReportCurve::Style::training:
      return "train";
    case ReportCurve::Style::validation:
      return "val";
    default:
      return "faint";
  }
}

/// Of each column the first point, the smallest, the largest and one that cannot be drawn.
ReportCurve thinned(const ReportCurve& curve) {
  const std::size_t n = curve.x.size();
  if (n <= most_points) return curve;
  ReportCurve out{curve.name, curve.style};
  const std::size_t columns = most_points / 2;
  for (std::size_t column = 0; column < columns; ++column) {
    const std::size_t begin = column * n / columns;
    const std::size_t end = (column + 1) * n / columns;
    std::size_t low = n, high = n, gap = n;
    for (std::size_t i = begin; i < end; ++i) {
      if (!is_drawable(curve.y[i])) {
        gap = i;
        continue;
      }
      if (low == n || curve.y[i] < curve.y[low]) low = i;
      if (high == n || curve.y[i] > curve.y[high]) high = i;
    }
    std::vector<std::size_t> kept{low, high, gap};
    if (column == 0) kept.push_back(0);
    if (column == columns - 1) kept.push_back(n - 1);
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    for (std::size_t i : kept) {
      if (i == n) continue;
      if (static_cast<Index>(i) == curve.best) out.best = static_cast<Index>(out.x.size());
      out.x.push_back(curve.x[i]);
      out.y.push_back(curve.y[i]);
    }
  }
  return out;
}

Frame frame_of(const ReportChart& chart) {
  std::vector<double> all;
  for (const ReportCurve& curve : chart.curves) {
    all.insert(all.end(), curve.y.begin(), curve.y.end());
  }
  const bool has_any = std::any_of(all.begin(), all.end(), is_drawable);
  Frame frame{{}, has_any ? axis_around(all, chart.may_be_log) : ReportAxis{}, 0};
  double low = chart.curves.front().x.front();
  double high = low;
  for (const ReportCurve& curve : chart.curves) {
    low = std::min(low, curve.x.front());
    high = std::max(high, curve.x.back());
  }
  const double room = low == high ? 0.5 : 0;
  frame.x = {low - room, high + room, false};
  std::size_t longest = 1;
  for (const ReportAxis::Tick& tick : frame.y.ticks(5, false)) {
    longest = std::max(longest, tick.text.size());
  }
  frame.left = 14 + width_of_digit * static_cast<double>(longest);
  return frame;
}

std::string point(double x, double y) { return fixed_text(x, 1) + " " + fixed_text(y, 1); }

void draw_axes(std::string& out, const Frame& frame, const std::string& x_name) {
  out += "<g class=\"axis\">";
  for (const ReportAxis::Tick& tick : frame.y.ticks(5, false)) {
    const double y = frame.py(tick.value);
    append(out, {"<path class=\"grid\" d=\"M", point(frame.left, y), "H", fixed_text(right, 1),
                 "\"/><text class=\"end\" x=\"", fixed_text(frame.left - 7, 1), "\" y=\"",
                 fixed_text(y + 4, 1), "\">", tick.text, "</text>"});
  }
  double last_end = -1;
  for (const ReportAxis::Tick& tick : frame.x.ticks(7, true)) {
    const double x = frame.px(tick.value);
    const double half = width_of_digit * static_cast<double>(tick.text.size()) / 2;
    append(out, {"<path class=\"tick\" d=\"M", point(x, bottom), "v4\"/>"});
    const double middle = std::min(x, width - half);
    if (middle - half < last_end + 6) continue;
    last_end = middle + half;
    append(out, {"<text class=\"mid\" x=\"", fixed_text(middle, 1), "\" y=\"",
                 fixed_text(bottom + 17, 1), "\">", tick.text, "</text>"});
  }
  append(out, {"<path class=\"base\" d=\"M", point(frame.left, bottom), "H", fixed_text(right, 1),
               "\"/><text class=\"mid name\" x=\"", fixed_text((frame.left + right) / 2, 1),
               "\" y=\"", fixed_text(height - 5, 1), "\">", x_name, "</text></g>"});
}

std::string joined(const std::vector<double>& values) {
  std::string out;
  for (double value : values) append(out, {out.empty() ? "" : " ", plain_text(value)});
  return out;
}

void draw_curve(std::string& out, const Frame& frame, const ReportCurve& whole,
                const std::string& x_name) {
  const ReportCurve curve = thinned(whole);
  const auto title = [&](std::size_t i) {
    return "<title>" + escape(curve.name) + ", " + x_name + " " + number_text(curve.x[i]) + ": " +
           number_text(curve.y[i]) + "</title>";
  };
  std::string path, dots, gaps;
  bool is_open = false;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    const double x = frame.px(curve.x[i]);
    if (!is_drawable(curve.y[i])) {
      is_open = false;
      append(gaps, {"<path class=\"gap\" d=\"M", point(x - 3.5, bottom - 10), "l7 7m0 -7l-7 7\">",
                    title(i), "</path>"});
      continue;
    }
    const double y = frame.py(curve.y[i]);
    // A line of no length has round ends, so that a point between two gaps is seen.
    append(path, {is_open ? "L" : "M", point(x, y), is_open ? "" : "h0"});
    is_open = true;
    if (curve.x.size() <= most_dots && curve.style != ReportCurve::Style::faint) {
      append(dots, {"<circle cx=\"", fixed_text(x, 1), "\" cy=\"", fixed_text(y, 1), "\" r=\"",
                    curve.style == ReportCurve::Style::training ? "3.4" : "2.2", "\">", title(i),
                    "</circle>"});
    }
    if (curve.best == static_cast<Index>(i)) {
      append(dots, {"<circle class=\"best\" cx=\"", fixed_text(x, 1), "\" cy=\"", fixed_text(y, 1),
                    "\" r=\"6\">", title(i), "</circle>"});
    }
  }
  append(out, {"<g class=\"", css_class(curve.style), "\" data-n=\"", escape(curve.name),
               "\" data-x=\"", joined(curve.x), "\" data-y=\"", joined(curve.y), "\">"});
  if (!path.empty()) append(out, {"<path class=\"line\" d=\"", path, "\"/>"});
  append(out, {dots, gaps, "</g>"});
}

/// What a screen reader says in place of the curves.
std::string description(const ReportChart& chart) {
  std::string out = chart.title + " by " + chart.x_name;
  for (const ReportCurve& curve : chart.curves) {
    if (curve.style == ReportCurve::Style::faint) continue;
    append(out, {"; ", curve.name, ": from ", number_text(curve.y.front()), " to ",
                 number_text(curve.y.back())});
    if (curve.best < 0) continue;
    const auto best = static_cast<std::size_t>(curve.best);
    append(out, {", best ", number_text(curve.y[best]), " at ", chart.x_name, " ",
                 number_text(curve.x[best])});
  }
  return out;
}

std::string legend(const ReportChart& chart, bool is_log) {
  std::string out;
  bool has_gap = false;
  const char* best_class = nullptr;
  for (const ReportCurve& curve : chart.curves) {
    if (curve.best >= 0) best_class = css_class(curve.style);
    has_gap = has_gap || !std::all_of(curve.y.begin(), curve.y.end(), is_drawable);
    if (curve.name == chart.title) continue;
    append(out, {"<span class=\"key\"><svg class=\"", css_class(curve.style),
                 "\" width=\"26\" height=\"10\" aria-hidden=\"true\">"
                 "<path class=\"line\" d=\"M2 5H24\"/></svg>",
                 escape(curve.name), "</span>"});
  }
  if (best_class != nullptr) {
    append(out, {"<span class=\"key\"><svg class=\"", best_class,
                 "\" width=\"14\" height=\"14\" aria-hidden=\"true\">"
                 "<circle class=\"best\" cx=\"7\" cy=\"7\" r=\"5\"/></svg>best</span>"});
  }
  if (is_log) out += "<span class=\"key\">logarithmic scale</span>";
  if (has_gap) {
    out +=
        "<span class=\"key\"><svg width=\"12\" height=\"12\" aria-hidden=\"true\">"
        "<path class=\"gap\" d=\"M2 2l8 8m0 -8l-8 8\"/></svg>NaN or infinite</span>";
  }
  return out;
}

}  // namespace

std::string draw(const ReportChart& chart) {
  const Frame frame = frame_of(chart);
  std::string out = "<figure class=\"chart\"><figcaption><b>";
  append(out, {escape(chart.title), "</b>", legend(chart, frame.y.is_log),
               "</figcaption><svg viewBox=\"0 0 ", fixed_text(width, 0), " ", fixed_text(height, 0),
               "\" role=\"img\" aria-label=\"", escape(description(chart)), "\" data-name=\"",
               chart.x_name, "\" data-frame=\"",
               joined({frame.left, right, top, bottom, frame.x.low, frame.x.high, frame.y.low,
                       frame.y.high, frame.y.is_log ? 1.0 : 0.0}),
               "\">"});
  draw_axes(out, frame, chart.x_name);
  for (const ReportCurve& curve : chart.curves) draw_curve(out, frame, curve, chart.x_name);
  return out + "</svg></figure>\n";
}

}  // namespace tenon::detail
