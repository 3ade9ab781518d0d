#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// y = m (x - m / 2) with m = min(max(x, -delta), delta): x^2 / 2 up to delta, then a straight
/// line. NaN where x is. Shapes as in dims (see ElementwiseDims), y contiguous. Parallel over
/// pieces of y, which are disjoint.
template <class T>
TENON_API void huber(const ElementwiseDims<1>& dims, T delta, const T* x, T* y);

}  // namespace tenon::kernels
