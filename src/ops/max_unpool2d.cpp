#include "tenon/ops/max_unpool2d.hpp"

#include "ops/window.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/index.hpp"
#include "tensor/checks.hpp"

namespace tenon {
namespace detail {
namespace {

constexpr const char* max_unpool2d_op = "max_unpool2d";

Pair plane_size(const Shape& x, Pair kernel, const MaxUnpool2dOptions& options) {
  check_window_option(max_unpool2d_op, "kernel", kernel, 1);
  check_window_option(max_unpool2d_op, "stride", options.stride, 0);
  check_window_option(max_unpool2d_op, "padding", options.padding, 0);
  if (options.output_size) {
    check_window_option(max_unpool2d_op, "output_size", *options.output_size, 1);
    return *options.output_size;
  }
  const Pair padding = options.padding;
  const Index stride_h = options.stride.h == 0 ? kernel.h : options.stride.h;
  const Index stride_w = options.stride.w == 0 ? kernel.w : options.stride.w;
  const Pair size{(x[2] - 1) * stride_h - 2 * padding.h + kernel.h,
                  (x[3] - 1) * stride_w - 2 * padding.w + kernel.w};
  if (size.h < 1 || size.w < 1) {
    fail<ShapeError>(max_unpool2d_op, "x ", to_string(x, "NCHW"), " would become an image of ",
                     size.h, " x ", size.w,
                     " pixels; hint: kernel, stride and padding are those of the pooling");
  }
  return size;
}

/// Which element of x each pixel of y shows: its position in the plane and whether there is one.
struct Sources {
  LongTensor position;  // (N, C, H W), 0 where there is none
  BoolTensor exists;
};

Sources sources_of(const LongTensor& indices_any, Pair size) {
  const LongTensor indices = indices_any.contiguous();
  const Shape& shape = indices.shape();
  const Index count = shape[2] * shape[3], pixels = size.h * size.w;
  Sources sources{LongTensor::empty({shape[0], shape[1], pixels}),
                  BoolTensor::empty({shape[0], shape[1], pixels})};
  sources.position.fill_(0);
  sources.exists.fill_(false);
  for (Index k = 0; k < indices.numel(); ++k) {
    const Index at = indices.data()[k];
    if (at < 0 || at >= pixels) {
      fail<IndexError>(max_unpool2d_op, "an index is ", at, " but a plane of ", size.h, " x ",
                       size.w, " pixels has the positions 0 to ", pixels - 1,
                       "; hint: give the size of the pooled image as .output_size");
    }
    sources.position.data()[k / count * pixels + at] = k % count;
    sources.exists.data()[k / count * pixels + at] = true;
  }
  return sources;
}

}  // namespace
}  // namespace detail

template <std::floating_point T>
BasicTensor<T> max_unpool2d(const BasicTensor<T>& x, const LongTensor& indices, Pair kernel,
                            const MaxUnpool2dOptions& options) {
  using namespace detail;
  const Shape& shape = defined(max_unpool2d_op, x.impl()).shape;
  if (shape.rank() != 4 || !(defined(max_unpool2d_op, indices.impl()).shape == shape)) {
    fail<ShapeError>(max_unpool2d_op, "x and indices must both be (N, C, H, W) but have shapes ",
                     shape, " and ", indices.shape(),
                     "; hint: both come from max_pool2d_with_indices()");
  }
  if (shape[2] < 1 || shape[3] < 1) {
    fail<ShapeError>(max_unpool2d_op, "x must have at least one pixel: x ",
                     to_string(shape, "NCHW"), "; hint: the image has been pooled too often");
  }
  const Pair size = plane_size(shape, kernel, options);
  const Sources sources = sources_of(indices, size);
  const auto taken = gather(x.flatten(2), 2, sources.position);
  return where(sources.exists, taken, 0).reshape({shape[0], shape[1], size.h, size.w});
}

#define TENON_INSTANTIATE(T)                                                                     \
  template TENON_API BasicTensor<T> max_unpool2d(const BasicTensor<T>&, const LongTensor&, Pair, \
                                                 const MaxUnpool2dOptions&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
