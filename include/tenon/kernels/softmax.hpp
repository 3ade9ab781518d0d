#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Contiguous arrays (outer, n, inner); the softmax runs over n. inner = 1 for the last axis.
/// In every function the output may be the same array as any input. Parallel over outer and blocks
/// of inner: every thread owns whole softmaxes.
struct SoftmaxDims {
  Index outer, n, inner;
};

/// y = e^(x - max x) / sum e^(x - max x). A row of -infinity only gives NaN, as in PyTorch.
template <class T>
TENON_API void softmax_forward(const SoftmaxDims& dims, const T* x, T* y);

/// dx = y (dy - sum dy y)
template <class T>
TENON_API void softmax_backward(const SoftmaxDims& dims, const T* dy, const T* y, T* dx);

/// y = x - max x - log sum e^(x - max x)
template <class T>
TENON_API void log_softmax_forward(const SoftmaxDims& dims, const T* x, T* y);

/// y (outer, inner) = max x + log sum e^(x - max x); a row without finite elements has nothing
/// subtracted. n > 0.
template <class T>
TENON_API void logsumexp(const SoftmaxDims& dims, const T* x, T* y);

/// dx = dy - e^y sum dy, y the forward's output.
template <class T>
TENON_API void log_softmax_backward(const SoftmaxDims& dims, const T* dy, const T* y, T* dx);

}  // namespace tenon::kernels
