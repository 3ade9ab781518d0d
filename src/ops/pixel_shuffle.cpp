#include "tenon/ops/pixel_shuffle.hpp"

#include "ops/common.hpp"
#include "tenon/base/error.hpp"

namespace tenon {
namespace detail {
namespace {

const Shape& checked_image(const char* op, const TensorImpl* x, Index r) {
  const Shape& shape = defined(op, x).shape;
  if (shape.rank() != 4) {
    fail<ShapeError>(op, "x must have 4 axes (N, C, H, W) but its shape is ", shape,
                     "; hint: x.unsqueeze(0) makes a batch of one image");
  }
  constexpr Index most = 1 << 15;
  if (r < 1 || r > most) {
    fail<ValueError>(op, "the factor must lie in [1, ", most, "] but is ", r,
                     "; hint: 2 trades four channels for an image twice as large");
  }
  return shape;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> pixel_shuffle(const BasicTensor<T>& x, Index r) {
  const Shape& s = detail::checked_image("pixel_shuffle", x.impl(), r);
  if (s[1] % (r * r) != 0) {
    detail::fail<ShapeError>("pixel_shuffle", "the square of upscale_factor = ", r,
                             " must divide the channels: x ", to_string(s, "NCHW"),
                             "; hint: the layer before should make C ", r * r, " channels");
  }
  const Index c = s[1] / (r * r);
  const detail::OpScope scope("pixel_shuffle");
  BasicTensor<T> y;
  {
    const NoTape values_only;
    y = x.reshape({s[0], c, r, r, s[2], s[3]}).permute({0, 1, 4, 2, 5, 3}).clone();
    y = y.reshape({s[0], c, s[2] * r, s[3] * r});
  }
  if (detail::Recording recording{"pixel_shuffle", x}) {
    recording.rule(y,
                   [r](detail::Sweep<T>& sweep) { sweep.add(0, pixel_unshuffle(sweep.dy(), r)); });
  }
  return y;
}

template <std::floating_point T>
BasicTensor<T> pixel_unshuffle(const BasicTensor<T>& x, Index r) {
  const Shape& s = detail::checked_image("pixel_unshuffle", x.impl(), r);
  if (s[2] % r != 0 || s[3] % r != 0) {
    detail::fail<ShapeError>("pixel_unshuffle", "downscale_factor = ", r,
                             " must divide both sides: x ", to_string(s, "NCHW"),
                             "; hint: pad() the image");
  }
  const Index h = s[2] / r, w = s[3] / r;
  const detail::OpScope scope("pixel_unshuffle");
  BasicTensor<T> y;
  {
    const NoTape values_only;
    y = x.reshape({s[0], s[1], h, r, w, r}).permute({0, 1, 3, 5, 2, 4}).clone();
    y = y.reshape({s[0], s[1] * r * r, h, w});
  }
  if (detail::Recording recording{"pixel_unshuffle", x}) {
    recording.rule(y, [r](detail::Sweep<T>& sweep) { sweep.add(0, pixel_shuffle(sweep.dy(), r)); });
  }
  return y;
}

#define TENON_INSTANTIATE(T)                                                     \
  template TENON_API BasicTensor<T> pixel_shuffle(const BasicTensor<T>&, Index); \
  template TENON_API BasicTensor<T> pixel_unshuffle(const BasicTensor<T>&, Index);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
