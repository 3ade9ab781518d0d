#pragma once

#include <initializer_list>

#include "tenon/ops/shape.hpp"
#include "tenon/tensor/tensor.hpp"

namespace tenon {

namespace detail {
template <class T>
TENON_API BasicTensor<T> pad_sequence(const BasicTensor<T>* sequences, Index count, double value);
template <class T>
TENON_API LongTensor sequence_lengths(const BasicTensor<T>* sequences, Index count);
}  // namespace detail

/// Sequences of different lengths as one batch: each is followed by padding_value up to the
/// longest.
///   pad_sequence({a, b})    a (L1, ...), b (L2, ...)  ->  (2, max(L1, L2), ...)
/// All sizes but the first must be equal. Works for every scalar type; each sequence's gradient is
/// its piece of dy, nothing is saved. Throws ValueError for no sequence or an undefined one,
/// ShapeError where sizes differ. As torch.nn.utils.rnn.pad_sequence with batch_first=True.
template <class T>
BasicTensor<T> pad_sequence(std::initializer_list<BasicTensor<T>> sequences,
                            double padding_value = 0) {
  return detail::pad_sequence(sequences.begin(), static_cast<Index>(sequences.size()),
                              padding_value);
}
template <detail::TensorSequence Sequences>
auto pad_sequence(const Sequences& sequences, double padding_value = 0) {
  return detail::pad_sequence(sequences.data(), static_cast<Index>(sequences.size()),
                              padding_value);
}

/// How many steps each sequence has, (N): what goes with pad_sequence to masked_mean and recurrent
/// layers. Throws as pad_sequence does.
template <class T>
LongTensor sequence_lengths(std::initializer_list<BasicTensor<T>> sequences) {
  return detail::sequence_lengths(sequences.begin(), static_cast<Index>(sequences.size()));
}
template <detail::TensorSequence Sequences>
LongTensor sequence_lengths(const Sequences& sequences) {
  return detail::sequence_lengths(sequences.data(), static_cast<Index>(sequences.size()));
}

}  // namespace tenon
