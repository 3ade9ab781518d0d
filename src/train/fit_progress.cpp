#include "fit_progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace tenon::detail {

namespace {

constexpr double seconds_between_drawings = 0.2;
constexpr std::size_t bar_width = 20;
constexpr std::size_t sparkline_width = 16;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool is_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && (kind == nullptr || std::string_view(kind) != "dumb");
}

std::size_t terminal_columns() {
  winsize size{};
  const bool is_known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return is_known ? size.ws_col : 80;
}

/// At most `columns` characters of UTF-8 text, each of which takes one column here.
std::string cut(const std::string& text, std::size_t columns) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (starts_character && count++ == columns) return text.substr(0, i);
  }
  return text;
}

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(bar_width));
  return "[" + std::string(full, '=') + std::string(bar_width - full, ' ') + "]";
}

std::string epoch_text(const FitState& fit) {
  const std::string last = std::to_string(fit.epochs);
  const std::string now = std::to_string(fit.epoch + 1);
  return "epoch " + std::string(last.size() - std::min(last.size(), now.size()), ' ') + now + "/" +
         last;
}

std::string rate_text(double per_second) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f/s", per_second);
  return text;
}

}  // namespace

std::string figure_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%#.4g", value);
  std::string trimmed(text);
  if (trimmed.ends_with('.')) trimmed.pop_back();
  return trimmed;
}

std::string duration_text(double seconds) {
  const auto whole = static_cast<long long>(std::llround(std::max(seconds, 0.0)));
  char text[32];
  if (whole < 60) {
    std::snprintf(text, sizeof text, "%lld s", whole);
  } else if (whole < 3600) {
    std::snprintf(text, sizeof text, "%lld:%02lld", whole / 60, whole % 60);
  } else {
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60,
                  whole % 60);
  }
  return text;
}

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  static const char* const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::size_t points = std::min(width, values.size());
  std::vector<double> means(points);
  for (std::size_t i = 0; i < points; ++i) {
    const std::size_t begin = i * values.size() / points, end = (i + 1) * values.size() / points;
    for (std::size_t k = begin; k < end; ++k) means[i] += values[k];
    means[i] /= static_cast<double>(end - begin);
  }
  double low = INFINITY, high = -INFINITY;
  for (double mean : means) {
    if (!std::isfinite(mean)) continue;
    low = std::min(low, mean);
    high = std::max(high, mean);
  }
  std::string text;
  for (double mean : means) {
    if (!std::isfinite(mean)) {
      text += "!";
      continue;
    }
    const double height = high > low ? (mean - low) / (high - low) : 0;
    text += bars[std::min<std::size_t>(7, static_cast<std::size_t>(height * 8))];
  }
  return text;
}

FitProgress::FitProgress(Verbose verbose)
    : is_silent_(verbose == Verbose::silent),
      is_moving_(verbose == Verbose::automatic && is_terminal()) {}

void FitProgress::start_epoch() {
  epoch_start_ = last_draw_ = Clock::now();
  draw_seconds_ = 0;
}

bool FitProgress::is_due() {
  // Figures that are slow to compute are shown less often, so that they cost a few percent at most.
  if (!is_moving_ ||
      seconds_since(last_draw_) < std::max(seconds_between_drawings, 50 * draw_seconds_)) {
    return false;
  }
  due_since_ = Clock::now();
  return true;
}

void FitProgress::draw(const FitState& fit, Index samples, const std::vector<std::string>& names,
                       const std::vector<double>& values) {
  const double seconds = seconds_since(epoch_start_);
  const double share = static_cast<double>(fit.batch) / static_cast<double>(fit.batches);
  std::string line = epoch_text(fit) + " " + bar(share) + " " + std::to_string(fit.batch) + "/" +
                     std::to_string(fit.batches);
  for (std::size_t i = 0; i < names.size(); ++i)
    line += "  " + names[i] + " " + figure_text(values[i]);
  line += "  " + rate_text(static_cast<double>(samples) / seconds) + "  ETA " +
          duration_text(seconds / share - seconds) + "  " +
          sparkline(fit.history.steps["loss"], sparkline_width);
  replace_line(line);
}

void FitProgress::end_epoch(const FitState& fit) {
  if (is_silent_) return;
  const HistoryTable& epochs = fit.history.epochs;
  std::string line = epoch_text(fit);
  for (const std::string& name : epochs.names()) {
    const double value = epochs[name].back();
    if (name == "seconds" || name == "samples_per_second" || name == "learning_rate") continue;
    if (!std::isnan(value) || name == "loss") line += "  " + name + " " + figure_text(value);
  }
  line += "  " + rate_text(epochs["samples_per_second"].back()) + "  " +
          duration_text(epochs["seconds"].back());
  if (is_moving_) line += "  " + sparkline(fit.history.steps["loss"], sparkline_width);
  say(line);
}

void FitProgress::say(const std::string& line) {
  if (is_silent_) return;
  clear_line();
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void FitProgress::replace_line(const std::string& line) {
  clear_line();
  std::fputs(cut(line, terminal_columns() - 1).c_str(), stdout);
  std::fflush(stdout);
  has_line_ = true;
  draw_seconds_ = seconds_since(due_since_);
  last_draw_ = Clock::now();
}

void FitProgress::clear_line() {
  if (has_line_) std::fputs("\r\x1b[K", stdout);
  has_line_ = false;
}

}  // namespace tenon::detail
