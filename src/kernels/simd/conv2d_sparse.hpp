#pragma once

#include "tenon/kernels/conv2d.hpp"

/// Gradients of a convolution whose dy is mostly zero, as it is behind a max pooling, which gives
/// each window's gradient to one pixel: only what is not zero is multiplied. Of float, and of one
/// group. Each returns false, and leaves its output undefined, where dy is not sparse enough to
/// save time, or where a zero would meet a value that is not finite.
namespace tenon::kernels {

bool conv2d_sparse_backward_input(const Conv2dDims& dims, const float* dy, const float* w,
                                  float* dx);
bool conv2d_sparse_backward_weight(const Conv2dDims& dims, const float* dy, const float* x,
                                   float* dw);

}  // namespace tenon::kernels
