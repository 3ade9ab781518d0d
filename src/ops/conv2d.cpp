#include "tenon/ops/conv2d.hpp"

#include <string>

#include "ops/common.hpp"
#include "ops/window.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/kernels/conv2d.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/relu.hpp"

namespace tenon {
namespace detail {
namespace {

std::string operands_text(const Shape& x, const Shape& w) {
  return "x " + to_string(x, "NCHW") + ", weight (O=" + std::to_string(w[0]) +
         ", C/groups=" + std::to_string(w[1]) + ", KH=" + std::to_string(w[2]) +
         ", KW=" + std::to_string(w[3]) + ")";
}

[[noreturn]] void fail_image_rank(const Shape& x) {
  fail<ShapeError>("conv2d", "x must have 4 axes (N, C, H, W) but its shape is ", x,
                   x.rank() == 3
                       ? "; hint: x.unsqueeze(0) makes a batch of one image, x.unsqueeze(1) gives "
                         "grey images their channel"
                       : "; hint: reshape x to (N, C, H, W)");
}

[[noreturn]] void fail_channels(const Shape& x, const Shape& w, Index groups) {
  const Index expected = w[1] * groups;
  std::string hint = "the number of channels that a layer expects must be that of its input";
  if (x[3] == expected) {
    hint = "x looks like (N, H, W, C): x.permute({0, 3, 1, 2}) makes it (N, C, H, W)";
  } else if (groups > 1 && w[1] == x[1]) {
    hint = "with groups the weight's second axis is C/groups = " + std::to_string(x[1] / groups);
  }
  const std::string with_groups = groups > 1 ? " in " + std::to_string(groups) + " groups" : "";
  fail<ShapeError>("conv2d", "weight expects ", expected, " input channels", with_groups,
                   " but x has ", x[1], ": ", operands_text(x, w), "; hint: ", hint);
}

void check_options(const Conv2dOptions& options) {
  check_window_option("conv2d", "stride", options.stride, 1);
  check_window_option("conv2d", "padding", options.padding, 0);
  check_window_option("conv2d", "dilation", options.dilation, 1);
  if (options.groups < 1) {
    fail<ValueError>("conv2d", "groups must be at least 1 but is ", options.groups,
                     "; hint: 1 connects all channels, C makes the convolution depthwise");
  }
}

void check_channels(const Shape& x, const Shape& w, const TensorImpl* b, Index groups) {
  if (x[1] % groups != 0 || w[0] % groups != 0) {
    fail<ShapeError>("conv2d", "groups = ", groups, " must divide the input channels C = ", x[1],
                     " and the output channels O = ", w[0], ": ", operands_text(x, w),
                     "; hint: choose a common divisor of both");
  }
  if (x[1] != w[1] * groups) fail_channels(x, w, groups);
  if (b != nullptr && !(b->shape == Shape{w[0]})) {
    fail<ShapeError>("conv2d", "bias must have shape (O=", w[0], ") but has ", b->shape, ": ",
                     operands_text(x, w), "; hint: it holds one number for each output channel");
  }
}

kernels::Conv2dDims checked_dims(const TensorImpl& x_impl, const TensorImpl& w_impl,
                                 const TensorImpl* b, const Conv2dOptions& options) {
  const Shape& x = x_impl.shape;
  const Shape& w = w_impl.shape;
  if (x.rank() != 4) fail_image_rank(x);
  if (w.rank() != 4) {
    fail<ShapeError>("conv2d", "weight must have 4 axes (O, C/groups, KH, KW) but its shape is ", w,
                     "; hint: reshape it");
  }
  check_options(options);
  check_channels(x, w, b, options.groups);
  const auto [stride, padding, dilation, groups] = options;
  const Index extent_h = window_extent(w[2], dilation.h);
  const Index extent_w = window_extent(w[3], dilation.w);
  const Index out_h = window_count(x[2], extent_h, stride.h, padding.h);
  const Index out_w = window_count(x[3], extent_w, stride.w, padding.w);
  if (w[2] < 1 || w[3] < 1 || out_h < 1 || out_w < 1) {
    fail<ShapeError>("conv2d", "the kernel spans ", extent_h, " x ", extent_w,
                     " pixels but the padded image has ", x[2] + 2 * padding.h, " x ",
                     x[3] + 2 * padding.w, ": ", operands_text(x, w),
                     "; hint: pad the image, or take a smaller kernel or fewer layers that shrink "
                     "the image");
  }
  kernels::Conv2dDims dims{x[0], x[1], x[2], x[3], w[0], w[2], w[3], out_h, out_w};
  dims.stride_h = stride.h;
  dims.stride_w = stride.w;
  dims.pad_h = padding.h;
  dims.pad_w = padding.w;
  dims.dilation_h = dilation.h;
  dims.dilation_w = dilation.w;
  dims.groups = groups;
  return dims;
}

Attributes attributes_of(const kernels::Conv2dDims& d) {
  return {"stride_h stride_w padding_h padding_w dilation_h dilation_w groups",
          {d.stride_h, d.stride_w, d.pad_h, d.pad_w, d.dilation_h, d.dilation_w, d.groups}};
}

// The three products below are bilinear in two of x, w and y, so each one's gradients are the other
// two: derivatives of every order come by themselves.
template <class T>
BasicTensor<T> convolve(const kernels::Conv2dDims& dims, const BasicTensor<T>& x,
                        const BasicTensor<T>& w, const BasicTensor<T>& b,
                        const kernels::ConvEpilogue& epilogue = {});
template <class T>
BasicTensor<T> conv2d_backward_input(const kernels::Conv2dDims& dims, const BasicTensor<T>& dy,
                                     const BasicTensor<T>& w);

template <class T>
BasicTensor<T> conv2d_backward_weight(const kernels::Conv2dDims& dims, const BasicTensor<T>& dy_any,
                                      const BasicTensor<T>& x_any) {
  const OpScope scope("conv2d_backward_weight");
  const auto dy = dy_any.contiguous();
  const auto x = x_any.contiguous();
  auto dw = BasicTensor<T>::empty({dims.o, dims.c / dims.groups, dims.kh, dims.kw});
  kernels::conv2d_backward_weight(dims, dy.data(), x.data(), dw.data());
  if (Recording recording{"conv2d_backward_weight", dy, x}) {
    recording.describe(attributes_of(dims));
    recording.rule(dw, [dims, dy = saved_if(recording.needs(1), dy),
                        x = saved_if(recording.needs(0), x)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, convolve(dims, *x, sweep.dy(), BasicTensor<T>()));
      if (sweep.needs(1)) sweep.add(1, conv2d_backward_input(dims, *dy, sweep.dy()));
    });
  }
  return dw;
}

template <class T>
BasicTensor<T> conv2d_backward_input(const kernels::Conv2dDims& dims, const BasicTensor<T>& dy_any,
                                     const BasicTensor<T>& w_any) {
  const OpScope scope("conv2d_backward_input");
  const auto dy = dy_any.contiguous();
  const auto w = w_any.contiguous();
  auto dx = BasicTensor<T>::empty({dims.n, dims.c, dims.h, dims.w});
  kernels::conv2d_backward_input(dims, dy.data(), w.data(), dx.data());
  if (Recording recording{"conv2d_backward_input", dy, w}) {
    recording.describe(attributes_of(dims));
    recording.rule(dx, [dims, dy = saved_if(recording.needs(1), dy),
                        w = saved_if(recording.needs(0), w)](Sweep<T>& sweep) {
      if (sweep.needs(0)) sweep.add(0, convolve(dims, sweep.dy(), *w, BasicTensor<T>()));
      if (sweep.needs(1)) sweep.add(1, conv2d_backward_weight(dims, *dy, sweep.dy()));
    });
  }
  return dx;
}

template <class T>
BasicTensor<T> convolve(const kernels::Conv2dDims& dims, const BasicTensor<T>& x_any,
                        const BasicTensor<T>& w_any, const BasicTensor<T>& b_any,
                        const kernels::ConvEpilogue& epilogue) {
  const OpScope scope(epilogue.relu ? "conv2d_relu" : "conv2d");
  const auto x = x_any.contiguous();
  const auto w = w_any.contiguous();
  const auto b = b_any.defined() ? b_any.contiguous() : b_any;
  auto y = BasicTensor<T>::empty({dims.n, dims.o, dims.out_h, dims.out_w});
  kernels::conv2d_forward(dims, x.data(), w.data(), b.defined() ? b.data() : nullptr, y.data(),
                          epilogue);
  if (Recording recording{epilogue.relu ? "conv2d_relu" : "conv2d", x, w, b}) {
    recording.describe(attributes_of(dims));
    recording.rule(y,
                   [dims, x = saved_if(recording.needs(1), x), w = saved_if(recording.needs(0), w),
                    y = saved_if(epilogue.relu, y)](Sweep<T>& sweep) {
                     const auto dy = y->defined() ? relu_backward(sweep.dy(), *y) : sweep.dy();
                     if (sweep.needs(0)) sweep.add(0, conv2d_backward_input(dims, dy, *w));
                     if (sweep.needs(1)) sweep.add(1, conv2d_backward_weight(dims, dy, *x));
                     if (sweep.needs(2)) sweep.add(2, sum(dy, {0, 2, 3}));
                   });
  }
  return y;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> conv2d(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                      const Conv2dOptions& options) {
  const auto dims = detail::checked_dims(detail::defined("conv2d", x.impl()),
                                         detail::defined("conv2d", w.impl()), b.impl(), options);
  return detail::convolve(dims, x, w, b);
}

template <std::floating_point T>
BasicTensor<T> conv2d_relu(const BasicTensor<T>& x, const BasicTensor<T>& w,
                           const BasicTensor<T>& b, const Conv2dOptions& options) {
  const auto dims = detail::checked_dims(detail::defined("conv2d", x.impl()),
                                         detail::defined("conv2d", w.impl()), b.impl(), options);
  return detail::convolve(dims, x, w, b, {.relu = true});
}

#define TENON_INSTANTIATE(T)                                                                  \
  template TENON_API BasicTensor<T> conv2d(const BasicTensor<T>&, const BasicTensor<T>&,      \
                                           const BasicTensor<T>&, const Conv2dOptions&);      \
  template TENON_API BasicTensor<T> conv2d_relu(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                const BasicTensor<T>&, const Conv2dOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
