#include "tenon/nn/max_pool2d.hpp"

#include <typeinfo>

#include "pair_text.hpp"
#include "tenon/base/error.hpp"

namespace tenon::nn {

template <class T>
BasicMaxPool2d<T>::BasicMaxPool2d(Pair kernel, const MaxPool2dOptions& options)
    : kernel_(kernel), options_(options) {
  if (kernel.h < 1 || kernel.w < 1) {
    detail::fail<ValueError>("MaxPool2d", "the kernel must be at least 1, not (", kernel.h, ", ",
                             kernel.w, "); hint: nn::MaxPool2d(2) halves height and width");
  }
}

template <class T>
BasicTensor<T> BasicMaxPool2d<T>::forward(const BasicTensor<T>& x) {
  return tenon::max_pool2d(x, kernel_, options_);
}

template <class T>
BasicTensor<T> BasicMaxPool2d<T>::forward_relu(const BasicTensor<T>& x) {
  if (typeid(*this) != typeid(BasicMaxPool2d))
    return {};  // a derived layer may have another forward()
  return max_pool2d_relu(x, kernel_, options_);
}

template <class T>
ExpectedInput BasicMaxPool2d<T>::expected_input() const {
  return {"NCHW"};
}

template <class T>
std::string BasicMaxPool2d<T>::description() const {
  std::string text = "MaxPool2d(kernel " + detail::size_text({kernel_.h, kernel_.w});
  text += detail::option_text("stride", options_.stride, 0);
  text += detail::option_text("padding", options_.padding, 0);
  text += detail::option_text("dilation", options_.dilation, 1);
  return text + ")";
}

template class BasicMaxPool2d<float>;
template class BasicMaxPool2d<double>;

}  // namespace tenon::nn
