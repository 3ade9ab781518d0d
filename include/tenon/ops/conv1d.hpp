#pragma once

#include <concepts>

#include "tenon/ops/padding.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

struct Conv1dOptions {
  Index stride = 1;       ///< positions from one window to the next, >= 1
  Padding1d padding = 0;  ///< zeros on each side, >= 0, or Padding::same
  Index dilation = 1;     ///< positions from one weight to the next, >= 1
  Index groups = 1;       ///< parts into which both kinds of channels are split, >= 1
};

/// Cross-correlates sequences with a set of kernels.
///   y[n,o,i] = b[o] + sum_{c,q} w[o,c,q] x[n, g C/groups + c, i stride - padding + q dilation]
/// where x is zero outside the sequence and g the group of channel o.
///   x (N, C, L)   w (O, C/groups, K)   b (O), or undefined for none
///   y (N, O, L') with L' = (L + 2 padding - dilation (K - 1) - 1) / stride + 1
/// Throws ShapeError where these do not fit together, ValueError for an option out of its range or
/// Padding::same with a stride. Computed, saved and differentiated as conv2d of images with H = 1.
/// As torch.nn.functional.conv1d.
template <std::floating_point T>
TENON_API BasicTensor<T> conv1d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                const BasicTensor<T>& b = {}, const Conv1dOptions& options = {});

struct ConvTranspose1dOptions {
  Index stride = 1;          ///< positions of y from one position of x to the next, >= 1
  Index padding = 0;         ///< positions cut off the ends of y, on each side, >= 0
  Index output_padding = 0;  ///< positions more at the end, < max(stride, dilation)
  Index dilation = 1;        ///< positions from one weight to the next, >= 1
  Index groups = 1;          ///< parts into which both kinds of channels are split, >= 1
};

/// The transpose of conv1d with the same weight and options: every element of x paints the kernel,
/// scaled by its value, into y.
///   x (N, C, L)   w (C, O/groups, K)   b (O), or undefined for none
///   y (N, O, L') with L' = (L - 1) stride - 2 padding + dilation (K - 1) + 1 + output_padding
/// Throws as conv1d. Otherwise as conv_transpose2d of images with H = 1. As
/// torch.nn.functional.conv_transpose1d.
template <std::floating_point T>
TENON_API BasicTensor<T> conv_transpose1d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                          const BasicTensor<T>& b = {},
                                          const ConvTranspose1dOptions& options = {});

}  // namespace tenon
