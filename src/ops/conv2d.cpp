#include "tenon/ops/conv2d.hpp"

#include <algorithm>
#include <string>

#include "ops/conv2d_products.hpp"
#include "ops/extended.hpp"
#include "ops/window.hpp"
#include "tensor/checks.hpp"

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
  check_window_option("conv2d", "padding", options.padding.sizes(), 0);
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

/// The image and its sizes, after Padding::same has become numbers.
template <class T>
struct Call {
  BasicTensor<T> x;
  kernels::Conv2dDims dims;

  Call(const BasicTensor<T>& x_any, const BasicTensor<T>& w, const TensorImpl* b,
       Conv2dOptions options)
      : x(x_any) {
    const Shape& shape = defined("conv2d", x.impl()).shape;
    const TensorImpl& weight = defined("conv2d", w.impl());
    if (options.padding.is_same && shape.rank() == 4 && weight.shape.rank() == 4) {
      pad_same(weight.shape, options);
    }
    dims = checked_dims(*x.impl(), weight, b, options);
  }

 private:
  /// Half of what is needed on each side. The row or column more of an even kernel goes to the end.
  void pad_same(const Shape& w, Conv2dOptions& options) {
    check_options(options);
    if (!(options.stride == Pair(1))) {
      fail<ValueError>("conv2d", "padding same needs stride 1 but stride is (", options.stride.h,
                       ", ", options.stride.w,
                       "); hint: with a stride y is smaller than x whatever the padding; give it "
                       "as a number");
    }
    const Index all_h = std::max<Index>(0, window_extent(w[2], options.dilation.h) - 1);
    const Index all_w = std::max<Index>(0, window_extent(w[3], options.dilation.w) - 1);
    x = extended(extended(x, 2, all_h % 2), 3, all_w % 2);
    options.padding = Pair(all_h / 2, all_w / 2);
  }
};

}  // namespace
}  // namespace detail

template <std::floating_point T>
PackedConv2d<T>::PackedConv2d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                              const Conv2dOptions& options)
    : pack_(kernels::conv2d_pack<T>(detail::Call<T>(x, w, nullptr, options).dims,
                                    w.contiguous().data())),
      weight_(w.impl()->id),
      version_(w.impl()->root->version) {}

template <std::floating_point T>
const kernels::Conv2dPack<T>* PackedConv2d<T>::of(const BasicTensor<T>& w) const {
  const bool is_valid = pack_ != nullptr && w.defined() && w.impl()->id == weight_ &&
                        w.impl()->root->version == version_;
  return is_valid ? pack_.get() : nullptr;
}

template <std::floating_point T>
BasicTensor<T> conv2d(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                      const Conv2dOptions& options, const PackedConv2d<T>& packed) {
  const detail::Call<T> call(x, w, b.impl(), options);
  return detail::convolve(call.dims, call.x, w, b, {}, packed.of(w));
}

template <std::floating_point T>
BasicTensor<T> conv2d_relu(const BasicTensor<T>& x, const BasicTensor<T>& w,
                           const BasicTensor<T>& b, const Conv2dOptions& options,
                           const PackedConv2d<T>& packed) {
  const detail::Call<T> call(x, w, b.impl(), options);
  return detail::convolve(call.dims, call.x, w, b, {.relu = true}, packed.of(w));
}

#define TENON_INSTANTIATE(T)                                                                  \
  template class PackedConv2d<T>;                                                             \
  template TENON_API BasicTensor<T> conv2d(const BasicTensor<T>&, const BasicTensor<T>&,      \
                                           const BasicTensor<T>&, const Conv2dOptions&,       \
                                           const PackedConv2d<T>&);                           \
  template TENON_API BasicTensor<T> conv2d_relu(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                const BasicTensor<T>&, const Conv2dOptions&,  \
                                                const PackedConv2d<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
