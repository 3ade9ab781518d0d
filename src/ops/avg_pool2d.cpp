#include "tenon/ops/avg_pool2d.hpp"

#include "ops/common.hpp"
#include "ops/window.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/kernels/avg_pool2d.hpp"

namespace tenon {
namespace detail {
namespace {

using kernels::AvgPool2dAxis;
using kernels::AvgPool2dDims;

void check_image(const char* op, const Shape& x) {
  if (x.rank() == 4) return;
  fail<ShapeError>(op, "x must have 4 axes (N, C, H, W) but its shape is ", x,
                   x.rank() == 3 ? "; hint: x.unsqueeze(0) makes a batch of one image"
                                 : "; hint: reshape x to (N, C, H, W)");
}

AvgPool2dAxis window_axis(Index size, Index kernel, Index stride, Index padding, bool ceil_mode) {
  AvgPool2dAxis axis{size, 0, kernel, stride == 0 ? kernel : stride, padding};
  const Index room = size + 2 * padding - kernel;
  if (size < 1 || room < 0) return axis;
  axis.outputs = room / axis.stride + 1;
  const bool is_left_over = room % axis.stride != 0;
  // A window that begins behind the image would hold padding alone.
  if (ceil_mode && is_left_over && axis.outputs * axis.stride < size + padding) ++axis.outputs;
  return axis;
}

AvgPool2dDims window_dims(const Shape& x, Pair kernel, const AvgPool2dOptions& options) {
  constexpr const char* op = "avg_pool2d";
  check_image(op, x);
  check_window_option(op, "kernel", kernel, 1);
  check_window_option(op, "stride", options.stride, 0);
  check_window_option(op, "padding", options.padding, 0);
  const Pair stride = options.stride, padding = options.padding;
  if (2 * padding.h > kernel.h || 2 * padding.w > kernel.w) {
    fail<ValueError>(op, "padding (", padding.h, ", ", padding.w,
                     ") is more than half of the window, ", kernel.h, " x ", kernel.w,
                     " pixels; hint: a window must hold at least one pixel of the image");
  }
  if (options.divisor_override < 0) {
    fail<ValueError>(op, "divisor_override must be at least 0 but is ", options.divisor_override,
                     "; hint: 0 divides by the number of each window's pixels");
  }
  const AvgPool2dDims dims{x[0] * x[1],
                           window_axis(x[2], kernel.h, stride.h, padding.h, options.ceil_mode),
                           window_axis(x[3], kernel.w, stride.w, padding.w, options.ceil_mode),
                           options.count_include_pad, options.divisor_override};
  if (dims.h.outputs < 1 || dims.w.outputs < 1) {
    fail<ShapeError>(op, "the window spans ", kernel.h, " x ", kernel.w,
                     " pixels but the padded image has ", x[2] + 2 * padding.h, " x ",
                     x[3] + 2 * padding.w, ": x ", to_string(x, "NCHW"),
                     "; hint: the image has been pooled too often, or take a smaller window; "
                     "adaptive_avg_pool2d fits its windows to any image");
  }
  return dims;
}

/// Windows of one size, side by side, where the outputs divide the pixels.
AvgPool2dAxis adaptive_axis(Index size, Index outputs) {
  if (outputs == 0) outputs = size;
  if (size % outputs != 0) return {size, outputs};
  return {size, outputs, size / outputs, size / outputs};
}

AvgPool2dDims adaptive_dims(const Shape& x, Pair output_size) {
  constexpr const char* op = "adaptive_avg_pool2d";
  check_image(op, x);
  check_window_option(op, "output_size", output_size, 0);
  if (x[2] < 1 || x[3] < 1) {
    fail<ShapeError>(op, "an image must have at least one pixel: x ", to_string(x, "NCHW"),
                     "; hint: the image has been pooled too often");
  }
  return {x[0] * x[1], adaptive_axis(x[2], output_size.h), adaptive_axis(x[3], output_size.w)};
}

Attributes attributes_of(const AvgPool2dDims& d) {
  return {"kernel_h kernel_w stride_h stride_w padding_h padding_w count_include_pad divisor",
          {d.h.kernel, d.w.kernel, d.h.stride, d.w.stride, d.h.pad, d.w.pad, d.count_include_pad,
           d.divisor}};
}

// Averaging is linear, and each of the two is the other's transpose.
template <class T>
BasicTensor<T> avg_pool2d(const char* op, const AvgPool2dDims& dims, const BasicTensor<T>& x_any);

template <class T>
BasicTensor<T> avg_pool2d_backward(const char* op, const AvgPool2dDims& dims, const Shape& x,
                                   const BasicTensor<T>& dy_any) {
  const OpScope scope("avg_pool2d_backward");
  const auto dy = dy_any.contiguous();
  auto dx = BasicTensor<T>::empty(x);
  kernels::avg_pool2d_backward(dims, dy.data(), dx.data());
  if (Recording recording{"avg_pool2d_backward", dy}) {
    recording.rule(dx,
                   [op, dims](Sweep<T>& sweep) { sweep.add(0, avg_pool2d(op, dims, sweep.dy())); });
  }
  return dx;
}

template <class T>
BasicTensor<T> avg_pool2d(const char* op, const AvgPool2dDims& dims, const BasicTensor<T>& x_any) {
  const OpScope scope(op);
  const auto x = x_any.contiguous();
  auto y = BasicTensor<T>::empty({x.size(0), x.size(1), dims.h.outputs, dims.w.outputs});
  kernels::avg_pool2d_forward(dims, x.data(), y.data());
  if (Recording recording{op, x}) {
    recording.describe(attributes_of(dims));
    recording.rule(y, [op, dims, shape = x.shape()](Sweep<T>& sweep) {
      sweep.add(0, avg_pool2d_backward(op, dims, shape, sweep.dy()));
    });
  }
  return y;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> avg_pool2d(const BasicTensor<T>& x, Pair kernel, const AvgPool2dOptions& options) {
  const Shape& shape = detail::defined("avg_pool2d", x.impl()).shape;
  return detail::avg_pool2d("avg_pool2d", detail::window_dims(shape, kernel, options), x);
}

template <std::floating_point T>
BasicTensor<T> adaptive_avg_pool2d(const BasicTensor<T>& x, Pair output_size) {
  const Shape& shape = detail::defined("adaptive_avg_pool2d", x.impl()).shape;
  return detail::avg_pool2d("adaptive_avg_pool2d", detail::adaptive_dims(shape, output_size), x);
}

#define TENON_INSTANTIATE(T)                                                \
  template TENON_API BasicTensor<T> avg_pool2d(const BasicTensor<T>&, Pair, \
                                               const AvgPool2dOptions&);    \
  template TENON_API BasicTensor<T> adaptive_avg_pool2d(const BasicTensor<T>&, Pair);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
