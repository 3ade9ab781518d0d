#pragma once

#include <algorithm>

#include "tenon/kernels/max_pool2d.hpp"

namespace tenon::kernels {

/// One plane of max_pool2d_backward.
template <class T>
void scatter_plane(const Pool2dDims& d, const T* dy, const std::int32_t* argmax, const T* y,
                   T* dx) {
  std::fill_n(dx, d.h * d.w, T(0));
  for (Index k = 0; k < d.out_h * d.out_w; ++k) {
    const bool is_off = y != nullptr && y[k] <= T(0);
    dx[argmax[k]] += is_off ? T(0) : dy[k];
  }
}

}  // namespace tenon::kernels
