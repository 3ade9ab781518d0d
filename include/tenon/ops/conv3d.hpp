#pragma once

#include <concepts>

#include "tenon/ops/padding.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Each is one number for all three axes or {along D, along H, along W}.
struct Conv3dOptions {
  Triple stride = 1;      ///< voxels from one window to the next, >= 1
  Padding3d padding = 0;  ///< zeros around the volume, on each side, >= 0, or Padding::same
  Triple dilation = 1;    ///< voxels from one weight to the next, >= 1
  Index groups = 1;       ///< parts into which both kinds of channels are split, >= 1
};

/// Cross-correlates volumes with a set of kernels: conv2d's formula with one axis more.
///   x (N, C, D, H, W)   w (O, C/groups, KD, KH, KW)   b (O), or undefined for none
///   y (N, O, D', H', W') with D' = (D + 2 padding - dilation (KD - 1) - 1) / stride + 1, H' and W'
///   likewise
/// Throws ShapeError where these do not fit together, ValueError for an option out of its range or
/// Padding::same with a stride. Computed as conv2d of N D' images whose C KD channels are the
/// slices that a window sees; saves these, KD / stride times the size of x. Has derivatives of
/// every order. As torch.nn.functional.conv3d.
template <std::floating_point T>
TENON_API BasicTensor<T> conv3d(const BasicTensor<T>& x, const BasicTensor<T>& w,
                                const BasicTensor<T>& b = {}, const Conv3dOptions& options = {});

}  // namespace tenon
