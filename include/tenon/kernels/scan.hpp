#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

/// Running sums, products and recurrences along the middle axis of (outer, length, inner), all
/// contiguous, from its first position on, or from its last one where `reverse` is set. What runs
/// is kept in double for float and double. Parallel over lines, which are disjoint.
namespace tenon::kernels {

struct ScanDims {
  Index outer, length, inner;
  bool reverse = false;
};

/// y_k = x_k + y_{k-1}. T is float, double or std::int64_t.
template <class T>
TENON_API void cumsum(const ScanDims& dims, const T* x, T* y);
/// y_k = x_k y_{k-1}. T is float, double or std::int64_t.
template <class T>
TENON_API void cumprod(const ScanDims& dims, const T* x, T* y);
/// y_k = b_k + a_k y_{k-1}; the first a is not read. T is float or double.
template <class T>
TENON_API void linear_recurrence(const ScanDims& dims, const T* a, const T* b, T* y);

}  // namespace tenon::kernels
