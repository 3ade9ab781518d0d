#pragma once

#include <concepts>
#include <optional>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Looks up the rows of a table, one for each id.
///   y[..., :] = w[ids[...], :]
/// ids of any shape (...), in [0, V)   w (V, D)   y (..., D)
/// dw[r] = the sum of dy over all places whose id is r, in their order, so that it has the same
/// bits at any number of threads; other rows get 0, and so does row padding_idx, which counts from
/// the end where negative. Throws IndexError for an id or padding_idx outside of the table,
/// ShapeError where w has not two axes. Saves ids. Has derivatives of every order.
/// As torch.nn.functional.embedding.
template <std::floating_point T>
TENON_API BasicTensor<T> embedding(const LongTensor& ids, const BasicTensor<T>& w,
                                   std::optional<Index> padding_idx = std::nullopt);

}  // namespace tenon
