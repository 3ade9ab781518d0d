#include "tenon/ops/pad.hpp"

#include <algorithm>

#include "ops/axis_map.hpp"
#include "ops/common.hpp"
#include "tenon/base/error.hpp"

namespace tenon::detail {
namespace {

constexpr const char* mode_names[] = {"constant", "reflect", "replicate", "circular"};

[[noreturn]] void fail_width(const Shape& x, int axis, const PadWidth& width, PadMode mode,
                             const char* expected) {
  fail<ShapeError>("pad", "axis ", axis, " of shape ", x, " cannot be padded by (", width.before,
                   ", ", width.after, ") in mode ", mode_names[static_cast<int>(mode)], ": ",
                   expected,
                   "; hint: widths are (before, after) for the last axes, in their order");
}

void check_width(const Shape& x, int axis, const PadWidth& width, PadMode mode) {
  constexpr Index most = Index{1} << 40;
  const Index n = x[axis];
  const bool is_huge =
      width.before > most || width.after > most || width.before < -most || width.after < -most;
  if (is_huge || n + width.before + width.after < 0 || n + width.before < 0 ||
      n + width.after < 0) {
    fail_width(x, axis, width, mode, "the result would have a negative or an absurd size");
  }
  const bool grows = width.before > 0 || width.after > 0;
  if (mode == PadMode::constant || !grows) return;
  if (n == 0) fail_width(x, axis, width, mode, "an empty axis has nothing to repeat");
  if (mode == PadMode::reflect && (width.before >= n || width.after >= n)) {
    fail_width(x, axis, width, mode, "a reflection must be shorter than the axis");
  }
  if (mode == PadMode::circular && (width.before > n || width.after > n)) {
    fail_width(x, axis, width, mode, "it may go around once");
  }
}

/// The position of x whose value stands at position s, counted from x's first one.
Index source(Index s, Index n, PadMode mode) {
  if (s >= 0 && s < n) return s;
  if (mode == PadMode::replicate) return s < 0 ? 0 : n - 1;
  if (mode == PadMode::circular) return s < 0 ? s + n : s - n;
  return s < 0 ? -s : 2 * (n - 1) - s;
}

/// One axis. What x keeps is a stretch that the map copies as a whole.
template <class T>
BasicTensor<T> repeat_border(const BasicTensor<T>& x, int axis, const PadWidth& width,
                             PadMode mode) {
  const Index n = x.shape()[axis];
  const auto map =
      make_axis_map<T>("pad", "pad_backward", n + width.before + width.after, n, 1, false,
                       [&](Index k, Index) { return Tap{source(k - width.before, n, mode)}; });
  return apply(map, x, axis);
}

/// Where x lies in y. Both are cut where widths are negative.
template <class T>
BasicTensor<T> common_part(BasicTensor<T> t, const PadWidth* widths, Index count, bool of_y) {
  for (Index i = 0; i < count; ++i) {
    const int axis = t.rank() - static_cast<int>(count - i);
    const Index before = of_y ? widths[i].before : -widths[i].before;
    const Index after = of_y ? widths[i].after : -widths[i].after;
    const Index start = before > 0 ? before : 0, end = after > 0 ? after : 0;
    if (start > 0 || end > 0) t = t.narrow(axis, start, t.shape()[axis] - start - end);
  }
  return t;
}

/// The widths, by value, since a rule keeps them.
struct Widths {
  PadWidth of[max_rank] = {0, 0, 0, 0, 0, 0, 0, 0};
  Index count = 0;
};

template <class T>
BasicTensor<T> pad_constant(const BasicTensor<T>& x_any, const Widths& widths, double value) {
  const OpScope scope("pad");
  const auto x = common_part(x_any, widths.of, widths.count, false);
  Shape shape = x_any.shape();
  for (Index i = 0; i < widths.count; ++i) {
    shape[shape.rank() - widths.count + i] += widths.of[i].before + widths.of[i].after;
  }
  auto y = BasicTensor<T>::empty(shape);
  y.fill_(static_cast<T>(value));
  common_part(y, widths.of, widths.count, true).copy_(x);
  if (Recording recording{"pad", x}) {
    recording.rule(y, [widths](Sweep<T>& sweep) {
      sweep.add(0, common_part(sweep.dy(), widths.of, widths.count, true));
    });
  }
  return y;
}

}  // namespace

template <class T>
BasicTensor<T> pad(const BasicTensor<T>& x, const PadWidth* widths, Index count,
                   const PadOptions& options) {
  const Shape& shape = defined("pad", x.impl()).shape;
  if (count > shape.rank()) {
    fail<ShapeError>("pad", "there are widths for ", count, " axes but x has shape ", shape,
                     "; hint: one (before, after) for each of the last axes");
  }
  const int first = shape.rank() - static_cast<int>(count);
  Widths all;
  for (Index i = 0; i < count; ++i) {
    check_width(shape, first + static_cast<int>(i), widths[i], options.mode);
    all.of[all.count++] = widths[i];
  }
  if (options.mode == PadMode::constant) return pad_constant(x, all, options.value);
  BasicTensor<T> y = x;
  for (Index i = 0; i < count; ++i) {
    if (widths[i].before == 0 && widths[i].after == 0) continue;
    y = repeat_border(y, first + static_cast<int>(i), widths[i], options.mode);
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                           \
  template TENON_API BasicTensor<T> pad(const BasicTensor<T>&, const PadWidth*, Index, \
                                        const PadOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
