#include "tenon/ops/dropout.hpp"

#include "ops/common.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/dropout.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/ops/arithmetic.hpp"

namespace tenon {

template <std::floating_point T>
BasicTensor<T> dropout(const BasicTensor<T>& x, double p, bool training) {
  const detail::OpScope scope("dropout");
  const Shape& shape = detail::defined("dropout", x.impl()).shape;
  if (!(p >= 0 && p <= 1)) {
    detail::fail<ValueError>("dropout", "p must be in [0, 1] but is ", p,
                             "; hint: it is the probability that an element is dropped");
  }
  if (!training || p == 0) return x;
  auto mask = BasicTensor<T>::empty(shape);
  kernels::dropout_mask(mask.numel(), default_generator().next(), p, mask.data());
  auto y = detail::apply("dropout", kernels::mul<T>, x, mask);
  if (detail::Recording recording{"dropout", x}) {
    recording.rule(y, [mask](detail::Sweep<T>& sweep) { sweep.add(0, sweep.dy() * mask); });
  }
  return y;
}

#define TENON_INSTANTIATE(T) \
  template TENON_API BasicTensor<T> dropout(const BasicTensor<T>&, double, bool);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
