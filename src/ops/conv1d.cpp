#include "tenon/ops/conv1d.hpp"

#include <algorithm>

#include "ops/conv_checks.hpp"
#include "ops/extended.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/ops/conv_transpose2d.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace detail {
namespace {

void check_transposed(const Shape& x, const Shape& w, const ConvTranspose1dOptions& options) {
  constexpr const char* op = "conv_transpose1d";
  const auto [stride, padding, output_padding, dilation, groups] = options;
  check_conv_option(op, "stride", stride, 1);
  check_conv_option(op, "padding", padding, 0);
  check_conv_option(op, "dilation", dilation, 1);
  check_conv_option(op, "output_padding", output_padding, 0);
  if (output_padding >= std::max(stride, dilation)) {
    fail<ValueError>(op, "output_padding ", output_padding, " must be smaller than stride ", stride,
                     " or dilation ", dilation,
                     "; hint: it only chooses among the sizes that conv1d shrinks to the same one");
  }
  if (groups < 1 || x[1] % groups != 0) {
    fail<ValueError>(op, "groups = ", groups, " must divide the input channels C = ", x[1],
                     "; hint: 1 connects all channels");
  }
  if (x[1] != w[0]) {
    fail<ShapeError>(op, "weight expects ", w[0], " input channels but x has ", x[1], ": ",
                     operands_text(x, "NCL", w),
                     x[1] == w[1] * groups
                         ? "; hint: this weight has the input channels first: w.transpose(0, 1)"
                         : "; hint: channels are the second axis of x");
  }
  const Index length =
      (x[2] - 1) * stride - 2 * padding + window_extent(w[2], dilation) + output_padding;
  if (w[2] < 1 || x[2] < 1 || length < 1) {
    fail<ShapeError>(op, "a sequence of ", x[2], " positions would become one of ", length, ": ",
                     operands_text(x, "NCL", w), "; hint: take less padding or a larger kernel");
  }
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> conv1d(const BasicTensor<T>& x_any, const BasicTensor<T>& w, const BasicTensor<T>& b,
                      const Conv1dOptions& options) {
  using namespace detail;
  constexpr const char* op = "conv1d";
  const Shape& weight = defined(op, w.impl()).shape;
  check_conv_ranks(op, "NCL", defined(op, x_any.impl()).shape, "(O, C/groups, K)", weight, 3);
  BasicTensor<T> x = x_any;
  Index padding = options.padding.size;
  if (options.padding.is_same) {
    check_same_stride(op, options.stride);
    check_conv_option(op, "dilation", options.dilation, 1);
    const Index total = std::max<Index>(0, window_extent(weight[2], options.dilation) - 1);
    padding = total / 2;
    x = extended(x, 2, total % 2);
  }
  check_conv_channels(op, "NCL", x.shape(), weight, options.groups);
  check_conv_bias(op, b.impl(), weight[0]);
  const ConvAxis axis{"L", options.stride, padding, options.dilation};
  check_conv_window(op, "NCL", x.shape(), weight, &axis, 1);
  return conv2d<T>(x.unsqueeze(2), w.unsqueeze(2), b,
                   {.stride = {1, options.stride},
                    .padding = {0, padding},
                    .dilation = {1, options.dilation},
                    .groups = options.groups})
      .squeeze(2);
}

template <std::floating_point T>
BasicTensor<T> conv_transpose1d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                const BasicTensor<T>& b, const ConvTranspose1dOptions& options) {
  using namespace detail;
  constexpr const char* op = "conv_transpose1d";
  const Shape& weight = defined(op, w.impl()).shape;
  check_conv_ranks(op, "NCL", defined(op, x.impl()).shape, "(C, O/groups, K)", weight, 3);
  check_transposed(x.shape(), weight, options);
  check_conv_bias(op, b.impl(), weight[1] * options.groups);
  return conv_transpose2d<T>(x.unsqueeze(2), w.unsqueeze(2), b,
                             {.stride = {1, options.stride},
                              .padding = {0, options.padding},
                              .output_padding = {0, options.output_padding},
                              .dilation = {1, options.dilation},
                              .groups = options.groups})
      .squeeze(2);
}

#define TENON_INSTANTIATE(T)                                                                       \
  template TENON_API BasicTensor<T> conv1d(const BasicTensor<T>&, const BasicTensor<T>&,           \
                                           const BasicTensor<T>&, const Conv1dOptions&);           \
  template TENON_API BasicTensor<T> conv_transpose1d(const BasicTensor<T>&, const BasicTensor<T>&, \
                                                     const BasicTensor<T>&,                        \
                                                     const ConvTranspose1dOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
