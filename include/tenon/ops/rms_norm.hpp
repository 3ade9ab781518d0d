#pragma once

#include <concepts>
#include <optional>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Divides each part of x by its root mean square over the last axes, and scales the result.
///   y = w x / sqrt(mean x^2 + eps)
///   x (..., normalized_shape)   w of normalized_shape, or undefined for 1   eps >= 0, absent for
/// the difference between 1 and the next larger number of T
/// Otherwise as layer_norm. Source: Zhang, Sennrich, "Root mean square layer normalization", 2019,
/// equation 4. As torch.nn.functional.rms_norm.
template <std::floating_point T>
TENON_API BasicTensor<T> rms_norm(const BasicTensor<T>& x, const Shape& normalized_shape,
                                  const BasicTensor<T>& w = {},
                                  std::optional<double> eps = std::nullopt);

}  // namespace tenon
