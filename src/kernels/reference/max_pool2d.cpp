#include "tenon/kernels/max_pool2d.hpp"

#include <algorithm>
#include <limits>

#include "kernels/reference/planes.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"

namespace tenon::kernels {
namespace {

/// The outputs [begin, end) of a row whose tap q (counted from the image's edge) is inside the
/// image.
struct Span {
  Index begin, end;
};

Span outputs_inside(Index first, Index stride, Index size, Index outputs) {
  const Index begin = first >= 0 ? 0 : (-first + stride - 1) / stride;
  const Index end = first >= size ? 0 : (size - 1 - first) / stride + 1;
  return {std::min(begin, outputs), std::min(end, outputs)};
}

/// Offers row[first + j stride] to the outputs j it belongs to.
template <class T>
void offer(const T* row, Index first, Index stride, Span span, Index position, T* y,
           std::int32_t* argmax) {
  for (Index j = span.begin; j < span.end; ++j) {
    const Index w = first + j * stride;
    const T v = row[w];
    // The first tap of a window wins whatever it is, so that padding is never chosen.
    const bool better = (v > y[j]) | ((v != v) & (y[j] == y[j])) | (argmax[j] < 0);
    y[j] = better ? v : y[j];
    argmax[j] = better ? static_cast<std::int32_t>(position + w) : argmax[j];
  }
}

template <class T>
void pool_row(const Pool2dDims& d, const T* x, Index i, T* y, std::int32_t* argmax) {
  std::fill(y, y + d.out_w, -std::numeric_limits<T>::infinity());
  std::fill(argmax, argmax + d.out_w, -1);
  for (Index p = 0; p < d.kh; ++p) {
    const Index h = i * d.stride_h - d.pad_h + p * d.dilation_h;
    if (h < 0 || h >= d.h) continue;
    for (Index q = 0; q < d.kw; ++q) {
      const Index first = q * d.dilation_w - d.pad_w;
      offer(x + h * d.w, first, d.stride_w, outputs_inside(first, d.stride_w, d.w, d.out_w),
            h * d.w, y, argmax);
    }
  }
}

}  // namespace

template <class T>
void max_pool2d_forward(const Pool2dDims& d, const T* x, T* y, std::int32_t* argmax, bool relu) {
  count_max_pool2d<T>(d);
  const detail::FlushDenormals flush;
  for_each_plane(d, [&](Index plane) {
    detail::Scratch<std::int32_t> unwanted(argmax == nullptr ? d.out_w : 0);
    for (Index i = 0; i < d.out_h; ++i) {
      const Index row = (plane * d.out_h + i) * d.out_w;
      pool_row(d, x + plane * d.h * d.w, i, y + row,
               argmax == nullptr ? unwanted.data() : argmax + row);
      for (Index j = 0; j < d.out_w && relu; ++j)
        y[row + j] = y[row + j] <= T(0) ? T(0) : y[row + j];
    }
  });
}

template void max_pool2d_forward<float>(const Pool2dDims&, const float*, float*, std::int32_t*,
                                        bool);
template void max_pool2d_forward<double>(const Pool2dDims&, const double*, double*, std::int32_t*,
                                         bool);

}  // namespace tenon::kernels
