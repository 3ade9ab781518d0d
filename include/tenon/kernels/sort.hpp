#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// x (outer, length, inner)   y, indices (outer, k, inner), k <= length, all contiguous
struct SortDims {
  Index outer, length, inner, k;
};

/// y: the k first of each line along the middle axis in ascending or descending order, indices:
/// where they stood. NaN counts as larger than all numbers; of equal values the earlier comes first
/// in either order (a stable sort). T is float, double or std::int64_t. Parallel over lines.
template <class T>
TENON_API void sort(const SortDims& dims, bool descending, const T* x, T* y, std::int64_t* indices);

}  // namespace tenon::kernels
