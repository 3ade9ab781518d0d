#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Normalises groups of channels of each sample, and scales and shifts each channel.
///   h = (x - mean) / sqrt(var + eps),   y = w h + b
/// where mean and variance (divided by the number of elements) are those of C / groups neighbouring
/// channels of one sample.
///   x (N, C, ...)   groups >= 1, divides C   w, b (C), or undefined for 1 and 0   eps >= 0
/// groups = 1 takes all channels of a sample together, groups = C each by itself (instance_norm).
/// Throws ShapeError where these do not fit together, ValueError for options out of their range.
/// Saves x and h. Has derivatives of every order. Source: Wu, He, "Group normalization", ECCV 2018.
/// As torch.nn.functional.group_norm.
template <std::floating_point T>
TENON_API BasicTensor<T> group_norm(const BasicTensor<T>& x, Index groups,
                                    const BasicTensor<T>& w = {}, const BasicTensor<T>& b = {},
                                    double eps = 1e-5);

struct InstanceNormOptions {
  bool use_input_stats = true;  ///< false: normalise by the running statistics
  double momentum = 0.1;        ///< weight of x in the running statistics, in [0, 1]
  double eps = 1e-5;            ///< added to the variance, >= 0
};

/// Normalises each channel of each sample, and scales and shifts each channel: group_norm with a
/// group for each channel. Running statistics, where given, then become
///   running = (1 - momentum) running + momentum batch
/// in place, batch the mean over the samples of their means, and of their variances divided by
/// m - 1; without use_input_stats they are used instead, as batch_norm does.
///   x (N, C, ...)   running_mean, running_var (C), or undefined   w, b (C), or undefined
/// Throws as batch_norm, and ValueError for one element a channel, which has no variance. Has
/// derivatives of every order. Source: Ulyanov, Vedaldi, Lempitsky, "Instance normalization",
/// arXiv:1607.08022. As torch.nn.functional.instance_norm.
template <std::floating_point T>
TENON_API BasicTensor<T> instance_norm(const BasicTensor<T>& x, BasicTensor<T> running_mean = {},
                                       BasicTensor<T> running_var = {},
                                       const BasicTensor<T>& w = {}, const BasicTensor<T>& b = {},
                                       const InstanceNormOptions& options = {});

struct LocalResponseNormOptions {
  double alpha = 1e-4;
  double beta = 0.75;
  double k = 1;
};

/// Divides each element by a power of the mean square of the channels around it.
///   y[n,c,...] = x[n,c,...] / (k + alpha / size sum of x[n,c',...]^2 over c')^beta
/// over c - size / 2 <= c' <= c + (size - 1) / 2, channels that do not exist counting as 0.
///   x (N, C, ...)   size >= 1
/// Throws ShapeError for fewer than three axes, ValueError for another size. Has derivatives of
/// every order. Source: Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep
/// convolutional neural networks", 2012, section 3.3. As torch.nn.functional.local_response_norm.
template <std::floating_point T>
TENON_API BasicTensor<T> local_response_norm(const BasicTensor<T>& x, Index size,
                                             const LocalResponseNormOptions& options = {});

}  // namespace tenon
