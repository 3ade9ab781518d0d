#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

/// Reading from, adding to and writing at positions of an axis that an array names. T is float,
/// double or std::int64_t.
namespace tenon::kernels {

/// Sizes about the indexed axis.
///   x (outer, length, inner)   y (outer, count, inner), both contiguous
///   index (outer, count, inner) where per_element is set, else (count); each in [0, length)
/// Below, index[o,k,i] stands for index[k] where per_element is not set.
struct IndexDims {
  Index outer, length, inner, count;
  bool per_element;
};

/// y[o,k,i] = x[o, index[o,k,i], i]. Parallel over the rows of y.
template <class T>
TENON_API void gather(const IndexDims& dims, const std::int64_t* index, const T* x, T* y);

/// x[o, index[o,k,i], i] += y[o,k,i], in the order of k, so that positions may meet: the transpose
/// of gather. Parallel over pieces of (outer, inner): all that is added to one element of x lies in
/// one column, which one thread owns.
template <class T>
TENON_API void scatter_add(const IndexDims& dims, const std::int64_t* index, const T* y, T* x);

/// x[index[k], i] = y[k, i] for dims with outer 1 and no per_element, all positions different.
/// Parallel over k, whose rows of x are disjoint.
template <class T>
TENON_API void scatter(const IndexDims& dims, const std::int64_t* index, const T* y, T* x);

}  // namespace tenon::kernels
