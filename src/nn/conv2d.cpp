#include "tenon/nn/conv2d.hpp"

#include <cmath>
#include <typeinfo>

#include "border.hpp"
#include "pair_text.hpp"
#include "prepacking.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

void check(Index in, Index out, Pair kernel, const Conv2dOptions& options) {
  if (in < 1 || out < 1 || kernel.h < 1 || kernel.w < 1) {
    detail::fail<ValueError>("Conv2d",
                             "channels and kernel must be at least 1, not in_channels = ", in,
                             ", out_channels = ", out, ", kernel = (", kernel.h, ", ", kernel.w,
                             "); hint: nn::Conv2d(in_channels, out_channels, kernel)");
  }
  if (options.groups < 1 || in % options.groups != 0 || out % options.groups != 0) {
    detail::fail<ValueError>("Conv2d", "groups = ", options.groups,
                             " must divide in_channels = ", in, " and out_channels = ", out,
                             "; hint: groups = 1 connects every channel, groups = in_channels "
                             "convolves each by itself");
  }
  if (options.stride.h < 1 || options.stride.w < 1 || options.dilation.h < 1 ||
      options.dilation.w < 1 || options.padding.h < 0 || options.padding.w < 0) {
    detail::fail<ValueError>("Conv2d",
                             "stride and dilation must be at least 1 and padding at least "
                             "0, not stride = (",
                             options.stride.h, ", ", options.stride.w, "), dilation = (",
                             options.dilation.h, ", ", options.dilation.w, "), padding = (",
                             options.padding.h, ", ", options.padding.w, ")");
  }
  const bool has_stride = options.stride.h != 1 || options.stride.w != 1;
  detail::check_border("Conv2d", options.padding_mode, options.padding.is_same, has_stride);
}

}  // namespace

template <class T>
BasicConv2d<T>::BasicConv2d(Index in_channels, Index out_channels, Pair kernel,
                            const Conv2dOptions& options)
    : options_(options) {
  check(in_channels, out_channels, kernel, options);
  const Index fan_in = in_channels / options.groups * kernel.h * kernel.w;
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  weight =
      uniform<T>({out_channels, in_channels / options.groups, kernel.h, kernel.w}, -bound, bound);
  if (options.bias) bias = uniform<T>({out_channels}, -bound, bound);
}

template <class T>
BasicTensor<T> BasicConv2d<T>::bordered(const BasicTensor<T>& x) const {
  if (!weight.defined()) return x;
  const auto& [h, w, is_same] = options_.padding;
  const Pair& dilation = options_.dilation;
  return detail::with_border(x, options_.padding_mode,
                             {detail::border_width(h, is_same, weight.size(2), dilation.h),
                              detail::border_width(w, is_same, weight.size(3), dilation.w)});
}

template <class T>
BasicTensor<T> BasicConv2d<T>::forward(const BasicTensor<T>& x_any) {
  const auto x = bordered(x_any);
  prepack(x);
  return tenon::conv2d(x, weight, bias, detail::call_options<tenon::Conv2dOptions>(options_),
                       packed_);
}

template <class T>
BasicTensor<T> BasicConv2d<T>::forward_relu(const BasicTensor<T>& x_any) {
  if (typeid(*this) != typeid(BasicConv2d))
    return {};  // a derived layer may have another forward()
  const auto x = bordered(x_any);
  prepack(x);
  return tenon::conv2d_relu(x, weight, bias, detail::call_options<tenon::Conv2dOptions>(options_),
                            packed_);
}

template <class T>
void BasicConv2d<T>::prepack(const BasicTensor<T>& x) {
  if (detail::Prepacking::is_on())
    packed_ = PackedConv2d<T>(x, weight, detail::call_options<tenon::Conv2dOptions>(options_));
}

template <class T>
void BasicConv2d<T>::on_mode() {
  if (this->is_training()) packed_ = {};
}

template <class T>
void BasicConv2d<T>::visit(BasicVisitor<T>& v) {
  v("weight", weight);
  if (bias.defined()) v("bias", bias);
}

template <class T>
ExpectedInput BasicConv2d<T>::expected_input() const {
  const Index channels = weight.defined() ? weight.size(1) * options_.groups : 0;
  return {"NCHW", 1, channels, "channels", "in_channels"};
}

template <class T>
std::string BasicConv2d<T>::description() const {
  if (!weight.defined()) return "Conv2d(moved from)";
  std::string text = "Conv2d(" + std::to_string(weight.size(1) * options_.groups) + " -> " +
                     std::to_string(weight.size(0));
  text += detail::option_text("kernel", {weight.size(2), weight.size(3)}, 0);
  text += detail::option_text("stride", options_.stride, 1);
  text += detail::border_text(detail::option_text("padding", options_.padding.sizes(), 0),
                              options_.padding.is_same, options_.padding_mode);
  text += detail::option_text("dilation", options_.dilation, 1);
  if (options_.groups != 1) text += ", groups " + std::to_string(options_.groups);
  return text + (bias.defined() ? ")" : ", bias=false)");
}

template class BasicConv2d<float>;
template class BasicConv2d<double>;

}  // namespace tenon::nn
