#pragma once

#include <concepts>

#include "tenon/ops/pair.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Each is one number for both image axes or {along H, along W}.
struct UnfoldOptions {
  Pair stride = 1;    ///< pixels from one window to the next, >= 1
  Pair padding = 0;   ///< rows and columns of zeros around the image, on each side, >= 0
  Pair dilation = 1;  ///< pixels from one tap of the window to the next, >= 1
};

/// The windows of images as columns (im2col): what a convolution multiplies by its weights.
///   y[n, (c KH + p) KW + q, i W' + j] = x[n, c, i stride - padding + p dilation,
///                                             j stride - padding + q dilation]
/// where x is zero outside the image.
///   x (N, C, H, W)   kernel (KH, KW), >= 1   y (N, C KH KW, H' W'), H' and W' as of conv2d
/// Throws ShapeError where the window does not fit, ValueError for an option out of its range.
/// Saves nothing but positions. Has derivatives of every order. As torch.nn.functional.unfold.
template <std::floating_point T>
TENON_API BasicTensor<T> unfold(const BasicTensor<T>& x, Pair kernel,
                                const UnfoldOptions& options = {});

/// The transpose of unfold (col2im): columns added up where their windows overlap. fold(unfold(x))
/// is x times the number of windows that see a pixel.
///   x (N, C KH KW, L), L the windows of such an image   output_size (H, W)   y (N, C, H, W)
/// Throws as unfold, and ShapeError for other numbers of rows or windows. As
/// torch.nn.functional.fold.
template <std::floating_point T>
TENON_API BasicTensor<T> fold(const BasicTensor<T>& x, Pair output_size, Pair kernel,
                              const UnfoldOptions& options = {});

}  // namespace tenon
