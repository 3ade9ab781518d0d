#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Rows of n contiguous numbers, each of which is normalised by itself:
///   h = (x - mean x) rstd,  rstd = 1 / sqrt(mean (x - mean x)^2 + eps)
/// or, with center = false (RMSNorm), h = x rstd, rstd = 1 / sqrt(mean x^2 + eps); the mean is then
/// taken as 0 in all formulas. The statistics are computed and handed on in double. Parallel over
/// rows: each belongs to one thread.
struct LayerNormDims {
  Index rows, n;
  double eps;
  bool center;
};

/// y = w h + b; w and b have n elements, null stands for 1 and 0. mean and rstd get one number for
/// each row. y may be x.
template <class T>
TENON_API void layer_norm_forward(const LayerNormDims& dims, const T* x, const T* w, const T* b,
                                  T* y, double* mean, double* rstd);

/// With g = w dy, all means over the row and all sums over the rows:
///   dx = rstd (g - mean g - h mean(g h)),   dw = sum dy h,   db = sum dy
/// (without the term mean g where center = false). mean and rstd are the forward's; w may be null;
/// of dx, dw and db those that are null are not computed. dx is none of the inputs. Partial sums of
/// dw and db belong to fixed chunks of rows and are added in order.
template <class T>
TENON_API void layer_norm_backward(const LayerNormDims& dims, const T* dy, const T* x, const T* w,
                                   const double* mean, const double* rstd, T* dx, T* dw, T* db);

}  // namespace tenon::kernels
