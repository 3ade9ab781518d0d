#include "tenon/ops/rotary.hpp"

#include <cmath>

#include "ops/common.hpp"
#include "tenon/base/error.hpp"
#include "tenon/kernels/rotary.hpp"

namespace tenon {
namespace {

kernels::RotaryDims checked_dims(const Shape& shape, const RotaryOptions& options) {
  if (shape.rank() < 2) {
    detail::fail<ShapeError>("rotary",
                             "x must have shape (..., L, D), a row of D features for each "
                             "of L positions, not ",
                             shape, "; hint: unsqueeze(0) makes a sequence of one row");
  }
  const Index d = shape[shape.rank() - 1];
  if (d % 2 != 0) {
    detail::fail<ShapeError>("rotary",
                             "x must have an even number of features D, which are rotated "
                             "in pairs, but has ",
                             d, ": its shape is ", shape,
                             "; hint: the features of one head are the model's divided by the "
                             "number of heads");
  }
  if (options.offset < 0) {
    detail::fail<ValueError>("rotary", "offset must be at least 0, not ", options.offset,
                             "; hint: it is the position of the first row, the number of rows "
                             "decoded before");
  }
  if (!(options.base > 0 && std::isfinite(options.base))) {
    detail::fail<ValueError>("rotary", "base must be finite and greater than 0, not ", options.base,
                             "; hint: 10000 is usual");
  }
  kernels::RotaryDims dims{shape[shape.rank() - 2], d};
  dims.offset = options.offset;
  dims.base = options.base;
  dims.halves = options.pairs == RotaryPairs::halves;
  return dims;
}

/// Its gradient is itself with the opposite angles.
template <class T>
BasicTensor<T> rotated(const BasicTensor<T>& x, const kernels::RotaryDims& dims) {
  const detail::OpScope scope("rotary");
  const Shape& shape = x.shape();
  auto y = BasicTensor<T>::empty(shape);
  kernels::rotary(dims, detail::elementwise_dims<1>(shape, {x.impl()}), x.data(), y.data());
  if (detail::Recording recording{"rotary", x}) {
    recording.rule(y, [dims](detail::Sweep<T>& sweep) {
      kernels::RotaryDims back = dims;
      back.inverse = !dims.inverse;
      sweep.add(0, rotated(sweep.dy(), back));
    });
  }
  return y;
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> rotary(const BasicTensor<T>& x, const RotaryOptions& options) {
  return rotated(x, checked_dims(detail::defined("rotary", x.impl()).shape, options));
}

#define TENON_INSTANTIATE(T) \
  template TENON_API BasicTensor<T> rotary(const BasicTensor<T>&, const RotaryOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
