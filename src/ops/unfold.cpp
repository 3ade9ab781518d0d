#include "tenon/ops/unfold.hpp"

#include "ops/axis_map.hpp"
#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "ops/window.hpp"

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

/// An axis of `size` pixels to that of all taps of all windows, (taps, windows).
template <class T>
AxisMap<T> window_map(Index size, Index windows, Index kernel, Index stride, Index padding,
                      Index dilation) {
  return make_axis_map<T>("unfold", "fold", kernel * windows, size, 1, false, [=](Index k, Index) {
    const Index tap = k / windows, window = k % windows;
    const Index at = window * stride - padding + tap * dilation;
    return Tap{at < size ? at : -1};
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
  const auto [h, w, rows, columns] =
      checked_windows("unfold", {shape[2], shape[3]}, kernel, options);
  const auto [stride, padding, dilation] = options;
  auto y = apply(window_map<T>(w, columns, kernel.w, stride.w, padding.w, dilation.w), x, 3);
  y = apply(window_map<T>(h, rows, kernel.h, stride.h, padding.h, dilation.h), y, 2);
  return y.reshape({shape[0], shape[1], kernel.h, rows, kernel.w, columns})
      .permute({0, 1, 2, 4, 3, 5})
      .reshape({shape[0], shape[1] * kernel.h * kernel.w, rows * columns});
}

template <std::floating_point T>
BasicTensor<T> fold(const BasicTensor<T>& x, Pair output_size, Pair kernel,
                    const UnfoldOptions& options) {
  using namespace detail;
  const Shape& shape = defined("fold", x.impl()).shape;
  const auto [h, w, rows, columns] = checked_windows("fold", output_size, kernel, options);
  const Index taps = kernel.h * kernel.w;
  if (shape.rank() != 3 || shape[1] % taps != 0 || shape[2] != rows * columns) {
    fail<ShapeError>("fold", "x must be (N, C KH KW, L) with KH KW = ", taps, " and L = ", rows,
                     " x ", columns, " windows but its shape is ", shape,
                     "; hint: kernel and options must be those of unfold()");
  }
  const auto [stride, padding, dilation] = options;
  const Index channels = shape[1] / taps;
  auto y = x.reshape({shape[0], channels, kernel.h, kernel.w, rows, columns})
               .permute({0, 1, 2, 4, 3, 5})
               .reshape({shape[0], channels, kernel.h * rows, kernel.w * columns});
  y = apply(transposed(window_map<T>(h, rows, kernel.h, stride.h, padding.h, dilation.h)), y, 2);
  return apply(transposed(window_map<T>(w, columns, kernel.w, stride.w, padding.w, dilation.w)), y,
               3);
}

#define TENON_INSTANTIATE(T)                                                                   \
  template TENON_API BasicTensor<T> unfold(const BasicTensor<T>&, Pair, const UnfoldOptions&); \
  template TENON_API BasicTensor<T> fold(const BasicTensor<T>&, Pair, Pair, const UnfoldOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
