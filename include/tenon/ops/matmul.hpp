#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// The product of matrices, vectors or batches of matrices, by torch.matmul's rules:
///
///   a (M, K)        b (K, N)        y (M, N)         y[i,j] = sum_p a[i,p] b[p,j]
///   a (K)           b (K)           y ()             the dot product
///   a (K)           b (..., K, N)   y (..., N)       a as a row
///   a (..., M, K)   b (K)           y (..., M)       b as a column
///   a (..., M, K)   b (..., K, N)   y (..., M, N)    axes before the last two broadcast
///
/// da = dy b^T, db = a^T dy, summed over broadcast axes. Any strides are read in place: a
/// transposed operand costs no copy. An empty sum (K = 0) is 0. Saves a and b, each where the
/// other's gradient is needed. Throws ShapeError where inner sizes differ, for rank 0 and where
/// batch axes do not broadcast; ValueError for an undefined tensor.
template <std::floating_point T>
TENON_API BasicTensor<T> matmul(const BasicTensor<T>& a, const BasicTensor<T>& b);

}  // namespace tenon
