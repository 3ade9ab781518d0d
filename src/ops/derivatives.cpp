#include "tenon/ops/derivatives.hpp"

#include "autograd/sweep.hpp"
#include "tenon/base/error.hpp"

namespace tenon::detail {

template <class T>
BasicTensor<T> gradient_or_zeros(Tape& tape, const BasicTensor<T>& y, const BasicTensor<T>& dy,
                                 const BasicTensor<T>& x) {
  if (!is_tracked(*y.impl())) return zeros_like(x);
  BasicTensor<T> dx = tape.gradients(y, dy).find(x);
  return dx.defined() ? dx : zeros_like(x);
}

void check_same_shape(const char* op, const Shape& v, const char* of, const Shape& shape) {
  if (v == shape) return;
  fail<ShapeError>(op, "the vector must have the shape of ", of, ", ", shape, ", but has ", v,
                   "; hint: reshape() it, or expand() one that is the same everywhere");
}

void check_scalar(const char* op, const Shape& y) {
  if (y.numel() == 1) return;
  fail<ShapeError>(op, "f(x) must have one element but has shape ", y,
                   "; hint: jacobian() and vjp() take functions of many results; where these are "
                   "independent of each other, sum() them");
}

template <class T>
BasicTensor<T> unit(const Shape& shape, Index i) {
  BasicTensor<T> x = zeros<T>(shape);
  x.data()[i] = 1;
  return x;
}

#define TENON_INSTANTIATE(T)                                                       \
  template TENON_API BasicTensor<T> gradient_or_zeros(                             \
      Tape&, const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&); \
  template TENON_API BasicTensor<T> unit(const Shape&, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
