#pragma once

#include <concepts>
#include <optional>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// What becomes of the rows of a bag.
enum class BagMode { sum, mean, max };

template <class T>
struct BasicEmbeddingBagOptions {
  BagMode mode = BagMode::mean;
  /// The id whose rows count for nothing; negative ones count from the end.
  std::optional<Index> padding_idx = std::nullopt;
  BasicTensor<T> per_sample_weights = {};  ///< of the ids' shape; each row times its own; sum only
  bool include_last_offset = false;        ///< offsets have one entry more: the number of ids
};
using EmbeddingBagOptions = BasicEmbeddingBagOptions<float>;

/// The sums, means or maxima of rows of a table, those of a bag of ids each.
///   y[b] = sum over i in bag b of per_sample_weights[i] w[ids[i]]
/// ids (B, L): bags of one size, offsets undefined;   or ids (n) and offsets (B): bag b begins at
/// offsets[b] and ends where the next one begins. Offsets start with 0 and do not decrease.
/// w (V, D)   y (B, D): 0 for an empty bag. The largest of equal elements is the first; NaN wins.
/// The table and the weights may be tracked; derivatives are of every order. Saves the rows (n, D)
/// of the bags where it needs them. Throws IndexError for an id or padding_idx outside of the
/// table, ShapeError where shapes do not fit, ValueError for offsets or options that make no sense.
/// As torch.nn.functional.embedding_bag.
template <std::floating_point T>
TENON_API BasicTensor<T> embedding_bag(const LongTensor& ids, const BasicTensor<T>& w,
                                       const LongTensor& offsets,
                                       const BasicEmbeddingBagOptions<T>& options = {});
template <std::floating_point T>
BasicTensor<T> embedding_bag(const LongTensor& ids, const BasicTensor<T>& w,
                             const BasicEmbeddingBagOptions<T>& options = {}) {
  return embedding_bag(ids, w, LongTensor(), options);
}

}  // namespace tenon
