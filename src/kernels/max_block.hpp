#pragma once

#include "tenon/base/shape.hpp"

namespace tenon::kernels {

/// Terms that are looked at twice, so that they should still be in the cache: for the largest and
/// for its place.
inline constexpr Index max_block_size = 2048;

/// The position of the largest of n >= 1 neighbouring terms: the first of equal ones, the first NaN
/// before all.
template <class T>
Index max_block(const T* x, Index n);

}  // namespace tenon::kernels
