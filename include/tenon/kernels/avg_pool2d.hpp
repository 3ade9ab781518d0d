#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// One image axis of an average pooling. Output i takes the pixels inside the image of
///   [i stride - pad, i stride - pad + kernel)                               or, where kernel is 0,
///   [floor(i size / outputs), ceil((i + 1) size / outputs))                 (adaptive).
/// Every window holds at least one pixel.
struct AvgPool2dAxis {
  Index size, outputs;
  Index kernel = 0;
  Index stride = 1;
  Index pad = 0;
};

/// Sizes of a 2-d average pooling.
///   x (planes, h.size, w.size)   y (planes, h.outputs, w.outputs), contiguous; planes = N C
struct AvgPool2dDims {
  Index planes;
  AvgPool2dAxis h, w;
  bool count_include_pad = true;  ///< padding, up to pad pixels around the image, counts as zeros
  Index divisor = 0;              ///< of all windows; 0: the number of pixels that count in each
};

/// y[plane,i,j] = (sum of the window's pixels) / divisor; float sums in double, but for windows of
/// 2 x 2 that do not overlap. Parallel over planes: every thread owns whole planes of y.
template <class T>
TENON_API void avg_pool2d_forward(const AvgPool2dDims& dims, const T* x, T* y);

/// dx[plane,h,w] = sum of dy / divisor over the windows that hold the pixel: the transpose of
/// avg_pool2d_forward. Windows that overlap add up from left to right, then from top to bottom.
/// Parallel over planes.
template <class T>
TENON_API void avg_pool2d_backward(const AvgPool2dDims& dims, const T* dy, T* dx);

}  // namespace tenon::kernels
