#pragma once

#include <concepts>

#include "tenon/ops/max_pool2d.hpp"

namespace tenon {

/// The largest pixels of output_size windows that cover the image, whatever its size.
///   y[n,c,i,j] = max of x[n,c,h,w] over floor(i H / H') <= h < ceil((i + 1) H / H'), w likewise
///   x (N, C, H, W)   output_size (H', W'): windows along each axis, >= 0; 0: as many as pixels
///   y (N, C, H', W')
/// The pixel that won gets the gradient: the first of equal ones; NaN wins over all numbers. Throws
/// ShapeError for an image without pixels, ValueError for a negative size. Saves the positions. Has
/// derivatives of every order. As torch.nn.functional.adaptive_max_pool2d, where None stands for 0.
template <std::floating_point T>
TENON_API BasicTensor<T> adaptive_max_pool2d(const BasicTensor<T>& x, Pair output_size);

/// The same and the positions of the winners.
template <std::floating_point T>
TENON_API MaxPool2dResult<T> adaptive_max_pool2d_with_indices(const BasicTensor<T>& x,
                                                              Pair output_size);

}  // namespace tenon
