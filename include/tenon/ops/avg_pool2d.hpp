#pragma once

#include <concepts>

#include "tenon/ops/pair.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// A Pair is one number for both image axes or {along H, along W}.
struct AvgPool2dOptions {
  Pair stride = 0;                ///< pixels from one window to the next; 0: the kernel's size
  Pair padding = 0;               ///< rows and columns of zeros around the image, >= 0
  bool ceil_mode = false;         ///< keep a last window that only begins inside the padded image
  bool count_include_pad = true;  ///< whether the padding's zeros count in the average
  Index divisor_override = 0;     ///< divides every window's sum; 0: the number of its pixels
};

/// The average of each window.
///   y[n,c,i,j] = sum_{p,q} x[n, c, i stride - padding + p, j stride - padding + q] / divisor
///   x (N, C, H, W)   kernel (KH, KW): the window, >= 1
///   y (N, C, H', W') with H' = (H + 2 padding - KH) / stride + 1, W' likewise, rounded down, with
///   ceil_mode up, unless the last window would lie in the padding alone
/// divisor: divisor_override, else the number of the window's pixels inside the padded image, or
/// with count_include_pad = false inside the image itself. Throws ShapeError where the window does
/// not fit, ValueError for an option out of its range or a padding of more than half the window.
/// Saves nothing. As torch.nn.functional.avg_pool2d.
template <std::floating_point T>
TENON_API BasicTensor<T> avg_pool2d(const BasicTensor<T>& x, Pair kernel,
                                    const AvgPool2dOptions& options = {});

/// The averages of output_size windows that cover the image, whatever its size.
///   y[n,c,i,j] = mean of x[n,c,h,w] over floor(i H / H') <= h < ceil((i + 1) H / H'), w likewise
///   x (N, C, H, W)   output_size (H', W'): windows along each axis, >= 0; 0: as many as pixels
///   y (N, C, H', W')
/// With output_size 1 it is the average of each whole plane. Throws ShapeError for an image without
/// pixels, ValueError for a negative size. Saves nothing. As
/// torch.nn.functional.adaptive_avg_pool2d, where None stands for 0.
template <std::floating_point T>
TENON_API BasicTensor<T> adaptive_avg_pool2d(const BasicTensor<T>& x, Pair output_size);

}  // namespace tenon
