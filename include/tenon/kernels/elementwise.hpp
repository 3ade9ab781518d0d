#pragma once

#include "tenon/kernels/dims.hpp"

/// Arithmetic on every element. The shapes are those of dims (see ElementwiseDims); y is contiguous
/// and may be the same array as an operand exactly where that operand is contiguous in the output's
/// layout. Parallel over pieces of y, which are disjoint. All follow IEEE 754 for NaN and infinity.
namespace tenon::kernels {

/// y = a + b
template <class T>
TENON_API void add(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

/// y = a - b
template <class T>
TENON_API void sub(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

/// y = a b
template <class T>
TENON_API void mul(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

/// y = a / b
template <class T>
TENON_API void div(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

/// y = the larger of a and b; NaN where either is NaN, as torch.maximum.
template <class T>
TENON_API void maximum(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

/// y = the smaller of a and b; NaN where either is NaN, as torch.minimum.
template <class T>
TENON_API void minimum(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

/// y = a^b, as std::pow.
template <class T>
TENON_API void pow(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

/// y = -x
template <class T>
TENON_API void neg(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = e^x
template <class T>
TENON_API void exp(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = natural logarithm of x
template <class T>
TENON_API void log(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = square root of x
template <class T>
TENON_API void sqrt(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = |x|
template <class T>
TENON_API void abs(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = x x
template <class T>
TENON_API void square(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = sin x, x in radians
template <class T>
TENON_API void sin(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = cos x, x in radians
template <class T>
TENON_API void cos(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = alpha x + beta, with one rounding after the product and one after the sum.
template <class T>
TENON_API void affine(const ElementwiseDims<1>& dims, T alpha, T beta, const T* x, T* y);

/// y = x^exponent, as std::pow; exponents 1, 2, 3, 0.5, -1 by products, root and quotient.
template <class T>
TENON_API void pow_scalar(const ElementwiseDims<1>& dims, T exponent, const T* x, T* y);

/// y += x for n contiguous elements each; x and y are the same array or disjoint.
template <class T>
TENON_API void add_inplace(Index n, const T* x, T* y);

/// y = y alpha for n contiguous elements.
template <class T>
TENON_API void scale_inplace(Index n, T alpha, T* y);

}  // namespace tenon::kernels
