#include "tenon/ops/unfold.hpp"

#include "ops/axis_map.hpp"
#include "ops/common.hpp"
#include "ops/window.hpp"
#include "tenon/base/error.hpp"

namespace tenon {
namespace detail {
namespace {

/// How windows lie in an image.
struct Windows {
  Index h, w;           // of the image
  Index rows, columns;  // of windows
};

Windows checked_windows(const char* op, Pair image, Pair kernel, const UnfoldOptions& options) {
  check_window_option(op, "kernel", kernel, 1);
  check_window_option(op, "stride", options.stride, 1);
  check_window_option(op, "padding", options.padding, 0);
  check_window_option(op, "dilation", options.dilation, 1);
  const Index extent_h = window_extent(kernel.h, options.dilation.h);
  const Index extent_w = window_extent(kernel.w, options.dilation.w);
  const Windows windows{image.h, image.w,
                        window_count(image.h, extent_h, options.stride.h, options.padding.h),
                        window_count(image.w, extent_w, options.stride.w, options.padding.w)};
  if (image.h < 1 || image.w < 1 || windows.rows < 1 || windows.columns < 1) {
    fail<ShapeError>(op, "the window spans ", extent_h, " x ", extent_w,
                     " pixels but the padded image has ", image.h + 2 * options.padding.h, " x ",
                     image.w + 2 * options.padding.w,
                     "; hint: pad the image or take a smaller window");
  }
  return windows;
}

// A plane's columns first, (H, W) -> (H, KW, W'), then its rows, (H KW, W') -> (KH, KW, H', W'): no
// axes change places.

template <class T>
AxisMap<T> columns_map(const Windows& windows, Pair kernel, const UnfoldOptions& options) {
  const Index size = windows.w, count = windows.columns;
  const Index stride = options.stride.w, padding = options.padding.w;
  const Index dilation = options.dilation.w;
  return make_axis_map<T>("unfold", "fold", kernel.w * count, size, 1, false, [=](Index k, Index) {
    const Index at = k % count * stride - padding + k / count * dilation;
    return Tap{at < size ? at : -1};
  });
}

template <class T>
AxisMap<T> rows_map(const Windows& windows, Pair kernel, const UnfoldOptions& options) {
  const Index size = windows.h, count = windows.rows, kw = kernel.w;
  const Index stride = options.stride.h, padding = options.padding.h;
  const Index dilation = options.dilation.h;
  return make_axis_map<T>("unfold", "fold", kernel.h * kw * count, size * kw, 1, false,
                          [=](Index k, Index) {
                            const Index q = k / count % kw, p = k / count / kw;
                            const Index at = k % count * stride - padding + p * dilation;
                            return Tap{at >= 0 && at < size ? at * kw + q : -1};
                          });
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> unfold(const BasicTensor<T>& x, Pair kernel, const UnfoldOptions& options) {
  using namespace detail;
  const Shape& shape = defined("unfold", x.impl()).shape;
  if (shape.rank() != 4) {
    fail<ShapeError>("unfold", "x must have 4 axes (N, C, H, W) but its shape is ", shape,
                     shape.rank() == 3 ? "; hint: x.unsqueeze(0) makes a batch of one image"
                                       : "; hint: reshape x to (N, C, H, W)");
  }
  const Windows windows = checked_windows("unfold", {shape[2], shape[3]}, kernel, options);
  const Index planes = shape[0] * shape[1];
  const auto columns = apply(columns_map<T>(windows, kernel, options), x, 3);
  return apply(rows_map<T>(windows, kernel, options),
               columns.reshape({planes, shape[2] * kernel.w, windows.columns}), 1)
      .reshape({shape[0], shape[1] * kernel.h * kernel.w, windows.rows * windows.columns});
}

template <std::floating_point T>
BasicTensor<T> fold(const BasicTensor<T>& x, Pair output_size, Pair kernel,
                    const UnfoldOptions& options) {
  using namespace detail;
  const Shape& shape = defined("fold", x.impl()).shape;
  const Windows windows = checked_windows("fold", output_size, kernel, options);
  const Index taps = kernel.h * kernel.w, rows = windows.rows, columns = windows.columns;
  if (shape.rank() != 3 || shape[1] % taps != 0 || shape[2] != rows * columns) {
    fail<ShapeError>("fold", "x must be (N, C KH KW, L) with KH KW = ", taps, " and L = ", rows,
                     " x ", columns, " windows but its shape is ", shape,
                     "; hint: kernel and options must be those of unfold()");
  }
  const Index n = shape[0], c = shape[1] / taps;
  const auto in_rows = apply(transposed(rows_map<T>(windows, kernel, options)),
                             x.reshape({n * c, taps * rows, columns}), 1);
  return apply(transposed(columns_map<T>(windows, kernel, options)),
               in_rows.reshape({n, c, output_size.h, kernel.w * columns}), 3);
}

#define TENON_INSTANTIATE(T)                                                                   \
  template TENON_API BasicTensor<T> unfold(const BasicTensor<T>&, Pair, const UnfoldOptions&); \
  template TENON_API BasicTensor<T> fold(const BasicTensor<T>&, Pair, Pair, const UnfoldOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
