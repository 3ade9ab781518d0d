#pragma once

#include <concepts>

#include "tenon/base/shape.hpp"
#include "tenon/tensor/tensor.hpp"

/// Pooling of sequences (N, C, L): as of images with H = 1. Throw ShapeError where the window does
/// not fit, ValueError for an option out of its range or a padding of more than half the window.
/// Gradients of every order.
namespace tenon {

struct MaxPool1dOptions {
  Index stride = 0;    ///< positions from one window to the next; 0: the kernel's size
  Index padding = 0;   ///< positions around the sequence that never win, >= 0
  Index dilation = 1;  ///< positions from one tap of the window to the next, >= 1
};

/// The largest element of each window: y[n,c,i] = max_q x[n, c, i stride - padding + q dilation].
///   x (N, C, L)   kernel >= 1   y (N, C, L') with
///   L' = (L + 2 padding - dilation (kernel - 1) - 1) / stride + 1
/// The element that won gets the gradient: the first of equal ones; NaN wins over all numbers. As
/// torch.nn.functional.max_pool1d.
template <std::floating_point T>
TENON_API BasicTensor<T> max_pool1d(const BasicTensor<T>& x, Index kernel,
                                    const MaxPool1dOptions& options = {});

struct AvgPool1dOptions {
  Index stride = 0;        ///< positions from one window to the next; 0: the kernel's size
  Index padding = 0;       ///< zeros around the sequence, >= 0
  bool ceil_mode = false;  ///< keep a last window that only begins inside the padded sequence
  bool count_include_pad = true;  ///< whether the padding's zeros count in the average
};

/// The average of each window; see avg_pool2d().
///   x (N, C, L)   kernel >= 1   y (N, C, L') with L' = (L + 2 padding - kernel) / stride + 1
/// As torch.nn.functional.avg_pool1d.
template <std::floating_point T>
TENON_API BasicTensor<T> avg_pool1d(const BasicTensor<T>& x, Index kernel,
                                    const AvgPool1dOptions& options = {});

/// The averages of output_size windows that cover the sequence, whatever its length; see
/// adaptive_avg_pool2d().
///   x (N, C, L)   output_size >= 0; 0: as many as positions   y (N, C, output_size)
/// As torch.nn.functional.adaptive_avg_pool1d.
template <std::floating_point T>
TENON_API BasicTensor<T> adaptive_avg_pool1d(const BasicTensor<T>& x, Index output_size);

}  // namespace tenon
