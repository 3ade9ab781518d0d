#include "tenon/nn/conv1d.hpp"

#include <algorithm>
#include <cmath>

#include "border.hpp"
#include "pair_text.hpp"
#include "tenon/base/error.hpp"
#include "tenon/nn/conv3d.hpp"
#include "tenon/tensor/factories.hpp"

// The convolutional layers besides those of images.

namespace tenon::nn {
namespace {

void check_layer(const char* name, Index in, Index out, Index least_kernel, Index groups) {
  if (in < 1 || out < 1 || least_kernel < 1) {
    detail::fail<ValueError>(name, "channels and kernel must be at least 1, not in_channels = ", in,
                             ", out_channels = ", out, ", kernel = ", least_kernel,
                             "; hint: nn::", name, "(in_channels, out_channels, kernel)");
  }
  if (groups < 1 || in % groups != 0 || out % groups != 0) {
    detail::fail<ValueError>(name, "groups = ", groups, " must divide in_channels = ", in,
                             " and out_channels = ", out,
                             "; hint: groups = 1 connects every channel, groups = in_channels "
                             "convolves each by itself");
  }
}

/// Uniform in +-1 / sqrt(fan), fan the elements of one entry of the weight's first axis.
template <class T>
void start(BasicParameter<T>& weight, BasicParameter<T>& bias, const Shape& shape, Index outputs,
           bool has_bias) {
  const double bound = 1 / std::sqrt(static_cast<double>(shape.numel() / shape[0]));
  weight = uniform<T>(shape, -bound, bound);
  if (has_bias) bias = uniform<T>({outputs}, -bound, bound);
}

template <class T>
void visit_both(BasicVisitor<T>& v, BasicParameter<T>& weight, BasicParameter<T>& bias) {
  v("weight", weight);
  if (bias.defined()) v("bias", bias);
}

/// The options that a convolution and a transposed one have in common.
struct LayerText {
  Shape stride, padding, dilation;
  Index groups;
  bool has_bias;
  bool is_same = false;
  PadMode mode = PadMode::constant;
};

std::string text(const std::string& name, Index in, Index out, const Shape& kernel,
                 const LayerText& options) {
  std::string line = name + "(" + std::to_string(in) + " -> " + std::to_string(out) + ", kernel ";
  const Shape zeros = Shape::filled(kernel.rank(), 0), ones = Shape::filled(kernel.rank(), 1);
  line += detail::size_text(kernel);
  line += detail::option_text("stride", options.stride, ones);
  line += detail::border_text(detail::option_text("padding", options.padding, zeros),
                              options.is_same, options.mode);
  line += detail::option_text("dilation", options.dilation, ones);
  if (options.groups != 1) line += ", groups " + std::to_string(options.groups);
  return line + (options.has_bias ? ")" : ", bias=false)");
}

}  // namespace

template <class T>
BasicConv1d<T>::BasicConv1d(Index in_channels, Index out_channels, Index kernel,
                            const Conv1dOptions& options)
    : options_(options) {
  check_layer("Conv1d", in_channels, out_channels, kernel, options.groups);
  detail::check_border("Conv1d", options.padding_mode, options.padding.is_same,
                       options.stride != 1);
  start(weight, bias, {out_channels, in_channels / options.groups, kernel}, out_channels,
        options.bias);
}

template <class T>
BasicTensor<T> BasicConv1d<T>::bordered(const BasicTensor<T>& x) const {
  if (!weight.defined()) return x;
  const auto& [size, is_same] = options_.padding;
  return detail::with_border(
      x, options_.padding_mode,
      {detail::border_width(size, is_same, weight.size(2), options_.dilation)});
}

template <class T>
BasicTensor<T> BasicConv1d<T>::forward(const BasicTensor<T>& x) {
  return tenon::conv1d(bordered(x), weight, bias,
                       detail::call_options<tenon::Conv1dOptions>(options_));
}

template <class T>
void BasicConv1d<T>::visit(BasicVisitor<T>& v) {
  visit_both(v, weight, bias);
}

template <class T>
ExpectedInput BasicConv1d<T>::expected_input() const {
  const Index channels = weight.defined() ? weight.size(1) * options_.groups : 0;
  return {"NCL", 1, channels, "channels", "in_channels"};
}

template <class T>
std::string BasicConv1d<T>::description() const {
  if (!weight.defined()) return "Conv1d(moved from)";
  const auto& o = options_;
  return text("Conv1d", weight.size(1) * o.groups, weight.size(0), {weight.size(2)},
              {{o.stride},
               {o.padding.size},
               {o.dilation},
               o.groups,
               bias.defined(),
               o.padding.is_same,
               o.padding_mode});
}

template <class T>
BasicConvTranspose1d<T>::BasicConvTranspose1d(Index in_channels, Index out_channels, Index kernel,
                                              const ConvTranspose1dOptions& options)
    : options_{options.stride, options.padding, options.output_padding, options.dilation,
               options.groups} {
  check_layer("ConvTranspose1d", in_channels, out_channels, kernel, options.groups);
  start(weight, bias, {in_channels, out_channels / options.groups, kernel}, out_channels,
        options.bias);
}

template <class T>
BasicTensor<T> BasicConvTranspose1d<T>::forward(const BasicTensor<T>& x) {
  return tenon::conv_transpose1d(x, weight, bias, options_);
}

template <class T>
void BasicConvTranspose1d<T>::visit(BasicVisitor<T>& v) {
  visit_both(v, weight, bias);
}

template <class T>
ExpectedInput BasicConvTranspose1d<T>::expected_input() const {
  return {"NCL", 1, weight.defined() ? weight.size(0) : 0, "channels", "in_channels"};
}

template <class T>
std::string BasicConvTranspose1d<T>::description() const {
  if (!weight.defined()) return "ConvTranspose1d(moved from)";
  const auto& o = options_;
  return text("ConvTranspose1d", weight.size(0), weight.size(1) * o.groups, {weight.size(2)},
              {{o.stride}, {o.padding}, {o.dilation}, o.groups, bias.defined()});
}

template <class T>
BasicConv3d<T>::BasicConv3d(Index in_channels, Index out_channels, Triple kernel,
                            const Conv3dOptions& options)
    : options_(options) {
  const auto [d, h, w] = kernel;
  check_layer("Conv3d", in_channels, out_channels, std::min({d, h, w}), options.groups);
  detail::check_border("Conv3d", options.padding_mode, options.padding.is_same,
                       !(options.stride == Triple(1)));
  start(weight, bias, {out_channels, in_channels / options.groups, d, h, w}, out_channels,
        options.bias);
}

template <class T>
BasicTensor<T> BasicConv3d<T>::bordered(const BasicTensor<T>& x) const {
  if (!weight.defined()) return x;
  const auto& [d, h, w, is_same] = options_.padding;
  const Triple& dilation = options_.dilation;
  return detail::with_border(x, options_.padding_mode,
                             {detail::border_width(d, is_same, weight.size(2), dilation.d),
                              detail::border_width(h, is_same, weight.size(3), dilation.h),
                              detail::border_width(w, is_same, weight.size(4), dilation.w)});
}

template <class T>
BasicTensor<T> BasicConv3d<T>::forward(const BasicTensor<T>& x) {
  return tenon::conv3d(bordered(x), weight, bias,
                       detail::call_options<tenon::Conv3dOptions>(options_));
}

template <class T>
void BasicConv3d<T>::visit(BasicVisitor<T>& v) {
  visit_both(v, weight, bias);
}

template <class T>
ExpectedInput BasicConv3d<T>::expected_input() const {
  const Index channels = weight.defined() ? weight.size(1) * options_.groups : 0;
  return {"NCDHW", 1, channels, "channels", "in_channels"};
}

template <class T>
std::string BasicConv3d<T>::description() const {
  if (!weight.defined()) return "Conv3d(moved from)";
  const auto& o = options_;
  const auto sizes = [](const auto& of) { return Shape{of.d, of.h, of.w}; };
  return text("Conv3d", weight.size(1) * o.groups, weight.size(0),
              {weight.size(2), weight.size(3), weight.size(4)},
              {sizes(o.stride), sizes(o.padding), sizes(o.dilation), o.groups, bias.defined(),
               o.padding.is_same, o.padding_mode});
}

#define TENON_INSTANTIATE(T)              \
  template class BasicConv1d<T>;          \
  template class BasicConvTranspose1d<T>; \
  template class BasicConv3d<T>;
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn
