#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Sizes of a pooling by windows that cover the image.
///   x (planes, H, W)   argmax (planes, out_h, out_w), all contiguous; H, W >= 1
struct AdaptivePool2dDims {
  Index planes, h, w;
  Index out_h, out_w;
};

/// argmax[p,i,j] = h W + w of the largest x[p,h,w] with floor(i H / out_h) <= h <
/// ceil((i + 1) H / out_h), w likewise: the first of equal ones, a NaN before all. Parallel over
/// planes.
template <class T>
TENON_API void adaptive_max_pool2d(const AdaptivePool2dDims& dims, const T* x,
                                   std::int64_t* argmax);

}  // namespace tenon::kernels
