#include "layer_trace.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

namespace tenon::detail {

namespace {

struct Line {
  std::string path, description;
  Shape x, y;
  std::string refusal;  // of the layer that failed
};

struct Trace {
  const void* innermost = nullptr;  // the layer in which the error arose
  nn::ExpectedInput expected;       // of that
  const void* module = nullptr;     // the one that paths begin at, null where there are no lines
  std::vector<Line> lines;          // the last one is that of the layer that failed
  std::size_t left_out = 0;         // layers in front of the first line
  std::string hint;
};

Trace& trace() {
  static thread_local Trace value;
  return value;
}

void add_prefix(const std::string& path) {
  for (Line& line : trace().lines) line.path = path + "." + line.path;
}

std::string axes_text(const char* axes) {
  std::string text;
  for (; *axes != '\0'; ++axes) text += (text.empty() ? "" : ", ") + std::string(1, *axes);
  return "(" + text + ")";
}

bool has_other_rank(const nn::ExpectedInput& expected, const Shape& x) {
  const auto rank = static_cast<int>(std::strlen(expected.axes));
  return rank > 0 && x.rank() != rank;
}

bool has_other_size(const nn::ExpectedInput& expected, const Shape& x) {
  const Index axis = expected.axis < 0 ? expected.axis + x.rank() : expected.axis;
  return expected.size > 0 && (axis < 0 || axis >= x.rank() || x[axis] != expected.size);
}

constexpr std::string_view not_taken = "does not take ";

std::string refusal(const nn::ExpectedInput& expected, const Shape& x) {
  if (has_other_rank(expected, x)) return "expects " + axes_text(expected.axes);
  if (has_other_size(expected, x)) {
    return "expects " + std::to_string(expected.size) + " " + expected.unit;
  }
  return std::string(not_taken) + to_string(x);
}

std::string rendered(const Trace& t) {
  const auto label = [](const Line& line) { return line.path + " " + line.description; };
  std::size_t width = 0;
  for (const Line& line : t.lines) width = std::max(width, label(line).size());
  std::string text;
  if (t.left_out > 0) text = "    ... " + std::to_string(t.left_out) + " layers\n";
  for (const Line& line : t.lines) {
    const bool failed = &line == &t.lines.back();
    std::string name = label(line);
    name.resize(width, ' ');
    text += (failed ? "  > " : "    ") + name + "  ";
    const bool says_shape = line.refusal.substr(0, not_taken.size()) == not_taken;
    if (&line == t.lines.data() && !says_shape) text += to_string(line.x) + (failed ? ", " : " ");
    text += failed ? line.refusal : "-> " + to_string(line.y) + "\n";
  }
  return t.hint.empty() ? text : text + "\n  hint: " + t.hint;
}

}  // namespace

void LayerTrace::begin(const void* module, const nn::ExpectedInput& expected) {
  trace() = {};
  trace().innermost = module;
  trace().expected = expected;
}

void LayerTrace::leave(Error& error, const void* module, const void* around,
                       const std::string& path) {
  Trace& t = trace();
  if (t.module == nullptr || t.module != module) return;
  t.module = around;
  if (!path.empty()) add_prefix(path);
  error.show_layers(rendered(t));
}

void LayerTrace::show_layers(Error& error, const void* sequential, const void* failed,
                             const InputShapes& shapes, const void* layer,
                             LayerText (*text)(const void* layer, std::size_t i)) {
  Trace& t = trace();
  const std::size_t last = shapes.last();
  const Shape& x = shapes[last];
  if (t.module == failed) {
    add_prefix(std::to_string(last));
  } else {
    const bool is_layer_itself = t.innermost == failed;
    const std::string inside = error.layer_path().empty() ? "" : "." + error.layer_path();
    t.lines.clear();
    t.left_out = 0;
    t.hint.clear();
    t.lines.push_back({std::to_string(last) + inside,
                       error.layer_description(),
                       x,
                       {},
                       is_layer_itself ? refusal(t.expected, x) : "fails"});
    if (is_layer_itself) {
      const bool is_first = last == shapes.first_kept();
      t.hint = shape_hint(t.expected, x, is_first ? "" : text(layer, last - 1).name,
                          is_first ? Shape() : shapes[last - 1]);
    }
  }
  std::vector<Line> lines;
  for (std::size_t i = shapes.first_kept(); i < last; ++i) {
    lines.push_back({std::to_string(i), text(layer, i).description, shapes[i], shapes[i + 1], ""});
  }
  std::move(t.lines.begin(), t.lines.end(), std::back_inserter(lines));
  t.lines = std::move(lines);
  t.left_out += shapes.first_kept();
  t.module = sequential;
  error.show_layers(rendered(t));
}

}  // namespace tenon::detail
