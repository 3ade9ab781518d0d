#pragma once

#include "tenon/kernels/dims.hpp"

/// Further functions of every element. The shapes are those of dims (see ElementwiseDims); y is
/// contiguous and may be the same array as an operand exactly where that operand is contiguous in
/// the output's layout. Parallel over pieces of y, which are disjoint.
namespace tenon::kernels {

/// y = ln(1 + x), with all its digits near 0
template <class T>
TENON_API void log1p(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = e^x - 1, with all its digits near 0
template <class T>
TENON_API void expm1(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x, with all its digits near 0
template <class T>
TENON_API void erf(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = tan x, x in radians
template <class T>
TENON_API void tan(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = -1, 0 or 1; 0 for NaN, as torch.sign.
template <class T>
TENON_API void sign(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = the largest integer that is not larger than x
template <class T>
TENON_API void floor(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = the smallest integer that is not smaller than x
template <class T>
TENON_API void ceil(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = the integer next to x, of two the even one
template <class T>
TENON_API void round(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y = ln(e^a + e^b) = max(a, b) + ln(1 + e^-|a - b|), and just the maximum where a and b are the
/// same infinity.
template <class T>
TENON_API void logaddexp(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y);

}  // namespace tenon::kernels
