#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "tenon/kernels/max_pool2d.hpp"

namespace tenon::reference {

template <class T>
struct Pooled {
  std::vector<T> y;
  std::vector<std::int32_t> argmax;
};

/// Every window's pixels in row-major order; the first NaN, else the first of the largest, is
/// taken.
template <class T>
Pooled<T> max_pool2d(const kernels::Pool2dDims& d, const T* x) {
  Pooled<T> result;
  for (Index plane = 0; plane < d.n * d.c; ++plane) {
    for (Index i = 0; i < d.out_h; ++i) {
      for (Index j = 0; j < d.out_w; ++j) {
        Index best = -1;
        const T* image = x + plane * d.h * d.w;
        for (Index p = 0; p < d.kh; ++p) {
          for (Index q = 0; q < d.kw; ++q) {
            const Index h = i * d.stride_h - d.pad_h + p * d.dilation_h;
            const Index w = j * d.stride_w - d.pad_w + q * d.dilation_w;
            if (h < 0 || h >= d.h || w < 0 || w >= d.w) continue;
            const Index k = h * d.w + w;
            if (best < 0) {
              best = k;
            } else if (!std::isnan(image[best]) &&
                       (std::isnan(image[k]) || image[k] > image[best])) {
              best = k;
            }
          }
        }
        result.y.push_back(image[best]);
        result.argmax.push_back(static_cast<std::int32_t>(best));
      }
    }
  }
  return result;
}

}  // namespace tenon::reference
