#include "tenon/ops/adaptive_max_pool2d.hpp"

#include "base/profile.hpp"
#include "ops/window.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/kernels/adaptive_max_pool2d.hpp"
#include "tenon/ops/index.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace detail {
namespace {

constexpr const char* adaptive_max_pool2d_op = "adaptive_max_pool2d";

kernels::AdaptivePool2dDims checked_dims(const Shape& x, Pair output_size) {
  if (x.rank() != 4) {
    fail<ShapeError>(adaptive_max_pool2d_op, "x must have 4 axes (N, C, H, W) but its shape is ", x,
                     x.rank() == 3 ? "; hint: x.unsqueeze(0) makes a batch of one image"
                                   : "; hint: reshape x to (N, C, H, W)");
  }
  check_window_option(adaptive_max_pool2d_op, "output_size", output_size, 0);
  if (x[2] < 1 || x[3] < 1) {
    fail<ShapeError>(adaptive_max_pool2d_op, "an image must have at least one pixel: x ",
                     to_string(x, "NCHW"), "; hint: the image has been pooled too often");
  }
  return {x[0] * x[1], x[2], x[3], output_size.h == 0 ? x[2] : output_size.h,
          output_size.w == 0 ? x[3] : output_size.w};
}

template <class T>
LongTensor winners(const kernels::AdaptivePool2dDims& dims, const BasicTensor<T>& x) {
  const OpScope scope("adaptive_max_pool2d_winners");
  auto argmax = LongTensor::empty({x.shape()[0], x.shape()[1], dims.out_h * dims.out_w});
  kernels::adaptive_max_pool2d(dims, x.contiguous().data(), argmax.data());
  return argmax;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
MaxPool2dResult<T> adaptive_max_pool2d_with_indices(const BasicTensor<T>& x, Pair output_size) {
  const Shape& shape = detail::defined(detail::adaptive_max_pool2d_op, x.impl()).shape;
  const auto dims = detail::checked_dims(shape, output_size);
  const LongTensor indices = detail::winners(dims, x);
  const Shape out{shape[0], shape[1], dims.out_h, dims.out_w};
  return {gather(x.flatten(2), 2, indices).reshape(out), indices.reshape(out)};
}

template <std::floating_point T>
BasicTensor<T> adaptive_max_pool2d(const BasicTensor<T>& x, Pair output_size) {
  return adaptive_max_pool2d_with_indices(x, output_size).values;
}

#define TENON_INSTANTIATE(T)                                                                    \
  template TENON_API BasicTensor<T> adaptive_max_pool2d(const BasicTensor<T>&, Pair);           \
  template TENON_API MaxPool2dResult<T> adaptive_max_pool2d_with_indices(const BasicTensor<T>&, \
                                                                         Pair);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
