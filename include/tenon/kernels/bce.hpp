#pragma once

#include "tenon/kernels/dims.hpp"

/// Binary cross-entropy of n elements, one loss each; all arrays contiguous. The output may be the
/// same array as any input. Parallel over pieces of the output, which are disjoint.
namespace tenon::kernels {

/// y = -(target log p + (1 - target) log(1 - p)), p in [0, 1]; the logarithms are at least -100, as
/// in PyTorch's binary_cross_entropy.
template <class T>
TENON_API void bce_forward(Index n, const T* p, const T* target, T* y);

/// dx = dy (p - target) / max(p (1 - p), 1e-12), PyTorch's gradient with respect to p.
template <class T>
TENON_API void bce_backward(Index n, const T* dy, const T* p, const T* target, T* dx);

/// y = max(x, 0) - x target + log(1 + e^-|x|): the same of p = sigmoid(x), finite for every finite
/// x.
template <class T>
TENON_API void bce_with_logits_forward(Index n, const T* x, const T* target, T* y);

/// dx = dy (sigmoid(x) - target)
template <class T>
TENON_API void bce_with_logits_backward(Index n, const T* dy, const T* x, const T* target, T* dx);

}  // namespace tenon::kernels
