#include "tenon/ops/conv_transpose2d.hpp"

#include <algorithm>
#include <string>

#include "ops/conv2d_products.hpp"
#include "ops/extended.hpp"
#include "ops/window.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace detail {
namespace {

constexpr const char* transpose_op = "conv_transpose2d";

std::string transpose_operands_text(const Shape& x, const Shape& w) {
  return "x " + to_string(x, "NCHW") + ", weight (C=" + std::to_string(w[0]) +
         ", O/groups=" + std::to_string(w[1]) + ", KH=" + std::to_string(w[2]) +
         ", KW=" + std::to_string(w[3]) + ")";
}

void check_ranks(const Shape& x, const Shape& w) {
  if (x.rank() != 4) {
    fail<ShapeError>(transpose_op, "x must have 4 axes (N, C, H, W) but its shape is ", x,
                     x.rank() == 3 ? "; hint: x.unsqueeze(0) makes a batch of one image"
                                   : "; hint: reshape x to (N, C, H, W)");
  }
  if (w.rank() != 4) {
    fail<ShapeError>(transpose_op,
                     "weight must have 4 axes (C, O/groups, KH, KW) but its shape is ", w,
                     "; hint: reshape it");
  }
}

void check_options(const ConvTranspose2dOptions& options) {
  const auto& [stride, padding, output_padding, dilation, groups] = options;
  check_window_option(transpose_op, "stride", stride, 1);
  check_window_option(transpose_op, "padding", padding, 0);
  check_window_option(transpose_op, "output_padding", output_padding, 0);
  check_window_option(transpose_op, "dilation", dilation, 1);
  if (output_padding.h >= std::max(stride.h, dilation.h) ||
      output_padding.w >= std::max(stride.w, dilation.w)) {
    fail<ValueError>(transpose_op, "output_padding (", output_padding.h, ", ", output_padding.w,
                     ") must be smaller than stride (", stride.h, ", ", stride.w, ") or dilation (",
                     dilation.h, ", ", dilation.w,
                     ") on each axis; hint: it only chooses among the sizes that conv2d shrinks to "
                     "the same one; pad y for more");
  }
  if (groups < 1) {
    fail<ValueError>(transpose_op, "groups must be at least 1 but is ", groups,
                     "; hint: 1 connects all channels");
  }
}

void check_transpose_channels(const Shape& x, const Shape& w, const TensorImpl* b, Index groups) {
  if (x[1] != w[0]) {
    const char* hint = "the number of channels that a layer expects must be that of its input";
    if (x[3] == w[0]) {
      hint = "x looks like (N, H, W, C): x.permute({0, 3, 1, 2}) makes it (N, C, H, W)";
    } else if (x[1] == w[1] * groups) {
      hint = "the weight of conv_transpose2d has the input channels first: w.transpose(0, 1)";
    }
    fail<ShapeError>(transpose_op, "weight expects ", w[0], " input channels but x has ", x[1],
                     ": ", transpose_operands_text(x, w), "; hint: ", hint);
  }
  if (x[1] % groups != 0) {
    fail<ShapeError>(transpose_op, "groups = ", groups,
                     " must divide the input channels C = ", x[1], ": ",
                     transpose_operands_text(x, w), "; hint: choose a divisor of it");
  }
  if (b != nullptr && !(b->shape == Shape{w[1] * groups})) {
    fail<ShapeError>(transpose_op, "bias must have shape (O=", w[1] * groups, ") but has ",
                     b->shape, ": ", transpose_operands_text(x, w),
                     "; hint: it holds one number for each output channel");
  }
}

Index output_size(Index size, Index extent, Index stride, Index padding, Index output_padding) {
  return (size - 1) * stride - 2 * padding + extent + output_padding;
}

/// Of the convolution that shrinks y to x.
kernels::Conv2dDims checked_dims(const TensorImpl& x_impl, const TensorImpl& w_impl,
                                 const TensorImpl* b, const ConvTranspose2dOptions& options) {
  const Shape& x = x_impl.shape;
  const Shape& w = w_impl.shape;
  check_ranks(x, w);
  check_options(options);
  check_transpose_channels(x, w, b, options.groups);
  const auto [stride, padding, output_padding, dilation, groups] = options;
  const Index h =
      output_size(x[2], window_extent(w[2], dilation.h), stride.h, padding.h, output_padding.h);
  const Index width =
      output_size(x[3], window_extent(w[3], dilation.w), stride.w, padding.w, output_padding.w);
  if (w[2] < 1 || w[3] < 1 || x[2] < 1 || x[3] < 1 || h < 1 || width < 1) {
    fail<ShapeError>(transpose_op, "an image of ", x[2], " x ", x[3],
                     " pixels would become one of ", h, " x ", width, ": ",
                     transpose_operands_text(x, w), "; hint: take less padding or a larger kernel");
  }
  kernels::Conv2dDims dims{x[0], w[1] * groups, h, width, w[0], w[2], w[3], x[2], x[3]};
  dims.stride_h = stride.h;
  dims.stride_w = stride.w;
  dims.pad_h = padding.h;
  dims.pad_w = padding.w;
  dims.dilation_h = dilation.h;
  dims.dilation_w = dilation.w;
  dims.groups = groups;
  return dims;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> conv_transpose2d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                const BasicTensor<T>& b, const ConvTranspose2dOptions& options) {
  auto dims =
      detail::checked_dims(detail::defined(detail::transpose_op, x.impl()),
                           detail::defined(detail::transpose_op, w.impl()), b.impl(), options);
  // From an output_padding of the stride on, which dilated kernels allow, conv2d would make more
  // pixels of y than x has: those are zeros.
  const Index more_h = options.output_padding.h / options.stride.h;
  const Index more_w = options.output_padding.w / options.stride.w;
  dims.out_h += more_h;
  dims.out_w += more_w;
  const auto image = detail::extended(detail::extended(x, 2, more_h), 3, more_w);
  return detail::conv2d_backward_input(dims, image, w, b, detail::transpose_op);
}

#define TENON_INSTANTIATE(T)                                                                       \
  template TENON_API BasicTensor<T> conv_transpose2d(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                     const BasicTensor<T>&,                        \
                                                     const ConvTranspose2dOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
