#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Sizes and strides (in elements) of a batch of products C = A B.
///   a : (batch, m, k)   b : (batch, k, n)   c : (batch, m, n), its rows contiguous
/// Any strides are allowed for a and b, so a transposed operand is two swapped strides and a
/// broadcast batch a stride of 0. c rows lie c_row apart, products c_batch apart.
struct GemmDims {
  Index batch = 1;
  Index m, n, k;
  Index a_batch = 0, a_row, a_col;
  Index b_batch = 0, b_row, b_col;
  Index c_batch = 0, c_row;
};

/// What is done to every element of the finished sum: + bias[j], then max(., 0) where relu is set
/// (NaN stays NaN). The same bits as doing it afterwards.
template <class T>
struct GemmEpilogue {
  const T* bias = nullptr;  ///< (n), or null
  bool relu = false;
};

/// c[i,j] = sum_p a[i,p] b[p,j]  (+ c[i,j] where accumulate is set), then the epilogue; the sum
/// over k = 0 is zero. Each c[i,j] is summed in one order of p, which depends on the sizes alone,
/// not on the number of threads. c overlaps neither a nor b. Parallel over blocks of c.
template <class T>
TENON_API void gemm(const GemmDims& dims, const T* a, const T* b, T* c, bool accumulate = false,
                    const GemmEpilogue<T>& epilogue = {});

}  // namespace tenon::kernels
