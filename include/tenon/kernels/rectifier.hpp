#pragma once

#include "tenon/kernels/dims.hpp"

/// Activations made of straight pieces (and a parabola), and their gradients, elementwise with the
/// shapes of dims (see ElementwiseDims). The output is contiguous and may be the same array as an
/// operand where that operand is contiguous in the output's layout. Parallel over pieces of the
/// output, which are disjoint. NaN in x gives NaN.
namespace tenon::kernels {

/// y = x where x > 0, else w x; dims holds the strides of x and w.
template <class T>
TENON_API void prelu(const ElementwiseDims<2>& dims, const T* x, const T* w, T* y);

/// dx = dy where x > 0, else w dy; dims holds the strides of dy, x and w.
template <class T>
TENON_API void prelu_backward(const ElementwiseDims<3>& dims, const T* dy, const T* x, const T* w,
                              T* dx);

/// y = scale min(max(x + shift, low), high); p = {shift, low, high, scale}
template <class T>
TENON_API void ramp(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y);

/// dx = 0 where x + shift <= low or x + shift >= high, else scale dy.
template <class T>
TENON_API void ramp_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x,
                             T* dx);

/// y = x min(max(x + 3, 0), 6) / 6; 0 at -infinity. p is not read.
template <class T>
TENON_API void hardswish(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y);

/// dx = 0 where x < -3, dy (x / 3 + 1 / 2) up to 3, then dy. p is not read.
template <class T>
TENON_API void hardswish_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy,
                                  const T* x, T* dx);

}  // namespace tenon::kernels
