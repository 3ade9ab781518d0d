#pragma once

#include <algorithm>

#include "kernels/simd/tile.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/kernels/recurrent.hpp"

/// How the driver of rnn, lstm and gru divides a batch.
namespace tenon::kernels {

/// Sequences that run through their steps together, from the longest to the shortest.
struct SequenceBlock {
  const Index* order;    ///< which sequence each row is
  const Index* lengths;  ///< falling
  Index rows;
  Index first_pair;  ///< steps of all sequences in the blocks before

  Index steps() const { return lengths[0]; }
  Index pairs() const {
    Index sum = 0;
    for (Index i = 0; i < rows; ++i) sum += lengths[i];
    return sum;
  }
  /// Rows that are longer than s, where at most `most` are.
  Index active(Index s, Index most) const {
    while (most > 0 && lengths[most - 1] <= s) --most;
    return most;
  }
  /// The same where at least `least` are.
  Index reached(Index s, Index least) const {
    while (least < rows && lengths[least] > s) ++least;
    return least;
  }
};

/// A batch, sorted by length and divided in blocks of at most most_rows.
class SequenceBlocks {
 public:
  SequenceBlocks(const RecurrentDims& dims, Index most_rows)
      : blocks_(dims.n, most_rows),
        order_(dims.n),
        lengths_(dims.n),
        first_pairs_(blocks_.count()) {
    Index* const order = order_.data();
    for (Index i = 0; i < dims.n; ++i) order[i] = i;
    if (const Index* lengths = dims.lengths) {
      std::sort(order, order + dims.n, [lengths](Index a, Index b) {
        return lengths[a] != lengths[b] ? lengths[a] > lengths[b] : a < b;
      });
    }
    for (Index i = 0; i < dims.n; ++i) {
      lengths_[i] = dims.lengths == nullptr ? dims.l : dims.lengths[order[i]];
    }
    for (Index b = 0; b < blocks_.count(); ++b) {
      first_pairs_[b] = pairs_;
      pairs_ += (*this)[b].pairs();
    }
  }

  Index count() const { return blocks_.count(); }
  Index most_rows() const { return blocks_.width(); }
  /// Steps of all sequences together.
  Index pairs() const { return pairs_; }
  SequenceBlock operator[](Index b) {
    const Index first = blocks_.begin(b);
    return {order_.data() + first, lengths_.data() + first, blocks_.size(b), first_pairs_[b]};
  }

 private:
  EvenSplit blocks_;
  detail::Scratch<Index> order_, lengths_, first_pairs_;
  Index pairs_ = 0;
};

}  // namespace tenon::kernels
