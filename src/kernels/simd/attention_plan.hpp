#pragma once

#include <algorithm>
#include <limits>

#include "kernels/attention_rows.hpp"
#include "kernels/simd/attention_softmax.hpp"
#include "kernels/simd/tile.hpp"
#include "tenon/base/memory.hpp"

// What both directions of attention share. The scores of a block of queries and a block of keys are
// a small matrix that stays in the second-level cache; every product is one of the register tile.

namespace tenon::kernels {

/// Queries and keys of a block of scores, whose rows lie key_block apart.
inline constexpr Index query_block = 96, key_block = 256;

/// The second operand of a product, k rows of n columns in panels: packed, or rows that lie whole
/// vectors wide in memory.
template <class T>
struct PanelOperand {
  const T* data;
  Index step;   ///< from row to row, 0 where each panel lies packed
  Index depth;  ///< the rows of a packed panel
};

/// Where the rows of a matrix lie.
template <class T>
struct RowsAt {
  T* data;
  const Index* rows;
};

/// Sizes of a product. Where only the first columns of a row count, or only the first terms of its
/// sums, their numbers stand in seen, row by row: tiles of rows of which none sees more are spared.
struct BlockSizes {
  Index rows, depth, columns;
  const Index* seen_columns = nullptr;
  const Index* seen_depth = nullptr;
};

/// c[i] (+)= sum over p < depth of a[i][p] b[p]
template <class T>
void multiply_block(const TileKernels<T>& kernels, const Panels<T>& panels, const BlockSizes& sizes,
                    const RowsAt<const T>& a, const Index* ks, const PanelOperand<T>& b,
                    const RowsAt<T>& c, bool accumulate) {
  const EvenSplit tiles(sizes.rows, panels.rows(kernels));
  const auto most = [&](const Index* seen, Index tile, Index otherwise) {
    if (seen == nullptr) return otherwise;
    const Index* first = seen + tiles.begin(tile);
    return *std::max_element(first, first + tiles.size(tile));
  };
  for (Index panel = 0; panel < panels.count(); ++panel) {
    const Index first = panels.begin(panel), width = panels.width(panel);
    if (first >= sizes.columns) return;
    const bool packed = b.step == 0;
    const T* from = b.data + first * (packed ? b.depth : 1);
    for (Index tile = 0; tile < tiles.count(); ++tile) {
      if (first >= most(sizes.seen_columns, tile, sizes.columns)) continue;
      const Index i = tiles.begin(tile);
      TileStore<T> store{c.data + first, c.rows + i, panels.size(panel)};
      store.accumulate = accumulate;
      kernels.multiply[tiles.size(tile) - 1][panels.vectors(panel) - 1](
          {a.data, a.rows + i, ks}, most(sizes.seen_depth, tile, sizes.depth), from,
          packed ? width : b.step, store);
    }
  }
}

/// Packs k rows of n columns, neighbours k_step and step apart, in panels.
template <class T>
PanelOperand<T> pack_panels(const TileKernels<T>& kernels, const Panels<T>& panels, const T* from,
                            Index k_step, Index step, Index k, T* to) {
  for (Index panel = 0; panel < panels.count(); ++panel) {
    const Index first = panels.begin(panel);
    kernels.pack(from + first * step, k_step, step, k, panels.size(panel), to + first * k,
                 panels.width(panel));
  }
  return {to, 0, k};
}

/// The same for rows that need not be packed where they are whole vectors wide.
template <class T>
PanelOperand<T> rows_as_panels(const TileKernels<T>& kernels, const Panels<T>& panels,
                               const T* from, Index k_step, Index n, Index k, T* to) {
  if (panels.padded() == n) return {from, k_step, k};
  return pack_panels(kernels, panels, from, k_step, 1, k, to);
}

/// The queries that look at one head of keys, all heads of the group one after another.
struct Queries {
  const AttentionDims& d;
  Index n, kv_head, group;  ///< of `group` heads

  Queries(const AttentionDims& dims, Index task)
      : d(dims),
        n(task / dims.kv_heads),
        kv_head(task % dims.kv_heads),
        group(dims.heads / dims.kv_heads) {}

  // Asked several times for each row: divisions would be a tenth of a short head's time.
  Index head(Index row) const { return group == 1 ? kv_head : kv_head * group + row / d.q_len; }
  Index step(Index row) const { return group == 1 ? row : row % d.q_len; }
  static Index count(const AttentionDims& d) { return d.heads / d.kv_heads * d.q_len; }
  Index offset(const AttentionStrides& s, Index row) const {
    return at(s, n, head(row), step(row));
  }
  /// Of lse and other arrays (batch, heads, q_len).
  Index place(Index row) const { return (n * d.heads + head(row)) * d.q_len + step(row); }
};

/// offsets[p] = p step
inline void fill_steps(Index* offsets, Index count, Index step) {
  for (Index p = 0; p < count; ++p) offsets[p] = p * step;
}

template <class T>
constexpr T lowest_score = -std::numeric_limits<T>::infinity();

}  // namespace tenon::kernels
