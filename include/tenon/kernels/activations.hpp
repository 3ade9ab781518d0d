#pragma once

#include "tenon/kernels/dims.hpp"

/// Activations besides those of activation.hpp, and their gradients, elementwise with the shapes of
/// dims (see ElementwiseDims). The output is contiguous and may be the same array as an operand
/// where that operand is contiguous in the output's layout. Parallel over pieces of the output,
/// which are disjoint. NaN in x gives NaN. p: the parameters, in the order given;
/// functions that say nothing of them do not read p.
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

/// y = x min(max(x + 3, 0), 6) / 6; 0 at -infinity.
template <class T>
TENON_API void hardswish(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y);

/// dx = 0 where x < -3, dy (x / 3 + 1 / 2) up to 3, then dy.
template <class T>
TENON_API void hardswish_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy,
                                  const T* x, T* dx);

/// y = scale x where x > 0, else scale alpha (e^(input_scale x) - 1);
/// p = {alpha, scale, input_scale}
template <class T>
TENON_API void elu(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y);

/// dx = scale dy where x > 0, else scale alpha input_scale e^(input_scale x) dy.
template <class T>
TENON_API void elu_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x,
                            T* dx);

/// y = ln(1 + e^(beta x)) / beta, computed as (max(beta x, 0) + ln(1 + e^-|beta x|)) / beta; x
/// where beta x > threshold. p = {beta, threshold}
template <class T>
TENON_API void softplus(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y);

/// dx = sigmoid(beta x) dy; dy where beta x > threshold.
template <class T>
TENON_API void softplus_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy,
                                 const T* x, T* dx);

/// y = x tanh(ln(1 + e^x)), computed as x n / d with n = u^2 + 2 u, d = n + 2, u = e^x, both
/// divided by u^2 where x > 0; 0 at -infinity.
template <class T>
TENON_API void mish(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y);

/// dx = dy (n / d + x 4 u (1 + u) / d^2)
template <class T>
TENON_API void mish_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x,
                             T* dx);

/// y = x / (1 + |x|); 1 and -1 at infinity.
template <class T>
TENON_API void softsign(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y);

/// dx = dy / (1 + |x|)^2
template <class T>
TENON_API void softsign_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy,
                                 const T* x, T* dx);

}  // namespace tenon::kernels
