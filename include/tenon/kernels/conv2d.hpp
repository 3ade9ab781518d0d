#pragma once

#include <memory>

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Sizes of a 2-d cross-correlation.
///   x (N, C, H, W)   w (O, C/groups, KH, KW)   b (O)   y (N, O, out_h, out_w), all contiguous
///   out_h = (H + 2 pad_h - dilation_h (KH - 1) - 1) / stride_h + 1, out_w likewise.
struct Conv2dDims {
  Index n, c, h, w;
  Index o, kh, kw;
  Index out_h, out_w;
  Index stride_h = 1, stride_w = 1;
  Index pad_h = 0, pad_w = 0;
  Index dilation_h = 1, dilation_w = 1;
  Index groups = 1;

  bool operator==(const Conv2dDims&) const = default;
};

/// What is done to every output while it is at hand: max(., 0) where relu is set (NaN stays NaN).
/// The same bits as doing it afterwards.
struct ConvEpilogue {
  bool relu = false;
};

/// What conv2d_forward makes of the weights before it reads a pixel.
template <class T>
class Conv2dPack;

/// Prepares w for images of these sizes, to be used by many calls at once. Null where there is
/// nothing to prepare.
template <class T>
TENON_API std::shared_ptr<const Conv2dPack<T>> conv2d_pack(const Conv2dDims& dims, const T* w);

/// y[n,o,i,j] = b[o] + sum_{c,p,q} w[o,c,p,q] x[n, g C/groups + c, i stride - pad + p dilation,
/// ...], g = the group of o; x is zero outside the image. b may be null. pack: made of w, or null;
/// for other sizes than its own (any batch will do) it is ignored. It saves time and changes no
/// bit.
template <class T>
TENON_API void conv2d_forward(const Conv2dDims& dims, const T* x, const T* w, const T* b, T* y,
                              const ConvEpilogue& epilogue = {},
                              const Conv2dPack<T>* pack = nullptr);

/// Taps outside the image may count as 0 times their weight, which matters where that is not
/// finite. dx = the sum over every output that read the pixel: dx[n,c,h,w] = sum w[o,c,p,q]
/// dy[n,o,i,j]; plus b[c] (C) unless b is null, since this is what a transposed convolution
/// computes.
template <class T>
TENON_API void conv2d_backward_input(const Conv2dDims& dims, const T* dy, const T* w, T* dx,
                                     const T* b = nullptr);

/// dw[o,c,p,q] = sum_{n,i,j} dy[n,o,i,j] x[n, c, i stride - pad + p dilation, ...].
template <class T>
TENON_API void conv2d_backward_weight(const Conv2dDims& dims, const T* dy, const T* x, T* dw);

}  // namespace tenon::kernels
