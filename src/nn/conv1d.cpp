#include "tenon/nn/conv1d.hpp"

#include <algorithm>
#include <cmath>

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

std::string text(const std::string& name, Index in, Index out, const Shape& kernel, Index groups,
                 bool has_bias) {
  std::string line = name + "(" + std::to_string(in) + " -> " + std::to_string(out) + ", kernel ";
  line += kernel.rank() == 1 ? std::to_string(kernel[0]) : to_string(kernel);
  if (groups != 1) line += ", groups " + std::to_string(groups);
  return line + (has_bias ? ")" : ", bias=false)");
}

}  // namespace

template <class T>
BasicConv1d<T>::BasicConv1d(Index in_channels, Index out_channels, Index kernel,
                            const Conv1dOptions& options)
    : options_{options.stride, options.padding, options.dilation, options.groups} {
  check_layer("Conv1d", in_channels, out_channels, kernel, options.groups);
  start(weight, bias, {out_channels, in_channels / options.groups, kernel}, out_channels,
        options.bias);
}

template <class T>
BasicTensor<T> BasicConv1d<T>::forward(const BasicTensor<T>& x) {
  return tenon::conv1d(x, weight, bias, options_);
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
  return text("Conv1d", weight.size(1) * options_.groups, weight.size(0), {weight.size(2)},
              options_.groups, bias.defined());
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
  return text("ConvTranspose1d", weight.size(0), weight.size(1) * options_.groups, {weight.size(2)},
              options_.groups, bias.defined());
}

template <class T>
BasicConv3d<T>::BasicConv3d(Index in_channels, Index out_channels, Triple kernel,
                            const Conv3dOptions& options)
    : options_{options.stride, options.padding, options.dilation, options.groups} {
  const auto [d, h, w] = kernel;
  check_layer("Conv3d", in_channels, out_channels, std::min({d, h, w}), options.groups);
  start(weight, bias, {out_channels, in_channels / options.groups, d, h, w}, out_channels,
        options.bias);
}

template <class T>
BasicTensor<T> BasicConv3d<T>::forward(const BasicTensor<T>& x) {
  return tenon::conv3d(x, weight, bias, options_);
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
  return text("Conv3d", weight.size(1) * options_.groups, weight.size(0),
              {weight.size(2), weight.size(3), weight.size(4)}, options_.groups, bias.defined());
}

#define TENON_INSTANTIATE(T)              \
  template class BasicConv1d<T>;          \
  template class BasicConvTranspose1d<T>; \
  template class BasicConv3d<T>;
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::nn
