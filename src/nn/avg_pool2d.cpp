#include "tenon/nn/avg_pool2d.hpp"

#include "pair_text.hpp"
#include "tenon/base/error.hpp"

namespace tenon::nn {

template <class T>
BasicAvgPool2d<T>::BasicAvgPool2d(Pair kernel, const AvgPool2dOptions& options)
    : kernel_(kernel), options_(options) {
  if (kernel.h < 1 || kernel.w < 1) {
    detail::fail<ValueError>("AvgPool2d", "the kernel must be at least 1, not (", kernel.h, ", ",
                             kernel.w, "); hint: nn::AvgPool2d(2) halves height and width");
  }
}

template <class T>
BasicTensor<T> BasicAvgPool2d<T>::forward(const BasicTensor<T>& x) {
  return tenon::avg_pool2d(x, kernel_, options_);
}

template <class T>
std::string BasicAvgPool2d<T>::description() const {
  std::string text = "AvgPool2d(kernel " + detail::size_text({kernel_.h, kernel_.w});
  text += detail::option_text("stride", options_.stride, 0);
  text += detail::option_text("padding", options_.padding, 0);
  if (options_.ceil_mode) text += ", ceil_mode=true";
  if (!options_.count_include_pad) text += ", count_include_pad=false";
  text += detail::option_text("divisor_override", options_.divisor_override, 0);
  return text + ")";
}

template class BasicAvgPool2d<float>;
template class BasicAvgPool2d<double>;

}  // namespace tenon::nn
