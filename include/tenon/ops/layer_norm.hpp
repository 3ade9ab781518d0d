#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Normalises each part of x over its last axes, and scales and shifts the result.
///   h = (x - mean x) / sqrt(var x + eps),   y = w h + b
/// where mean and variance (divided by the number of elements) are taken over the last axes, whose
/// sizes normalized_shape gives: layer_norm(x, {D}, w, b) for x (N, L, D).
///   x (..., normalized_shape)   w, b of normalized_shape, or undefined for 1 and 0   eps >= 0
/// Throws ShapeError where these do not fit together, ValueError for a negative eps. Saves x, w,
/// and mean and standard deviation in double. Has derivatives of every order. Source: Ba, Kiros,
/// Hinton, "Layer normalization", 2016, equation 3. As torch.nn.functional.layer_norm.
template <std::floating_point T>
TENON_API BasicTensor<T> layer_norm(const BasicTensor<T>& x, const Shape& normalized_shape,
                                    const BasicTensor<T>& w = {}, const BasicTensor<T>& b = {},
                                    double eps = 1e-5);

}  // namespace tenon
