#pragma once

#include "tenon/kernels/dims.hpp"

/// Reductions over the real steps of padded sequences. What stands at the other steps is never
/// read, so that it may be anything, NaN too.
namespace tenon::kernels {

/// x, dx (N, L, D)   mask (N, L), true at real steps   y, dy, steps (N, D), all contiguous
struct MaskedDims {
  Index n, l, d;
};

/// y[n,d] = the sum of x[n,l,d] over the real steps l in their order, in double; 0 where there is
/// none. Parallel over sequences and blocks of columns, the disjoint parts of y.
template <class T>
TENON_API void masked_sum(const MaskedDims& dims, const bool* mask, const T* x, T* y);

/// dx[n,l,d] = dy[n,d] at real steps, else 0: the transpose of masked_sum. Parallel over steps.
template <class T>
TENON_API void masked_spread(const MaskedDims& dims, const bool* mask, const T* dy, T* dx);

/// y[n,d] = the largest x[n,l,d] over the real steps l, steps[n,d] = the l taken: the first of
/// equal ones, a NaN before all. Every sequence has a real step. Parallel over sequences.
template <class T>
TENON_API void masked_max(const MaskedDims& dims, const bool* mask, const T* x, T* y, Index* steps);

}  // namespace tenon::kernels
