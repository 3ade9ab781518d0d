#pragma once

#include <cstdint>

#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Sizes of a look-up of rows in a table.
///   w, dw (V, D)   ids (N), each in [0, V)   y, dy (N, D), all contiguous
struct EmbeddingDims {
  Index n, v, d;
  Index padding_idx = -1;  ///< the id whose row gets no gradient; -1 for none
};

/// y[i] = w[ids[i]], the row of padding_idx too. Parallel over ids: every thread owns whole rows of
/// y.
template <class T>
TENON_API void embedding_forward(const EmbeddingDims& dims, const std::int64_t* ids, const T* w,
                                 T* y);

/// dw[r] = the sum of dy[i] over all i with ids[i] = r, in the order of i; zeros where there is
/// none and for padding_idx. Parallel over rows of dw: the positions of each id are listed first,
/// so that nothing is scattered and no row has two writers.
template <class T>
TENON_API void embedding_backward(const EmbeddingDims& dims, const std::int64_t* ids, const T* dy,
                                  T* dw);

}  // namespace tenon::kernels
