#include "tenon/nn/adaptive_avg_pool2d.hpp"

#include "pair_text.hpp"
#include "tenon/base/error.hpp"

namespace tenon::nn {

template <class T>
BasicAdaptiveAvgPool2d<T>::BasicAdaptiveAvgPool2d(Pair output_size) : output_size_(output_size) {
  if (output_size.h < 0 || output_size.w < 0) {
    detail::fail<ValueError>("AdaptiveAvgPool2d", "the output size must be at least 0, not (",
                             output_size.h, ", ", output_size.w,
                             "); hint: nn::AdaptiveAvgPool2d(1) averages each plane");
  }
}

template <class T>
BasicTensor<T> BasicAdaptiveAvgPool2d<T>::forward(const BasicTensor<T>& x) {
  return adaptive_avg_pool2d(x, output_size_);
}

template <class T>
std::string BasicAdaptiveAvgPool2d<T>::description() const {
  return "AdaptiveAvgPool2d(" + detail::size_text({output_size_.h, output_size_.w}) + ")";
}

template class BasicAdaptiveAvgPool2d<float>;
template class BasicAdaptiveAvgPool2d<double>;

}  // namespace tenon::nn
