#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// A strided input whose axes are split into kept ones, over which the contiguous output runs in
/// row-major order, and reduced ones. Entries beyond the two ranks are not set. Neighbouring axes
/// may be merged beforehand where that leaves the order of elements as it was.
struct ReduceDims {
  int rank;                 ///< number of kept axes; 0 gives one output
  Index sizes[max_rank];    ///< kept sizes
  Index strides[max_rank];  ///< their strides in x, in elements
  int reduced_rank;         ///< number of reduced axes; 0 copies
  Index reduced_sizes[max_rank];
  Index reduced_strides[max_rank];
};

/// y[kept] = sum over the reduced axes of x; an empty sum is 0, a mean is a sum divided afterwards.
/// Summed in double, in blocks whose sums are added pairwise, so that a float result is rounded
/// once; the order follows from the shape alone. Parallel over
/// outputs where there are many, over fixed chunks of a long sum where there are few.
template <class T>
TENON_API void sum(const ReduceDims& dims, const T* x, T* y);

/// y[kept] = square root of the sum of squares over the reduced axes of x. Squared and summed in
/// double, as sum: of float no square leaves the range. Parallel as sum.
template <class T>
TENON_API void length(const ReduceDims& dims, const T* x, T* y);

/// y[kept] = product over the reduced axes of x; an empty one is 1. Multiplied in double, in an
/// order that follows from the shape alone. Parallel as sum.
template <class T>
TENON_API void prod(const ReduceDims& dims, const T* x, T* y);

/// y[kept] = largest x over the reduced axes, argmax[kept] = its row-major position among them. The
/// first one wins a tie, NaN wins over all numbers, as in PyTorch. The reduced axes are not empty.
/// argmax may be null. Parallel as sum.
template <class T>
TENON_API void max(const ReduceDims& dims, const T* x, T* y, Index* argmax);

}  // namespace tenon::kernels
