#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Contiguous arrays (n, c, inner). Each channel's n * inner numbers are normalised together:
///   h = (x - mean) / sqrt(variance + eps)
/// Means and variances, one for each channel, are kept in double. Channels belong to one thread
/// each; where there are few, fixed parts of a channel do, whose statistics are combined in order.
struct BatchNormDims {
  Index n, c, inner;
  double eps;
};

/// y = w h + b with the statistics of x itself, which are written to mean and variance (the biased
/// one, divided by n * inner >= 1). w and b have c elements, null stands for 1 and 0. y may be x.
template <class T>
TENON_API void batch_norm_training(const BatchNormDims& dims, const T* x, const T* w, const T* b,
                                   T* y, double* mean, double* variance);

/// y = w h + b with given statistics. y may be x.
template <class T>
TENON_API void batch_norm_inference(const BatchNormDims& dims, const T* x, const T* w, const T* b,
                                    const double* mean, const double* variance, T* y);

/// With s = w / sqrt(variance + eps), means and sums over a channel:
///   dx = s (dy - mean dy - h mean(dy h)),   dw = sum dy h,   db = sum dy
/// where the statistics are those of x itself (of_batch), else dx = s dy. mean and variance are the
/// forward's; w may be null; of dx, dw and db those that are null are not computed. dx is none of
/// the inputs.
template <class T>
TENON_API void batch_norm_backward(const BatchNormDims& dims, bool of_batch, const T* dy,
                                   const T* x, const T* w, const double* mean,
                                   const double* variance, T* dx, T* dw, T* db);

}  // namespace tenon::kernels
