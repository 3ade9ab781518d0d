#include "tenon/ops/dropout.hpp"

#include "ops/common.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/dropout.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {
namespace detail {
namespace {

void check_probability(const char* op, double p) {
  if (p >= 0 && p <= 1) return;
  fail<ValueError>(op, "p must be in [0, 1] but is ", p,
                   "; hint: it is the probability that an element is dropped");
}

template <class T>
BasicTensor<T> drop_channels(const char* op, const char* letters, int rank, const BasicTensor<T>& x,
                             double p, bool training) {
  const Shape& shape = defined(op, x.impl()).shape;
  if (shape.rank() != rank) {
    fail<ShapeError>(op, "x must have ", rank, " axes, the letters of ", letters,
                     ", but its shape is ", shape, "; hint: dropout() takes any shape");
  }
  check_probability(op, p);
  if (!training || p == 0) return x;
  Shape channels = Shape::filled(rank, 1);
  channels[0] = shape[0];
  channels[1] = shape[1];
  return x * tenon::dropout(ones<T>(channels), p, true);
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> dropout(const BasicTensor<T>& x, double p, bool training) {
  const detail::OpScope scope("dropout");
  const Shape& shape = detail::defined("dropout", x.impl()).shape;
  detail::check_probability("dropout", p);
  if (!training || p == 0) return x;
  auto mask = BasicTensor<T>::empty(shape);
  kernels::dropout_mask(mask.numel(), default_generator().next(), p, mask.data());
  auto y = detail::apply("dropout", kernels::mul<T>, x, mask);
  if (detail::Recording recording{"dropout", x}) {
    recording.rule(y, [mask](detail::Sweep<T>& sweep) { sweep.add(0, sweep.dy() * mask); });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> dropout1d(const BasicTensor<T>& x, double p, bool training) {
  return detail::drop_channels("dropout1d", "NCL", 3, x, p, training);
}

template <std::floating_point T>
BasicTensor<T> dropout2d(const BasicTensor<T>& x, double p, bool training) {
  return detail::drop_channels("dropout2d", "NCHW", 4, x, p, training);
}

#define TENON_INSTANTIATE(T)                                                        \
  template TENON_API BasicTensor<T> dropout(const BasicTensor<T>&, double, bool);   \
  template TENON_API BasicTensor<T> dropout1d(const BasicTensor<T>&, double, bool); \
  template TENON_API BasicTensor<T> dropout2d(const BasicTensor<T>&, double, bool);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
