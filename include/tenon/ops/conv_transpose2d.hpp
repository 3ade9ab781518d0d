#pragma once

#include <concepts>

#include "tenon/ops/pair.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Each is one number for both image axes or {along H, along W}.
struct ConvTranspose2dOptions {
  Pair stride = 1;          ///< pixels of y from one pixel of x to the next, >= 1
  Pair padding = 0;         ///< rows and columns cut off the edges of y, on each side, >= 0
  Pair output_padding = 0;  ///< rows and columns more below and right, < max(stride, dilation)
  Pair dilation = 1;        ///< pixels from one weight to the next, >= 1
  Index groups = 1;         ///< parts into which both kinds of channels are split, >= 1
};

/// The transpose of conv2d with the same weight and options: every pixel of x paints the kernel,
/// scaled by its value, into y.
///   y[n,o,i stride - padding + p dilation, j stride - padding + q dilation]
///       = b[o] + sum over all c, i, j, p, q that meet there of w[c,o,p,q] x[n,c,i,j]
/// where c runs over the channels of o's group.
///   x (N, C, H, W)   w (C, O/groups, KH, KW)   b (O), or undefined for none
///   y (N, O, H', W') with H' = (H - 1) stride - 2 padding + dilation (KH - 1) + 1 +
///   output_padding, W' likewise
/// conv2d makes images of the same size of all H' that differ by less than the stride;
/// output_padding chooses among them. Throws ShapeError where the shapes do not fit together,
/// ValueError for an option out of its range. Saves x where dw is needed and w where dx is. Has
/// derivatives of every order. As torch.nn.functional.conv_transpose2d. Source: Dumoulin, Visin,
/// "A guide to convolution arithmetic for deep learning", arXiv:1603.07285, chapter 4.
template <std::floating_point T>
TENON_API BasicTensor<T> conv_transpose2d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                          const BasicTensor<T>& b = {},
                                          const ConvTranspose2dOptions& options = {});

}  // namespace tenon
