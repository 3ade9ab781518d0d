#include "tenon/ops/max_pool2d.hpp"

#include <limits>

#include "ops/common.hpp"
#include "ops/window.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/kernels/max_pool2d.hpp"
#include "tenon/ops/relu.hpp"

namespace tenon {
namespace detail {
namespace {

void check_options(Pair kernel, const MaxPool2dOptions& options) {
  check_window_option("max_pool2d", "kernel", kernel, 1);
  check_window_option("max_pool2d", "stride", options.stride, 0);
  check_window_option("max_pool2d", "padding", options.padding, 0);
  check_window_option("max_pool2d", "dilation", options.dilation, 1);
}

void check_image(const Shape& x) {
  if (x.rank() != 4) {
    fail<ShapeError>("max_pool2d", "x must have 4 axes (N, C, H, W) but its shape is ", x,
                     x.rank() == 3 ? "; hint: x.unsqueeze(0) makes a batch of one image"
                                   : "; hint: reshape x to (N, C, H, W)");
  }
  constexpr Index most = std::numeric_limits<std::int32_t>::max();
  if (x[2] > most || x[3] > most || x[2] * x[3] > most) {
    fail<ShapeError>("max_pool2d", "an image must have less than 2^31 pixels: x ",
                     to_string(x, "NCHW"), "; hint: pool parts of it");
  }
}

kernels::Pool2dDims checked_dims(const Shape& x, Pair kernel, const MaxPool2dOptions& options) {
  check_image(x);
  check_options(kernel, options);
  const auto [stride, padding, dilation] = options;
  const Index extent_h = window_extent(kernel.h, dilation.h);
  const Index extent_w = window_extent(kernel.w, dilation.w);
  if (2 * padding.h > extent_h || 2 * padding.w > extent_w) {
    fail<ValueError>("max_pool2d", "padding (", padding.h, ", ", padding.w,
                     ") is more than half of the window, which spans ", extent_h, " x ", extent_w,
                     " pixels; hint: a window must hold at least one pixel of the image");
  }
  // Between two such taps a window could lie around the image without touching it.
  const bool misses_h = padding.h > 0 && kernel.h > 1 && dilation.h > x[2] && x[2] > 0;
  const bool misses_w = padding.w > 0 && kernel.w > 1 && dilation.w > x[3] && x[3] > 0;
  if (misses_h || misses_w) {
    fail<ValueError>("max_pool2d", "dilation (", dilation.h, ", ", dilation.w,
                     ") with padding is larger than the image, ", x[2], " x ", x[3],
                     " pixels; hint: a window must hold at least one pixel of the image");
  }
  kernels::Pool2dDims dims{x[0], x[1], x[2], x[3], kernel.h, kernel.w, 0, 0};
  dims.stride_h = stride.h == 0 ? kernel.h : stride.h;
  dims.stride_w = stride.w == 0 ? kernel.w : stride.w;
  dims.pad_h = padding.h;
  dims.pad_w = padding.w;
  dims.dilation_h = dilation.h;
  dims.dilation_w = dilation.w;
  dims.out_h = window_count(dims.h, extent_h, dims.stride_h, dims.pad_h);
  dims.out_w = window_count(dims.w, extent_w, dims.stride_w, dims.pad_w);
  if (dims.h < 1 || dims.w < 1 || dims.out_h < 1 || dims.out_w < 1) {
    fail<ShapeError>("max_pool2d", "the window spans ", extent_h, " x ", extent_w,
                     " pixels but the padded image has ", dims.h + 2 * padding.h, " x ",
                     dims.w + 2 * padding.w, ": x ", to_string(x, "NCHW"),
                     "; hint: the image has been pooled too often, or take a smaller window");
  }
  return dims;
}

Attributes attributes_of(const kernels::Pool2dDims& d) {
  return {"kernel_h kernel_w stride_h stride_w padding_h padding_w dilation_h dilation_w",
          {d.kh, d.kw, d.stride_h, d.stride_w, d.pad_h, d.pad_w, d.dilation_h, d.dilation_w}};
}

// Taking the winners and giving back to them are linear, and each is the other's transpose. Both
// know the output y of a pooling with relu (else an undefined tensor), where nothing passes y <= 0.
template <class T>
BasicTensor<T> max_pool2d_gather(const kernels::Pool2dDims& dims, const BasicTensor<T>& x_any,
                                 const IntTensor& argmax, const Saved<T>& y);

template <class T>
BasicTensor<T> max_pool2d_backward(const kernels::Pool2dDims& dims, const BasicTensor<T>& dy_any,
                                   const IntTensor& argmax, const Saved<T>& y) {
  const OpScope scope("max_pool2d_backward");
  const auto dy = dy_any.contiguous();
  auto dx = BasicTensor<T>::empty({dims.n, dims.c, dims.h, dims.w});
  kernels::max_pool2d_backward(dims, dy.data(), argmax.data(), y->defined() ? y->data() : nullptr,
                               dx.data());
  if (Recording recording{"max_pool2d_backward", dy}) {
    recording.rule(dx, [dims, argmax, y](Sweep<T>& sweep) {
      sweep.add(0, max_pool2d_gather(dims, sweep.dy(), argmax, y));
    });
  }
  return dx;
}

template <class T>
BasicTensor<T> max_pool2d_gather(const kernels::Pool2dDims& dims, const BasicTensor<T>& x_any,
                                 const IntTensor& argmax, const Saved<T>& y) {
  const OpScope scope("max_pool2d_gather");
  const auto x = x_any.contiguous();
  auto taken = BasicTensor<T>::empty({dims.n, dims.c, dims.out_h, dims.out_w});
  kernels::max_pool2d_gather(dims, x.data(), argmax.data(), taken.data());
  if (y->defined()) taken = relu_backward(taken, *y);
  if (Recording recording{"max_pool2d_gather", x}) {
    recording.rule(taken, [dims, argmax, y](Sweep<T>& sweep) {
      sweep.add(0, max_pool2d_backward(dims, sweep.dy(), argmax, y));
    });
  }
  return taken;
}

template <class T>
BasicTensor<T> max_pool2d(const BasicTensor<T>& x_any, Pair kernel, const MaxPool2dOptions& options,
                          bool relu) {
  const OpScope scope(relu ? "max_pool2d_relu" : "max_pool2d");
  const auto dims = checked_dims(defined("max_pool2d", x_any.impl()).shape, kernel, options);
  const auto x = x_any.contiguous();
  const Shape out{dims.n, dims.c, dims.out_h, dims.out_w};
  auto y = BasicTensor<T>::empty(out);
  Recording recording{relu ? "max_pool2d_relu" : "max_pool2d", x};
  auto argmax = recording ? IntTensor::empty(out) : IntTensor();
  kernels::max_pool2d_forward(dims, x.data(), y.data(), recording ? argmax.data() : nullptr, relu);
  if (recording) {
    recording.describe(attributes_of(dims));
    // Nobody else knows argmax, so nobody can change it.
    recording.rule(y, [dims, argmax, y = saved_if(relu, y)](Sweep<T>& sweep) {
      sweep.add(0, max_pool2d_backward(dims, sweep.dy(), argmax, y));
    });
  }
  return y;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> max_pool2d(const BasicTensor<T>& x, Pair kernel, const MaxPool2dOptions& options) {
  return detail::max_pool2d(x, kernel, options, false);
}

template <std::floating_point T>
BasicTensor<T> max_pool2d_relu(const BasicTensor<T>& x, Pair kernel,
                               const MaxPool2dOptions& options) {
  return detail::max_pool2d(x, kernel, options, true);
}

template <std::floating_point T>
MaxPool2dResult<T> max_pool2d_with_indices(const BasicTensor<T>& x_any, Pair kernel,
                                           const MaxPool2dOptions& options) {
  const detail::OpScope scope("max_pool2d_with_indices");
  const Shape& shape = detail::defined("max_pool2d", x_any.impl()).shape;
  const auto dims = detail::checked_dims(shape, kernel, options);
  const auto x = x_any.contiguous();
  const Shape out{dims.n, dims.c, dims.out_h, dims.out_w};
  auto values = BasicTensor<T>::empty(out);
  auto argmax = IntTensor::empty(out);
  kernels::max_pool2d_forward(dims, x.data(), values.data(), argmax.data(), false);
  const LongTensor indices = argmax.to<std::int64_t>();
  if (detail::Recording recording{"max_pool2d_with_indices", x}) {
    recording.describe(detail::attributes_of(dims));
    recording.rule(values, [dims, argmax](detail::Sweep<T>& sweep) {
      const detail::Saved<T> not_relu{BasicTensor<T>()};
      sweep.add(0, detail::max_pool2d_backward(dims, sweep.dy(), argmax, not_relu));
    });
  }
  return {values, indices};
}

#define TENON_INSTANTIATE(T)                                                                 \
  template TENON_API BasicTensor<T> max_pool2d(const BasicTensor<T>&, Pair,                  \
                                               const MaxPool2dOptions&);                     \
  template TENON_API BasicTensor<T> max_pool2d_relu(const BasicTensor<T>&, Pair,             \
                                                    const MaxPool2dOptions&);                \
  template TENON_API MaxPool2dResult<T> max_pool2d_with_indices(const BasicTensor<T>&, Pair, \
                                                                const MaxPool2dOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
