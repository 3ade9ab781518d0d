#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Sizes of a linear map along one axis.
///   x (outer, inputs, inner)   y (outer, outputs, inner), both contiguous
struct AxisMapDims {
  Index outer, inputs, outputs, inner;
};

/// A sparse matrix (outputs, inputs) by rows: row k has the entries e with
/// starts[k] <= e < starts[k + 1], each weights[e] in column columns[e]. Null weights are ones.
template <class T>
struct SparseRows {
  const std::int64_t* starts;   // (outputs + 1)
  const std::int64_t* columns;  // each in [0, inputs)
  const T* weights;
};

/// y[o,k,i] = sum over the entries e of row k of weights[e] x[o, columns[e], i], in their order; 0
/// for a row without entries. Parallel over rows (o, k) of y.
template <class T>
TENON_API void axis_map(const AxisMapDims& dims, const SparseRows<T>& rows, const T* x, T* y);

}  // namespace tenon::kernels
