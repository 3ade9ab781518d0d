#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "report.hpp"

namespace tenon::detail {
namespace {

std::string formatted(const char* format, ...) __attribute__((format(printf, 1, 2)));
std::string formatted(const char* format, ...) {
  char text[128];
  std::va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

/// A number, or "-" where there is none.
std::string number(const char* format, double value, bool exists = true) {
  return exists ? formatted(format, value) : "-";
}

constexpr int columns = 10;
constexpr const char* titles[columns] = {"calls",  "total ms", "forward", "backward", "self",
                                         "% time", "GFLOP/s",  "GB/s",    "% peak",   "MB alloc"};

struct Row {
  std::string label;
  std::string cells[columns];
};

std::string label_of(const ProfileEntry& e) {
  const std::string indent(2 * static_cast<std::size_t>(e.depth), ' ');
  switch (e.kind) {
    case ProfileEntry::Kind::layer:
      return indent + layer_label(e.layer, e.description);
    case ProfileEntry::Kind::elsewhere:
      return "(elsewhere)";
    default:
      return indent + e.name;
  }
}

Row row_of(const ProfileEntry& e, double seconds) {
  const ProfileCost total = e.total();
  const bool has_passes =
      e.kind == ProfileEntry::Kind::layer || e.kind == ProfileEntry::Kind::operation;
  const bool has_calls = e.kind != ProfileEntry::Kind::elsewhere;
  const bool is_timed = total.seconds > 0;
  // What runs inside a range has lines of its own, where its work is counted.
  const bool has_work = is_timed && e.kind != ProfileEntry::Kind::range;
  // A rule may run several times for one call: an operation may consist of several.
  const Index calls = e.forward.calls > 0 ? e.forward.calls : e.backward.calls;
  return {label_of(e),
          {has_calls ? std::to_string(calls) : "-", number("%.3f", total.seconds * 1e3),
           number("%.3f", e.forward.seconds * 1e3, has_passes && e.forward.seconds > 0),
           number("%.3f", e.backward.seconds * 1e3, has_passes && e.backward.seconds > 0),
           number("%.3f", e.self_seconds * 1e3),
           number("%.1f", 100 * total.seconds / seconds, seconds > 0),
           number("%.1f", total.flops_per_second() * 1e-9, has_work && total.flops > 0),
           number("%.1f", total.bytes_per_second() * 1e-9, has_work && total.bytes > 0),
           number("%.0f", 100 * total.share_of_peak(), has_work && total.seconds_at_peak > 0),
           number("%.2f", static_cast<double>(total.allocated_bytes) * 1e-6)}};
}

/// Whether line i is a layer in which nothing ran but the operation of the next line.
bool shares_line(const std::vector<ProfileEntry>& entries, std::size_t i) {
  const auto depth = [&](std::size_t k) { return k < entries.size() ? entries[k].depth : 0; };
  return entries[i].kind == ProfileEntry::Kind::layer && depth(i + 1) > depth(i) &&
         entries[i + 1].kind == ProfileEntry::Kind::operation && depth(i + 2) <= depth(i);
}

std::vector<Row> rows_of(const std::vector<ProfileEntry>& entries, double seconds) {
  std::vector<Row> rows;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    rows.push_back(row_of(entries[i], seconds));
    if (!shares_line(entries, i)) continue;
    rows.back().label += ": " + entries[i + 1].name;
    ++i;
  }
  return rows;
}

std::string limits_text(const MachineLimits* limits) {
  if (limits == nullptr) return "limits not measured";
  return formatted("%d %s: at most %.0f GFLOP/s in float, %.0f in double, %.1f GB/s from memory",
                   limits->threads, limits->threads == 1 ? "thread" : "threads",
                   limits->float_flops * 1e-9, limits->double_flops * 1e-9,
                   limits->memory_bytes() * 1e-9);
}

void append_right(const std::string& text, std::size_t width, std::string& line) {
  line.append(width - std::min(width, text.size()), ' ');
  line += text;
}

}  // namespace

std::string profile_table(const std::vector<ProfileEntry>& entries, double seconds,
                          const MachineLimits* limits) {
  Row head{"layer or operation", {}};
  std::copy(titles, titles + columns, head.cells);
  std::vector<Row> rows = rows_of(entries, seconds);
  rows.insert(rows.begin(), std::move(head));

  std::size_t label_width = 0, widths[columns] = {};
  for (const Row& row : rows) {
    label_width = std::max(label_width, row.label.size());
    for (int k = 0; k < columns; ++k) widths[k] = std::max(widths[k], row.cells[k].size());
  }
  std::string text = formatted("%.3f ms; ", seconds * 1e3) + limits_text(limits) + "\n";
  for (const Row& row : rows) {
    std::string line = row.label;
    line.append(label_width - row.label.size(), ' ');
    for (int k = 0; k < columns; ++k) append_right(row.cells[k], widths[k] + 2, line);
    text += line + "\n";
  }
  return text;
}

}  // namespace tenon::detail
