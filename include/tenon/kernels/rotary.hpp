#pragma once

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Rows of d numbers, d even, at positions offset .. offset + length - 1, over and over.
struct RotaryDims {
  Index length, d;
  Index offset = 0;      ///< >= 0
  double base = 10000;   ///< > 0
  bool halves = false;   ///< pairs (i, i + d/2) instead of (2i, 2i + 1)
  bool inverse = false;  ///< rotates back
};

/// Rotates pair i of the row at position p by the angle p base^(-2i/d):
///   y_a = x_a cos - x_b sin,  y_b = x_a sin + x_b cos
/// layout: the strides of x in the shape (..., length, d); y is contiguous. y may be x where x is
/// contiguous. What a position's row becomes depends on neither length nor offset, to the last bit.
/// Parallel over rows, which are disjoint.
template <class T>
TENON_API void rotary(const RotaryDims& dims, const ElementwiseDims<1>& layout, const T* x, T* y);

}  // namespace tenon::kernels
