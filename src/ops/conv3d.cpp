#include "tenon/ops/conv3d.hpp"

#include <algorithm>

#include "ops/axis_map.hpp"
#include "ops/conv_checks.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace detail {
namespace {

constexpr const char* conv3d_op = "conv3d";

/// The padding in numbers, along H and W only for the checks: conv2d knows Padding::same.
Triple checked_padding(const Shape& w, const Conv3dOptions& options) {
  if (!options.padding.is_same) return options.padding.sizes();
  const auto [d, h, width] = options.dilation;
  for (const Index stride : {options.stride.d, options.stride.h, options.stride.w}) {
    check_same_stride(conv3d_op, stride);
  }
  const auto half = [](Index kernel, Index dilation) {
    check_conv_option(conv3d_op, "dilation", dilation, 1);
    return std::max<Index>(0, window_extent(kernel, dilation)) / 2;  // rounded up for the check
  };
  return {half(w[2], d), half(w[3], h), half(w[4], width)};
}

/// (C D) slices of a volume to the (D', C, KD) that all windows see.
template <class T>
AxisMap<T> slices_map(Index c, Index d, Index kd, Index out, Index stride, Index padding,
                      Index dilation) {
  return make_axis_map<T>("conv3d_slices", "conv3d_slices_backward", out * c * kd, c * d, 1, false,
                          [=](Index k, Index) {
                            const Index channel = k / kd % c;
                            const Index z = k / (c * kd) * stride - padding + k % kd * dilation;
                            return Tap{z < 0 || z >= d ? -1 : channel * d + z};
                          });
}

/// (D', O) planes of a result to (O, D').
template <class T>
AxisMap<T> channels_map(Index out, Index channels) {
  return make_axis_map<T>("conv3d_channels", "conv3d_channels_backward", out * channels,
                          out * channels, 1, false,
                          [=](Index k, Index) { return Tap{k % out * channels + k / out}; });
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> conv3d(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                      const Conv3dOptions& options) {
  using namespace detail;
  const Shape& in = defined(conv3d_op, x.impl()).shape;
  const Shape& k = defined(conv3d_op, w.impl()).shape;
  check_conv_ranks(conv3d_op, "NCDHW", in, "(O, C/groups, KD, KH, KW)", k, 5);
  check_conv_channels(conv3d_op, "NCDHW", in, k, options.groups);
  check_conv_bias(conv3d_op, b.impl(), k[0]);
  const Triple stride = options.stride, dilation = options.dilation;
  const Triple padding = checked_padding(k, options);
  const ConvAxis axes[] = {{"D", stride.d, padding.d, dilation.d},
                           {"H", stride.h, padding.h, dilation.h},
                           {"W", stride.w, padding.w, dilation.w}};
  check_conv_window(conv3d_op, "NCDHW", in, k, axes, 3);

  const Index n = in[0], c = in[1], kd = k[2];
  const bool is_same = options.padding.is_same;
  const Index front = is_same ? (window_extent(kd, dilation.d) - 1) / 2 : padding.d;
  const Index out =
      is_same ? in[2] : window_count(in[2], window_extent(kd, dilation.d), stride.d, front);
  const auto map = slices_map<T>(c, in[2], kd, out, stride.d, front, dilation.d);
  const auto slices = apply(map, x.reshape({n, c * in[2], in[3] * in[4]}), 1);
  Conv2dOptions plane{.stride = {stride.h, stride.w},
                      .padding = Pair(padding.h, padding.w),
                      .dilation = {dilation.h, dilation.w},
                      .groups = options.groups};
  if (is_same) plane.padding = Padding::same;
  const auto y = conv2d<T>(slices.reshape({n * out, c * kd, in[3], in[4]}),
                           w.reshape({k[0], k[1] * kd, k[3], k[4]}), b, plane);
  const Index h = y.shape()[2], width = y.shape()[3];
  const auto planes = y.reshape({n, out * k[0], h * width});
  return apply(channels_map<T>(out, k[0]), planes, 1).reshape({n, k[0], out, h, width});
}

#define TENON_INSTANTIATE(T)                                                             \
  template TENON_API BasicTensor<T> conv3d(const BasicTensor<T>&, const BasicTensor<T>&, \
                                           const BasicTensor<T>&, const Conv3dOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
