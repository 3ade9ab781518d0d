#include "tenon/tensor/print.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <ostream>

#include "tensor/checks.hpp"

// The look, the thresholds and the line width are those of torch.set_printoptions' defaults.
// Numbers go through std::to_chars, so that a host's locale doesn't change them.

namespace tenon {
namespace {

constexpr int decimals = 4;
constexpr int line_width = 80;
constexpr int edge_items = 3;
constexpr Index summary_threshold = 1000;
constexpr std::string_view opening = "tensor(";

enum class Style { plain, whole, fixed, scientific };

/// What the real values shown have in common.
struct Range {
  double smallest = std::numeric_limits<double>::infinity();  // of |x|, x finite and not 0
  double largest = 0;
  bool all_whole = true;

  void add(double value) {
    if (!std::isfinite(value) || value == 0) return;
    smallest = std::min(smallest, std::abs(value));
    largest = std::max(largest, std::abs(value));
    all_whole = all_whole && std::trunc(value) == value;
  }

  Style style() const {
    const bool wide = largest > 1000 * smallest || largest > 1e8;
    if (largest > 0 && (wide || (!all_whole && smallest < 1e-4))) return Style::scientific;
    return all_whole ? Style::whole : Style::fixed;
  }
};

std::string real_text(double value, Style style) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const auto format =
      style == Style::scientific ? std::chars_format::scientific : std::chars_format::fixed;
  char text[32];  // Style keeps values above 1e8 out of the fixed format
  const auto end =
      std::to_chars(text, text + sizeof text, value, format, style == Style::whole ? 0 : decimals);
  return std::string(text, end.ptr) + (style == Style::whole ? "." : "");
}

template <class T>
std::string text_of(T value, Style style) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_integral_v<T>) {
    return std::to_string(value);
  } else {
    return real_text(static_cast<double>(value), style);
  }
}

/// Renders one tensor, in two passes over the values shown: the first finds style and width.
template <class T>
class Printer {
 public:
  explicit Printer(const detail::TensorImpl& x)
      : x_(x), is_summary_(x.shape.numel() > summary_threshold) {
    if constexpr (std::is_floating_point_v<T>) {
      Range range;
      for_each_value(0, first(), [&](T value) { range.add(static_cast<double>(value)); });
      style_ = range.style();
    }
    for_each_value(0, first(),
                   [&](T value) { width_ = std::max(width_, text_of(value, style_).size()); });
  }

  std::string text() const {
    std::string out;
    append(out, 0, first());
    return out;
  }

 private:
  const T* first() const { return static_cast<const T*>(x_.data); }

  /// Whether position i of that axis is left out.
  bool is_hidden(int axis, Index i) const {
    return is_summary_ && i >= edge_items && i < x_.shape[axis] - edge_items;
  }
  /// The next position to deal with: the first of the hidden ones stands for them all.
  Index next(int axis, Index i) const {
    return is_hidden(axis, i) ? x_.shape[axis] - edge_items : i + 1;
  }

  template <class F>
  void for_each_value(int axis, const T* at, const F& f) const {
    if (axis == x_.shape.rank()) return f(*at);
    for (Index i = 0; i < x_.shape[axis]; i = next(axis, i)) {
      if (!is_hidden(axis, i)) for_each_value(axis + 1, at + i * x_.strides[axis], f);
    }
  }

  void append_value(std::string& out, T value) const {
    const std::string text = text_of(value, style_);
    out.append(width_ - text.size(), ' ');
    out += text;
  }

  void append(std::string& out, int axis, const T* at) const {
    const int rank = x_.shape.rank();
    if (axis == rank) return append_value(out, *at);
    out += '[';
    if (axis == rank - 1) {
      append_row(out, axis, at);
    } else {
      append_blocks(out, axis, at);
    }
    out += ']';
  }

  void break_line(std::string& out, int lines, int axis) const {
    out += ',';
    out.append(static_cast<std::size_t>(lines), '\n');
    out.append(opening.size() + static_cast<std::size_t>(axis) + 1, ' ');
  }

  void append_row(std::string& out, int axis, const T* at) const {
    const int room = line_width - static_cast<int>(opening.size()) - axis;
    const int per_line = std::max(1, room / (static_cast<int>(width_) + 2));
    int count = 0;
    for (Index i = 0; i < x_.shape[axis]; i = next(axis, i), ++count) {
      if (count > 0 && count % per_line == 0) {
        break_line(out, 1, axis);
      } else if (count > 0) {
        out += ", ";
      }
      if (is_hidden(axis, i)) {
        out += " ...";
      } else {
        append_value(out, at[i * x_.strides[axis]]);
      }
    }
  }

  void append_blocks(std::string& out, int axis, const T* at) const {
    for (Index i = 0; i < x_.shape[axis]; i = next(axis, i)) {
      if (i > 0) break_line(out, x_.shape.rank() - 1 - axis, axis);
      if (is_hidden(axis, i)) {
        out += "...";
      } else {
        append(out, axis + 1, at + i * x_.strides[axis]);
      }
    }
  }

  const detail::TensorImpl& x_;
  bool is_summary_;
  Style style_ = Style::plain;
  std::size_t width_ = 0;
};

/// Types whose values look like no other's go without a mention.
bool is_obvious(DType dtype, bool is_empty) {
  if (dtype == DType::float32) return true;
  return !is_empty && (dtype == DType::int64 || dtype == DType::boolean);
}

void append_suffix(std::string& out, const std::string& suffix) {
  const std::size_t line_start = out.rfind('\n') + 1;  // npos + 1 is 0
  if (out.size() - line_start + suffix.size() + 2 > static_cast<std::size_t>(line_width)) {
    out += ",\n" + std::string(opening.size(), ' ') + suffix;
  } else {
    out += ", " + suffix;
  }
}

}  // namespace

template <class T>
std::string to_string(const BasicTensor<T>& x) {
  if (!x.defined()) return "tensor(undefined)";
  std::string out(opening);
  const bool is_empty = x.numel() == 0;
  out += is_empty ? "[]" : Printer<T>(*x.impl()).text();
  if (is_empty && x.rank() != 1) append_suffix(out, "shape=" + to_string(x.shape()));
  if (!is_obvious(x.dtype(), is_empty)) {
    append_suffix(out, std::string("dtype=") + to_string(x.dtype()));
  }
  return out + ")";
}

template <class T>
std::ostream& operator<<(std::ostream& out, const BasicTensor<T>& x) {
  return out << to_string(x);
}

#define TENON_INSTANTIATE(T)                             \
  template std::string to_string(const BasicTensor<T>&); \
  template std::ostream& operator<<(std::ostream&, const BasicTensor<T>&);
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon
