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

/// Characters of UTF-8 text, each of which takes one column here.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut(const std::string& text, std::size_t columns) {
  std::size_t size = text.size();
  while (columns_of({text.data(), size}) > columns) --size;
  return text.substr(0, size);
}

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(bar_width));
  std::string text(full, '=');
  if (full < bar_width) text += '>';
  text.resize(bar_width, ' ');
  return "[" + text + "]";
}

std::string right_aligned(const std::string& text, std::size_t columns) {
  return std::string(columns - std::min(columns, columns_of(text)), ' ') + text;
}

/// "007/100", with spaces for zeros.
std::string place_text(Index now, Index last) {
  const std::string end = std::to_string(last);
  return right_aligned(std::to_string(now), end.size()) + "/" + end;
}

std::string epoch_text(const FitState& fit) {
  return "epoch " + place_text(fit.epoch + 1, fit.epochs);
}

template <class... Values>
std::string printed(const char* format, Values... values) {
  char text[64];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

}  // namespace

std::string figure_text(double value) {
  const double size = std::fabs(value);
  if (std::isnan(value)) return "nan";
  if (std::isinf(value) || size == 0) return printed("%.4f", value);
  if (size < 1e-3 || size >= 99999.5) return printed("%.2e", value);
  const int decimals = size < 9.99995   ? 4
                       : size < 99.9995 ? 3
                       : size < 999.995 ? 2
                       : size < 9999.95 ? 1
                                        : 0;
  return printed("%.*f", decimals, value);
}

std::string clock_text(double seconds) {
  if (!(seconds >= 0 && seconds < 1e9)) return "? s";
  const long long whole = std::llround(seconds);
  if (whole < 60) return printed("%lld s", whole);
  if (whole < 3600) return printed("%lld:%02lld", whole / 60, whole % 60);
  return printed("%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string duration_text(double seconds) {
  if (seconds < 0.0005) return "<1 ms";
  if (seconds < 0.0995) return printed("%.0f ms", seconds * 1e3);
  return seconds < 9.95 ? printed("%.1f s", seconds) : clock_text(seconds);
}

std::string rate_text(double per_second) {
  if (!std::isfinite(per_second)) return "?";
  if (per_second < 9.995) return printed("%.2f", per_second);
  if (per_second < 9999.5) return printed("%.0f", per_second);
  if (per_second < 99950) return printed("%.1fk", per_second / 1e3);
  return per_second < 999500 ? printed("%.0fk", per_second / 1e3)
                             : printed("%.2fM", per_second / 1e6);
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    std::string text;
    for (const char* c = value; *c != '\0'; ++c) {
      if (*c != '-') text += static_cast<char>(*c | 0x20);
    }
    return text.find("utf8") != std::string::npos;
  }
  return false;
}

std::string sparkline(const std::vector<double>& values, std::size_t width, bool is_utf8) {
  static const char* const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static const char* const ascii[] = {"_", ".", "-", "~", "=", "+", "*", "#"};
  const auto& bars = is_utf8 ? blocks : ascii;
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
  const double scale = std::isfinite(high - low) ? 1 : 0.5;  // halves where the range overflows
  std::string text;
  for (double mean : means) {
    if (!std::isfinite(mean)) {
      text += "!";
      continue;
    }
    const double height =
        high > low ? (mean * scale - low * scale) / (high * scale - low * scale) : 0;
    text += bars[std::min<std::size_t>(7, static_cast<std::size_t>(height * 8))];
  }
  return text;
}

std::string fitted_line(std::vector<LinePart> parts, std::size_t columns) {
  while (true) {
    std::string line;
    auto dearest = parts.end();
    for (auto part = parts.begin(); part != parts.end(); ++part) {
      line += (part == parts.begin() ? "" : "  ") + part->text;
      if (part->rank > 0 && (dearest == parts.end() || part->rank >= dearest->rank)) dearest = part;
    }
    if (columns_of(line) <= columns || dearest == parts.end()) return cut(line, columns);
    parts.erase(dearest);
  }
}

FitProgress::FitProgress(Verbose verbose)
    : is_silent_(verbose == Verbose::silent),
      is_moving_(verbose == Verbose::automatic && is_terminal()),
      is_utf8_(locale_is_utf8()) {}

FitProgress::~FitProgress() {
  if (!has_line_) return;
  std::fputs("\n", stdout);
  std::fflush(stdout);
}

void FitProgress::start_epoch(const FitState& fit, Index samples) {
  epoch_start_ = last_draw_ = Clock::now();
  draw_seconds_ = 0;
  batches_before_ = fit.batch;
  samples_before_ = samples;
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

std::string FitProgress::aligned(const std::string& name, const std::string& text,
                                 std::size_t at_least) {
  auto entry = std::ranges::find(widths_, name, &std::pair<std::string, std::size_t>::first);
  if (entry == widths_.end()) entry = widths_.insert(entry, {name, at_least});
  entry->second = std::max(entry->second, columns_of(text));
  return right_aligned(text, entry->second);
}

void FitProgress::draw(const FitState& fit, Index samples, const std::vector<std::string>& names,
                       const std::vector<double>& values) {
  const double seconds = seconds_since(epoch_start_);
  const double share = static_cast<double>(fit.batch) / static_cast<double>(fit.batches);
  const double batch_seconds = seconds / static_cast<double>(fit.batch - batches_before_);
  const double rate = static_cast<double>(samples - samples_before_) / seconds;
  const std::string left = clock_text(batch_seconds * static_cast<double>(fit.batches - fit.batch));
  std::vector<LinePart> parts{{epoch_text(fit), 0},
                              {bar(share), 5},
                              {place_text(fit.batch, fit.batches), 2},
                              {"ETA " + aligned("ETA", left, 4), 3},
                              {aligned("rate", rate_text(rate), 5) + " samples/s", 6}};
  for (std::size_t i = 0; i < names.size(); ++i) {
    parts.push_back(
        {names[i] + " " + aligned(names[i], figure_text(values[i]), 6), i == 0 ? 1 : 4});
  }
  parts.push_back({sparkline(fit.history.steps["loss"], sparkline_width, is_utf8_), 7});
  replace_line(fitted_line(std::move(parts), terminal_columns() - 1));
}

void FitProgress::draw_validation(const FitState& fit) {
  if (!is_moving_) return;
  due_since_ = Clock::now();
  replace_line(
      fitted_line({{epoch_text(fit), 0}, {bar(1), 2}, {"validation", 1}}, terminal_columns() - 1));
}

void FitProgress::end_epoch(const FitState& fit) {
  if (is_silent_) return;
  const HistoryTable& epochs = fit.history.epochs;
  const std::string time = duration_text(epochs["seconds"].back());
  const std::string rate = rate_text(epochs["samples_per_second"].back());
  std::string line = epoch_text(fit) + "  " + aligned("time", time, 6) + "  " +
                     aligned("rate", rate, 5) + " samples/s";
  for (const std::string& name : epochs.names()) {
    if (name == "seconds" || name == "samples_per_second" || name == "learning_rate") continue;
    const bool is_judged = !name.starts_with("val_") || !fit.has_validation || fit.is_validated;
    if (is_judged) line += "  " + name + " " + aligned(name, figure_text(epochs[name].back()), 6);
  }
  if (is_moving_) {
    const std::string losses = sparkline(fit.history.steps["loss"], sparkline_width, is_utf8_);
    if (columns_of(line + "  " + losses) < terminal_columns()) line += "  " + losses;
  }
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
  std::fputs(line.c_str(), stdout);
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
