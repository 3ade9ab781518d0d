#include "tenon/ops/interpolate.hpp"

#include <algorithm>
#include <cmath>

#include "ops/axis_map.hpp"
#include "ops/common.hpp"
#include "ops/window.hpp"
#include "tenon/base/error.hpp"

namespace tenon {
namespace detail {
namespace {

constexpr const char* interpolate_op = "interpolate";

void check_options(const InterpolateOptions& options) {
  if (options.size.has_value() == options.scale_factor.has_value()) {
    fail<ValueError>(interpolate_op, "either size or scale_factor must be given, not ",
                     options.size.has_value() ? "both" : "none of them",
                     "; hint: {.size = {h, w}} or {.scale_factor = 2}");
  }
  if (options.size) check_window_option(interpolate_op, "size", *options.size, 1);
  if (options.scale_factor) {
    const auto [h, w] = *options.scale_factor;
    if (!(h > 0 && w > 0 && h <= 1e6 && w <= 1e6)) {
      fail<ValueError>(interpolate_op, "scale_factor must lie in (0, 1e6] but is (", h, ", ", w,
                       "); hint: 2 doubles both sides, 0.5 halves them");
    }
  }
  if (options.align_corners && options.mode == Interpolation::nearest) {
    fail<ValueError>(interpolate_op,
                     "align_corners belongs to bilinear but the mode is nearest; hint: .mode = "
                     "Interpolation::bilinear");
  }
}

Pair result_size(const Shape& x, const InterpolateOptions& options) {
  if (options.size) return *options.size;
  const auto [h, w] = *options.scale_factor;
  const auto scaled = [](Index n, double factor) {
    return static_cast<Index>(std::floor(static_cast<double>(n) * factor));
  };
  const Pair size{scaled(x[2], h), scaled(x[3], w)};
  if (size.h < 1 || size.w < 1) {
    fail<ValueError>(interpolate_op, "scale_factor (", h, ", ", w, ") leaves ", size.h, " x ",
                     size.w, " pixels: x ", to_string(x, "NCHW"), "; hint: take a larger factor");
  }
  return size;
}

/// Pixels of x from one pixel of y to the next.
template <class T>
T step_between(Index n, Index m, double factor, bool align_corners) {
  if (align_corners) return m > 1 ? static_cast<T>(n - 1) / static_cast<T>(m - 1) : T(0);
  if (factor > 0) return static_cast<T>(1 / factor);
  return static_cast<T>(n) / static_cast<T>(m);
}

/// From n to m pixels; factor: as it was given, 0 where it was not.
template <class T>
AxisMap<T> nearest_map(Index n, Index m, double factor) {
  const float step = step_between<float>(n, m, factor, false);
  return make_axis_map<T>(interpolate_op, "interpolate_backward", m, n, 1, false,
                          [=](Index k, Index) {
                            if (m == 2 * n) return Tap{k / 2};
                            const float position = std::floor(static_cast<float>(k) * step);
                            return Tap{std::min(static_cast<Index>(position), n - 1)};
                          });
}

template <class T>
AxisMap<T> linear_map(Index n, Index m, double factor, bool align_corners) {
  const T step = step_between<T>(n, m, factor, align_corners);
  return make_axis_map<T>(
      interpolate_op, "interpolate_backward", m, n, 2, true, [=](Index k, Index t) {
        const T centre = step * (static_cast<T>(k) + T(0.5)) - T(0.5);
        const T position = align_corners ? step * static_cast<T>(k) : std::max(centre, T(0));
        const Index below = std::min(static_cast<Index>(std::floor(position)), n - 1);
        const T weight = std::clamp(position - static_cast<T>(below), T(0), T(1));
        return t == 0 ? Tap{below, static_cast<double>(T(1) - weight)}
                      : Tap{std::min(below + 1, n - 1), static_cast<double>(weight)};
      });
}

template <class T>
BasicTensor<T> resized(const BasicTensor<T>& x, int axis, Index m, double factor,
                       const InterpolateOptions& options) {
  const Index n = x.shape()[axis];
  if (n == m) return x;
  return options.mode == Interpolation::nearest
             ? apply(nearest_map<T>(n, m, factor), x, axis)
             : apply(linear_map<T>(n, m, factor, options.align_corners), x, axis);
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> interpolate(const BasicTensor<T>& x, const InterpolateOptions& options) {
  using namespace detail;
  const Shape& shape = defined(interpolate_op, x.impl()).shape;
  if (shape.rank() != 4 || shape[2] < 1 || shape[3] < 1) {
    fail<ShapeError>(interpolate_op,
                     "x must be (N, C, H, W) with at least one pixel but its shape is ", shape,
                     shape.rank() == 3 ? "; hint: x.unsqueeze(0) makes a batch of one image"
                                       : "; hint: reshape x to (N, C, H, W)");
  }
  check_options(options);
  const Pair size = result_size(shape, options);
  const ScaleFactor factor = options.scale_factor.value_or(ScaleFactor(0));
  // Whatever is wide last meets few rows first.
  const auto rows = resized(x, 3, size.w, factor.w, options);
  return resized(rows, 2, size.h, factor.h, options);
}

#define TENON_INSTANTIATE(T) \
  template TENON_API BasicTensor<T> interpolate(const BasicTensor<T>&, const InterpolateOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
