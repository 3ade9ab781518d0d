#include "train/report_axis.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "train/report_text.hpp"

namespace tenon::detail {

namespace {

constexpr double log_range = 50;
constexpr double largest_drawable = 1e300;
constexpr double smallest_range = 1e-290;

/// The smallest of 1, 2 and 5 times a power of ten that is not below size.
double round_up(double size) {
  const double power = std::pow(10, std::floor(std::log10(size)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= size * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string tick_text(double value, double step, double largest) {
  if (std::abs(value) < 1e-9 * step) return "0";
  if (largest >= 1e6 || largest < 1e-3) return number_text(value);
  const double digits = std::max(0.0, -std::floor(std::log10(step) + 1e-9));
  if (digits > 0) return fixed_text(value, static_cast<int>(digits));
  return count_text(static_cast<Index>(std::llround(value)));
}

std::vector<ReportAxis::Tick> log_ticks(double low, double high) {
  const double decades = std::log10(high / low);
  const int first = static_cast<int>(std::floor(std::log10(low)));
  const int last = static_cast<int>(std::ceil(std::log10(high)));
  const int stride = std::max(1, static_cast<int>(std::ceil(decades / 6)));
  std::vector<ReportAxis::Tick> ticks;
  for (int exponent = first; exponent <= last; exponent += stride) {
    for (double factor : {1.0, 2.0, 5.0}) {
      if (factor > 1 && decades > 2.5) break;
      const double value = factor * std::pow(10, exponent);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) {
        ticks.push_back({value, number_text(value)});
      }
    }
  }
  return ticks;
}

}  // namespace

double ReportAxis::position(double value) const {
  if (is_log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

std::vector<ReportAxis::Tick> ReportAxis::ticks(int count, bool whole) const {
  if (is_log) return log_ticks(low, high);
  double step = round_up((high - low) / count);
  if (whole) step = std::max(step, 1.0);
  const double largest = std::max(std::abs(low), std::abs(high));
  std::vector<Tick> ticks;
  const double first = std::ceil(low / step - 1e-9);
  const double last = std::floor(high / step + 1e-9);
  for (double i = first; i <= last; ++i) {
    ticks.push_back({i * step, tick_text(i * step, step, largest)});
  }
  return ticks;
}

bool is_drawable(double value) { return std::abs(value) <= largest_drawable; }

ReportAxis axis_around(const std::vector<double>& values, bool may_be_log) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (double value : values) {
    if (!is_drawable(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (may_be_log && low > smallest_range && high / low >= log_range) {
    const double room = std::pow(high / low, 0.04);
    return {low / room, high * room, true};
  }
  const double size = std::max(std::abs(low), std::abs(high));
  if (high - low <= std::max(1e-9 * size, smallest_range)) {
    const double room = size > smallest_range ? 0.1 * size : 1;
    return {low - room, high + room, false};
  }
  const double room = 0.06 * (high - low);
  const bool touches_zero = low >= 0 && low < 0.3 * high;
  const bool is_share = low >= 0 && high <= 1 && high > 0.7;
  return {touches_zero ? 0 : low - room, is_share ? std::min(1.0, high + room) : high + room,
          false};
}

}  // namespace tenon::detail
