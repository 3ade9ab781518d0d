#pragma once

#include "kernels/simd/tile.hpp"

/// The tile of recurrent networks: sums that are added to something and stored as whole vectors in
/// padded rows. With the few k of a time step, what a tile of tile.hpp does before and after its
/// loop costs a tenth of it; here that is one load and one store for each vector.
namespace tenon::kernels {

/// c[i][j] = start[i][j] + sum over p of a[a_rows[i] + ks[p]] b[p][j], one multiply-add after the
/// other.
template <class T>
struct AddTile {
  Index k;
  const T* a;
  const Index* a_rows;  ///< offset of each row
  const Index* ks;      ///< and of each k
  const T* b;
  Index b_row;
  const T* start;
  Index start_row;  ///< 0: every row starts the same
  T* c;             ///< may be start
  Index c_row;
};

/// One instruction set's routines.
template <class T>
struct AddTileKernels {
  static constexpr int most_rows = 8, most_vectors = 4;
  int rows[most_vectors];  ///< in the highest tile of each width: [vectors - 1]
  void (*add[most_rows][most_vectors])(const AddTile<T>&);  ///< [rows - 1][vectors - 1]
};

template <class T>
const AddTileKernels<T>& add_tile_kernels();

/// The same for any number of rows, a tile after the other, and any k: a block of it after the
/// other, whose sums are rounded one by one.
template <class T>
void add_rows(const AddTileKernels<T>& kernels, Index rows, Index vectors, const AddTile<T>& all) {
  // Of one sequence even the divisions would be noticed.
  if (rows > 0 && rows <= kernels.rows[vectors - 1] && all.k <= k_block) {
    return kernels.add[rows - 1][vectors - 1](all);
  }
  const EvenSplit tiles(rows, kernels.rows[vectors - 1]), depths(all.k, k_block);
  for (Index part = 0; part < depths.count(); ++part) {
    AddTile<T> tile = all;
    tile.k = depths.size(part);
    tile.ks += depths.begin(part);
    tile.b += depths.begin(part) * all.b_row;
    if (part > 0) {
      tile.start = all.c;
      tile.start_row = all.c_row;
    }
    for (Index t = 0; t < tiles.count(); ++t) {
      const Index n = tiles.size(t);
      kernels.add[n - 1][vectors - 1](tile);
      tile.a_rows += n;
      tile.start += n * tile.start_row;
      tile.c += n * tile.c_row;
    }
  }
}

}  // namespace tenon::kernels
