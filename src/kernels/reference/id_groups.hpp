#pragma once

#include <algorithm>

#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/embedding.hpp"

namespace tenon::kernels {

/// Where in a list each id stands: a counting sort of the positions by id, which keeps their order.
/// Positions of padding_idx are left out.
class IdGroups {
 public:
  IdGroups(const EmbeddingDims& dims, const std::int64_t* ids)
      : rows_(dims.v), starts_(dims.v + 2), positions_(std::max<Index>(1, dims.n)) {
    std::fill_n(starts_.data(), dims.v + 2, Index{0});
    // Counted two places further on: the sums then begin one place further on, where placing moves
    // them to where they belong.
    for (Index i = 0; i < dims.n; ++i) {
      if (ids[i] != dims.padding_idx) ++starts_[ids[i] + 2];
    }
    for (Index r = 2; r <= dims.v + 1; ++r) starts_[r] += starts_[r - 1];
    for (Index i = 0; i < dims.n; ++i) {
      if (ids[i] != dims.padding_idx) positions_[starts_[ids[i] + 1]++] = i;
    }
  }

  /// The positions of id r, ascending, are positions()[starts()[r]] up to that of starts()[r + 1].
  const Index* starts() { return starts_.data(); }
  const Index* positions() { return positions_.data(); }

  /// Calls f(first, last) for ranges of rows that make up the table, in parallel. A row costs as
  /// much as it has positions, and one for itself: frequent ids often stand together, so that equal
  /// numbers of rows would leave most of the work to one thread.
  template <class F>
  void for_row_ranges(Index row_cost, const F& f) {
    const Index grain = std::max<Index>(1, (Index{1} << 14) / std::max<Index>(1, row_cost));
    parallel_for(starts_[rows_] + rows_, grain,
                 [&](Index begin, Index end) { f(row_at(begin), row_at(end)); });
  }

 private:
  /// The first row before which there are at least `cost` rows and positions.
  Index row_at(Index cost) {
    Index low = 0, high = rows_;
    while (low < high) {
      const Index middle = low + (high - low) / 2;
      if (starts_[middle] + middle < cost) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  Index rows_;
  detail::Scratch<Index> starts_;
  detail::Scratch<Index> positions_;
};

}  // namespace tenon::kernels
