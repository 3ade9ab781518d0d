#include "tenon/nn/conv_transpose2d.hpp"

#include <algorithm>
#include <cmath>

#include "pair_text.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

constexpr const char* conv_transpose2d_op = "ConvTranspose2d";

std::string text(Pair pair) {
  const std::string h = std::to_string(pair.h);
  return "(" + h + ", " + std::to_string(pair.w) + ")";
}

void check(Index in, Index out, Pair kernel, const ConvTranspose2dOptions& options) {
  if (in < 1 || out < 1 || kernel.h < 1 || kernel.w < 1) {
    detail::fail<ValueError>(conv_transpose2d_op,
                             "channels and kernel must be at least 1, not in_channels = ", in,
                             ", out_channels = ", out, ", kernel = ", text(kernel),
                             "; hint: nn::ConvTranspose2d(in_channels, out_channels, kernel)");
  }
  if (options.groups < 1 || in % options.groups != 0 || out % options.groups != 0) {
    detail::fail<ValueError>(conv_transpose2d_op, "groups = ", options.groups,
                             " must divide in_channels = ", in, " and out_channels = ", out,
                             "; hint: groups = 1 connects every channel");
  }
  const auto& [stride, padding, output_padding, dilation, groups, bias] = options;
  if (stride.h < 1 || stride.w < 1 || dilation.h < 1 || dilation.w < 1 || padding.h < 0 ||
      padding.w < 0) {
    detail::fail<ValueError>(conv_transpose2d_op,
                             "stride and dilation must be at least 1 and padding at least 0, not "
                             "stride = ",
                             text(stride), ", dilation = ", text(dilation),
                             ", padding = ", text(padding));
  }
  if (output_padding.h < 0 || output_padding.h >= std::max(stride.h, dilation.h) ||
      output_padding.w < 0 || output_padding.w >= std::max(stride.w, dilation.w)) {
    detail::fail<ValueError>(conv_transpose2d_op, "output_padding = ", text(output_padding),
                             " must be at least 0 and smaller than stride = ", text(stride),
                             " or dilation = ", text(dilation),
                             "; hint: stride 2 doubles an image with kernel 3, padding 1 and "
                             "output_padding 1, or with kernel 4 and padding 1");
  }
}

}  // namespace

template <class T>
BasicConvTranspose2d<T>::BasicConvTranspose2d(Index in_channels, Index out_channels, Pair kernel,
                                              const ConvTranspose2dOptions& options)
    : options_{options.stride, options.padding, options.output_padding, options.dilation,
               options.groups} {
  check(in_channels, out_channels, kernel, options);
  const Shape shape{in_channels, out_channels / options.groups, kernel.h, kernel.w};
  // PyTorch takes the weight's second axis for the inputs here, too.
  const double bound = 1 / std::sqrt(static_cast<double>(shape[1] * kernel.h * kernel.w));
  weight = uniform<T>(shape, -bound, bound);
  if (options.bias) bias = uniform<T>({out_channels}, -bound, bound);
}

template <class T>
BasicTensor<T> BasicConvTranspose2d<T>::forward(const BasicTensor<T>& x) {
  return tenon::conv_transpose2d(x, weight, bias, options_);
}

template <class T>
void BasicConvTranspose2d<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
  if (bias.defined()) v("bias", bias);
}

template <class T>
ExpectedInput BasicConvTranspose2d<T>::expected_input() const {
  return {"NCHW", 1, weight.defined() ? weight.size(0) : 0, "channels", "in_channels"};
}

template <class T>
std::string BasicConvTranspose2d<T>::description() const {
  if (!weight.defined()) return "ConvTranspose2d(moved from)";
  std::string text = "ConvTranspose2d(" + std::to_string(weight.size(0)) + " -> " +
                     std::to_string(weight.size(1) * options_.groups);
  text += detail::option_text("kernel", {weight.size(2), weight.size(3)}, 0);
  text += detail::option_text("stride", options_.stride, 1);
  text += detail::option_text("padding", options_.padding, 0);
  text += detail::option_text("output_padding", options_.output_padding, 0);
  text += detail::option_text("dilation", options_.dilation, 1);
  if (options_.groups != 1) text += ", groups " + std::to_string(options_.groups);
  return text + (bias.defined() ? ")" : ", bias=false)");
}

template class BasicConvTranspose2d<float>;
template class BasicConvTranspose2d<double>;

}  // namespace tenon::nn
