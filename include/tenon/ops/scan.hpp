#pragma once

#include "tenon/ops/float_or_long.hpp"
#include "tenon/tensor/tensor.hpp"

/// Running sums and products along an axis, which may be negative, counted from the end; of float
/// and double in double inside, of std::int64_t modulo 2^64. Throw IndexError for an axis that x
/// does not have, ValueError for an undefined tensor.
namespace tenon {

/// y_k = x_0 + ... + x_k; dx_k = dy_k + dy_{k+1} + ... Saves nothing. Has derivatives of every
/// order. As torch.cumsum.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> cumsum(const BasicTensor<T>& x, Index axis);

/// y_k = x_0 ... x_k; dx_k = y_{k-1} g_k with g_k = dy_k + x_{k+1} g_{k+1}: no division, so that
/// zeros are like other numbers. Saves x and y. Has derivatives of every order. As torch.cumprod.
template <detail::FloatOrLong T>
TENON_API BasicTensor<T> cumprod(const BasicTensor<T>& x, Index axis);

}  // namespace tenon
