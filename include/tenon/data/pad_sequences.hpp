#pragma once

#include <optional>
#include <vector>

#include "tenon/tensor/tensor.hpp"

namespace tenon::data {

/// The side of a sequence: its beginning or its end.
enum class Side { pre, post };

struct PadSequencesOptions {
  std::optional<Index> maxlen = std::nullopt;  ///< steps of the result; unset: of the longest one
  Side padding = Side::pre;                    ///< where missing steps are filled in
  Side truncating = Side::pre;                 ///< where too many steps are cut off
  double value = 0;                            ///< what is filled in
};

/// Sequences of different lengths as one tensor (N, maxlen): short ones are filled up, long ones
/// cut. Names and defaults, the sides among them, are those of keras.utils.pad_sequences.
/// T: float, double, std::int64_t (ids). Throws ValueError for a negative maxlen.
template <class T>
TENON_API BasicTensor<T> pad_sequences(const std::vector<std::vector<T>>& sequences,
                                       const PadSequencesOptions& options = {});

}  // namespace tenon::data
