#include "tenon/optim/accumulate.hpp"

#include <utility>

#include "autograd/gradients_builder.hpp"
#include "base/profile.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/ops/arithmetic.hpp"

namespace tenon::optim {
namespace {

detail::TensorImpl* retained(detail::TensorImpl* impl) {
  detail::retain(impl);
  return impl;
}

template <class T>
detail::TensorImpl* sum_of(detail::TensorImpl* a, detail::TensorImpl* b) {
  const BasicTensor<T> sum = BasicTensor<T>(retained(a)) + BasicTensor<T>(retained(b));
  return retained(sum.impl());
}

detail::TensorImpl* sum_of(detail::TensorImpl* a, detail::TensorImpl* b) {
  return a->dtype == DType::float32 ? sum_of<float>(a, b) : sum_of<double>(a, b);
}

template <class T>
detail::TensorImpl* scaled(detail::TensorImpl* gradient, double factor) {
  const BasicTensor<T> product = BasicTensor<T>(retained(gradient)) * factor;
  return retained(product.impl());
}

}  // namespace

void accumulate(Gradients& sum, Gradients more) {
  const detail::OpScope scope("accumulate");
  if (sum.size() == 0) {
    sum = std::move(more);
    return;
  }
  const NoTape guard;
  Index common = 0;
  for (Index i = 0; i < sum.size(); ++i) {
    if (detail::TensorImpl* gradient = more.find(sum.id(i))) {
      sum.set_gradient(i, sum_of(sum.gradient(i), gradient));
      ++common;
    }
  }
  if (common == more.size()) return;

  GradientsBuilder builder;
  builder.reserve(sum.size() + more.size() - common);
  for (Index i = 0; i < sum.size(); ++i) builder.add(sum.id(i), retained(sum.gradient(i)));
  for (Index i = 0; i < more.size(); ++i) {
    if (sum.find(more.id(i)) == nullptr) builder.add(more.id(i), retained(more.gradient(i)));
  }
  sum = std::move(builder.result);
}

void scale(Gradients& gradients, double factor) {
  const detail::OpScope scope("scale");
  const NoTape guard;
  for (Index i = 0; i < gradients.size(); ++i) {
    detail::TensorImpl* gradient = gradients.gradient(i);
    gradients.set_gradient(i, gradient->dtype == DType::float32 ? scaled<float>(gradient, factor)
                                                                : scaled<double>(gradient, factor));
  }
}

}  // namespace tenon::optim
