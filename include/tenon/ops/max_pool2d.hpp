#pragma once

#include <concepts>

#include "tenon/ops/pair.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Each is one number for both image axes or {along H, along W}.
struct MaxPool2dOptions {
  Pair stride = 0;    ///< pixels from one window to the next; 0: the kernel's size
  Pair padding = 0;   ///< rows and columns around the image that never win, >= 0
  Pair dilation = 1;  ///< pixels from one tap of the window to the next, >= 1
};

/// The largest pixel of each window.
///   y[n,c,i,j] = max_{p,q} x[n, c, i stride - padding + p dilation, j stride - padding + q
///   dilation] x (N, C, H, W)   kernel (KH, KW): the window, >= 1 y (N, C, H', W') with H' = (H + 2
///   padding - dilation (KH - 1) - 1) / stride + 1, W' likewise
/// The pixel that won gets the gradient: the first of equal ones; NaN wins over all numbers.
/// Throws ShapeError where the window does not fit, ValueError for an option out of its range or a
/// padding of more than half the window, or with a dilation larger than the image. Saves the
/// positions of the winners, not x. As torch.nn.functional.max_pool2d.
template <std::floating_point T>
TENON_API BasicTensor<T> max_pool2d(const BasicTensor<T>& x, Pair kernel,
                                    const MaxPool2dOptions& options = {});

/// relu(max_pool2d(x, kernel, options)) in one pass, which is also max_pool2d(relu(x), ...): the
/// same bits and gradients of x either way. Saves y besides.
template <std::floating_point T>
TENON_API BasicTensor<T> max_pool2d_relu(const BasicTensor<T>& x, Pair kernel,
                                         const MaxPool2dOptions& options = {});

/// What poolings return that say which pixels they took.
template <class T>
struct MaxPool2dResult {
  BasicTensor<T> values;
  LongTensor indices;  ///< h W + w of the pixel, in the plane of its channel
};

/// max_pool2d and the positions of the winners, of the values' shape, as max_unpool2d wants them.
/// As torch.nn.functional.max_pool2d with return_indices.
template <std::floating_point T>
TENON_API MaxPool2dResult<T> max_pool2d_with_indices(const BasicTensor<T>& x, Pair kernel,
                                                     const MaxPool2dOptions& options = {});

}  // namespace tenon
