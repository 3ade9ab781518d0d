#pragma once

#include "tenon/kernels/dims.hpp"

/// Activations and their gradients, elementwise with the shapes of dims (see ElementwiseDims). The
/// output is contiguous and may be the same array as an operand where that operand is contiguous in
/// the output's layout. Parallel over pieces of the output, which are disjoint. NaN in x gives NaN.
///
/// The backward functions of relu, tanh and sigmoid take the forward's output y, not its input;
/// dims holds the strides of dy and y in this order. Those of gelu and silu take dy and x.
namespace tenon::kernels {

/// y = max(x, 0)
template <class T>
TENON_API void relu(const ElementwiseDims<1>& dims, const T* x, T* y);

/// dx = 0 where y <= 0, else dy (PyTorch's choice at 0 and at NaN).
template <class T>
TENON_API void relu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx);

/// y = tanh x
template <class T>
TENON_API void tanh(const ElementwiseDims<1>& dims, const T* x, T* y);

/// dx = dy (1 - y^2)
template <class T>
TENON_API void tanh_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx);

/// y = 1 / (1 + e^-x), computed from e^-|x| so that neither sign overflows.
template <class T>
TENON_API void sigmoid(const ElementwiseDims<1>& dims, const T* x, T* y);

/// dx = dy y (1 - y)
template <class T>
TENON_API void sigmoid_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx);

/// y = x P(x), P(x) being the probability that a standard normal number is less than x. Computed as
/// max(x, 0) - |x| P(-|x|), which cancels on neither side; 0 at -infinity.
template <class T>
TENON_API void gelu(const ElementwiseDims<1>& dims, const T* x, T* y);

/// dx = dy (P(x) + x p(x)) with the density p(x) = e^(-x^2/2) / sqrt(2 pi).
template <class T>
TENON_API void gelu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx);

/// gelu with P(x) = sigmoid(z), z = sqrt(8/pi) (x + 0.044715 x^3), that is (1 + tanh(z/2)) / 2.
template <class T>
TENON_API void gelu_tanh(const ElementwiseDims<1>& dims, const T* x, T* y);

/// dx = dy (P(x) + x P(x) P(-x) dz/dx)
template <class T>
TENON_API void gelu_tanh_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx);

/// y = x sigmoid(x), computed as max(x, 0) - |x| sigmoid(-|x|); 0 at -infinity.
template <class T>
TENON_API void silu(const ElementwiseDims<1>& dims, const T* x, T* y);

/// dx = dy (s + x s (1 - s)) with s = sigmoid(x).
template <class T>
TENON_API void silu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx);

}  // namespace tenon::kernels
