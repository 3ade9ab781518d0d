#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Sizes of a 2-d max pooling.
///   x (N, C, H, W)   y, argmax (N, C, out_h, out_w), all contiguous; H W < 2^31
///   out_h = (H + 2 pad_h - dilation_h (KH - 1) - 1) / stride_h + 1, out_w likewise;
///   every window holds at least one pixel, which 2 pad <= dilation (kernel - 1) + 1
///   and, where there is padding, dilation <= size make sure of.
struct Pool2dDims {
  Index n, c, h, w;
  Index kh, kw;
  Index out_h, out_w;
  Index stride_h = 1, stride_w = 1;
  Index pad_h = 0, pad_w = 0;
  Index dilation_h = 1, dilation_w = 1;
};

/// y[n,c,i,j] = max_{p,q} x[n, c, i stride - pad + p dilation, ...] over the pixels inside the
/// image; argmax = h W + w of the pixel taken: the first of equal ones, a NaN before all; null
/// where nobody wants to know. Parallel over the planes (n, c): every thread owns whole planes of y
/// and argmax. With relu y is max(y, 0) (NaN stays NaN), the same bits as doing it afterwards.
template <class T>
TENON_API void max_pool2d_forward(const Pool2dDims& dims, const T* x, T* y, std::int32_t* argmax,
                                  bool relu = false);

/// dx[n, c, argmax[n,c,i,j]] += dy[n,c,i,j], starting from zeros; windows that overlap add up in
/// row-major order. Where y is given, the output of a pooling with relu, its gradient is 0 where
/// y <= 0. Parallel over planes.
template <class T>
TENON_API void max_pool2d_backward(const Pool2dDims& dims, const T* dy, const std::int32_t* argmax,
                                   const T* y, T* dx);

/// y[n,c,i,j] = x[n, c, argmax[n,c,i,j]]: the transpose of max_pool2d_backward, which is what its
/// own gradient needs. Parallel over planes.
template <class T>
TENON_API void max_pool2d_gather(const Pool2dDims& dims, const T* x, const std::int32_t* argmax,
                                 T* y);

}  // namespace tenon::kernels
