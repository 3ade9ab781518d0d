#include "tenon/ops/one_hot.hpp"

#include "ops/loss.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {

template <std::floating_point T>
BasicTensor<T> one_hot(const LongTensor& labels_any, Index classes) {
  const detail::OpScope scope("one_hot");
  Shape shape = detail::defined("one_hot", labels_any.impl()).shape;
  if (classes < 0) {
    detail::fail<ValueError>("one_hot", "classes must not be negative but is ", classes,
                             "; hint: it is the largest label plus 1");
  }
  shape.push_back(classes);
  const auto labels = labels_any.contiguous();
  auto y = zeros<T>(shape);
  T* row = y.data();
  for (Index i = 0; i < labels.numel(); ++i, row += classes) {
    const Index label = labels.data()[i];
    if (label < 0 || label >= classes) [[unlikely]] {
      detail::fail<ValueError>("one_hot", detail::label_text(labels.shape(), i), " is ", label,
                               " but must be in [0, ", classes,
                               "); hint: labels count from 0, so classes is the largest one plus "
                               "1");
    }
    row[label] = T(1);
  }
  return y;
}

#define TENON_INSTANTIATE(T) template TENON_API BasicTensor<T> one_hot(const LongTensor&, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
