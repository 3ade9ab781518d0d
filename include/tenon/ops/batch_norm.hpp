#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

struct BatchNormOptions {
  bool training = false;  ///< normalise by the statistics of x and keep track of them
  double momentum = 0.1;  ///< weight of x in the running statistics, in [0, 1]
  double eps = 1e-5;      ///< added to the variance, >= 0
};

/// Normalises each channel of x, and scales and shifts the result.
///   h = (x - mean) / sqrt(var + eps),   y = w h + b
/// In training mean and variance are those of the channel in x, over all axes but the second, the
/// variance divided by the number of elements m; the running statistics are then changed in place,
///   running = (1 - momentum) running + momentum batch
/// with the variance of the batch divided by m - 1. Otherwise they are the running ones. These are
/// constants for the tape.
///   x (N, C, ...)   running_mean, running_var (C), in training undefined where they are not wanted
///   w, b (C), or undefined for 1 and 0
/// Throws ShapeError where these do not fit together, ValueError for options out of their range and
/// for training on one value a channel, which has no variance. Saves x, w, and mean and variance in
/// double. Has derivatives of every order. Source: Ioffe, Szegedy, "Batch normalization", 2015,
/// algorithms 1 and 2. As torch.nn.functional.batch_norm.
template <std::floating_point T>
TENON_API BasicTensor<T> batch_norm(const BasicTensor<T>& x, BasicTensor<T> running_mean,
                                    BasicTensor<T> running_var, const BasicTensor<T>& w = {},
                                    const BasicTensor<T>& b = {},
                                    const BatchNormOptions& options = {});

}  // namespace tenon
