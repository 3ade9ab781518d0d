#pragma once

#include "tenon/kernels/dims.hpp"

/// Comparisons and selection of every element, with the shapes of dims (see ElementwiseDims); y is
/// contiguous. T is float, double, std::int64_t, std::int32_t, std::uint8_t or bool. A comparison
/// with NaN is false, except ne. Parallel over pieces of y, which are disjoint.
namespace tenon::kernels {

/// y = (a == b)
template <class T>
TENON_API void eq(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y);

/// y = (a != b)
template <class T>
TENON_API void ne(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y);

/// y = (a < b)
template <class T>
TENON_API void lt(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y);

/// y = (a <= b)
template <class T>
TENON_API void le(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y);

/// y = (a > b)
template <class T>
TENON_API void gt(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y);

/// y = (a >= b)
template <class T>
TENON_API void ge(const ElementwiseDims<2>& dims, const T* a, const T* b, bool* y);

/// y = c ? a : b; the strides of dims are those of c, a, b in this order. y may be a or b where
/// that operand is contiguous in the output's layout.
template <class T>
TENON_API void where(const ElementwiseDims<3>& dims, const bool* c, const T* a, const T* b, T* y);

}  // namespace tenon::kernels
