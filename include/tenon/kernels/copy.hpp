#pragma once

#include "tenon/kernels/dims.hpp"

/// Moving elements between layouts and types. T is float, double, std::int64_t, std::int32_t,
/// std::uint8_t or bool unless said otherwise. Arrays do not overlap.
namespace tenon::kernels {

/// y[i] = x[strided position of i]: gathers a view into a contiguous array. Parallel over pieces of
/// y, which are disjoint.
template <class T>
TENON_API void copy_strided(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y[strided position of i] = x[i]: writes a contiguous array into a view. The strides are those of
/// y and must not let two positions meet. Parallel over pieces of the positions.
template <class T>
TENON_API void scatter_strided(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y[strided position of i] = x[strided position of i]: one view into another. The strides are
/// those of x and y in this order; no two positions of y are one, and x and y do not overlap.
/// Parallel over pieces of the index space, which are disjoint in y.
template <class T>
TENON_API void assign_strided(const ElementwiseDims<2>& dims, const T* x, T* y);

/// y[strided position of i] += x[i], one after another in row-major order, so that positions may
/// meet (stride 0). On the calling thread. T is float or double.
template <class T>
TENON_API void scatter_add_strided(const ElementwiseDims<1>& dims, const T* x, T* y);

/// y[i] = value for i < n. Parallel over pieces of y.
template <class T>
TENON_API void fill(Index n, T value, T* y);

/// y[i] = x[i] for i < n, converted as static_cast does, with one addition: a real value outside an
/// integer's range gives the nearest value in it, NaN gives 0. Parallel over pieces of y.
template <class From, class To>
TENON_API void cast(Index n, const From* x, To* y);

}  // namespace tenon::kernels
