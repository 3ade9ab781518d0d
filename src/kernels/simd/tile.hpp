#pragma once

#include "tenon/base/shape.hpp"

/// The inner loop of every matrix product: a tile of C, a few rows high and a few vectors wide,
/// stays in registers while k runs. Everything around it (gemm, the convolutions) is plain C++ that
/// decides what is packed where.
///
/// B is packed, as a rule: a panel holds the columns of one tile, row after row of k, padded to
/// whole vectors. A is read where it lies, element (i, p) of the tile at rows[i] + ks[p]: that is
/// how a convolution reads an image without laying it out.
namespace tenon::kernels {

/// Where a tile of A lies.
template <class T>
struct TileA {
  const T* data;
  const Index* rows;  ///< offset of each row
  const Index* ks;    ///< and of each k
};

/// What the tile behind one reads of A where that has to come from far: rows along k, or columns
/// that lie in other lines.
template <class T>
struct TileAhead {
  const T* rows = nullptr;  ///< its first row, or null
  Index column = 0;         ///< from a value of the first row to the last of the next tile, or 0
};

/// Where a tile goes, and what is added on the way: c = [c +] sum, then + bias, then max(., 0).
template <class T>
struct TileStore {
  T* c;
  const Index* rows;  ///< offset of each row
  Index columns;      ///< of the tile's width, how many are stored
  bool accumulate = false;
  const T* bias = nullptr;      ///< one for each column
  const T* row_bias = nullptr;  ///< or one for each row
  bool relu = false;
};

/// One instruction set's routines.
template <class T>
struct TileKernels {
  static constexpr int most_rows = 8, most_vectors = 4;
  /// Rows of b lie b_row apart; all vectors of the tile are read.
  using Multiply = void (*)(const TileA<T>& a, Index k, const T* b, Index b_row,
                            const TileStore<T>& store);

  int vectors;                                 ///< in the widest tile
  int rows[most_vectors];                      ///< in the highest tile of each width: [vectors - 1]
  int lanes;                                   ///< values in a vector
  Multiply multiply[most_rows][most_vectors];  ///< [rows - 1][vectors - 1]

  /// The product of one row of A with n rows of b, all contiguous along k: y[j] = sum x[p] b[j][p].
  void (*dots)(const T* x, const T* b, Index b_row, Index k, Index n, T* y);

  /// to[p][j] = from[p * row + j * column] for p < k, j < n; zeros up to width.
  void (*pack)(const T* from, Index row, Index column, Index k, Index n, T* to, Index width);
  /// to[p * to_row + j] = from[j * column + p] for p < k, j < n.
  void (*transpose)(const T* from, Index column, Index k, Index n, T* to, Index to_row);
  /// even[k] = from[2 k] and odd[k] = from[2 k + 1] for the n values of from.
  void (*split_pairs)(const T* from, Index n, T* even, T* odd);
  /// to[p * to_step + j] = from[offsets[p] + j] for p < count, j < n; n at most a vector.
  void (*copy_runs)(const T* from, const Index* offsets, Index count, Index n, T* to,
                    Index to_step);
  /// to[offsets[p] + j] += from[p * from_step + j] for p < count in order, j < n; n at most a
  /// vector.
  void (*add_runs)(const T* from, Index from_step, const Index* offsets, Index count, Index n,
                   T* to);

  /// As multiply, for the highest of the widest tiles alone, stored whole; null for double.
  void (*multiply_ahead)(const TileA<T>& a, Index k, const T* b, Index b_row,
                         const TileStore<T>& store, const TileAhead<T>& next);
};

template <class T>
const TileKernels<T>& tile_kernels();

/// n things dealt to the fewest groups of at most `most`, of sizes as equal as possible: ten rows
/// in tiles of at most nine are five and five.
class EvenSplit {
 public:
  EvenSplit(Index n, Index most)
      : count_((n + most - 1) / most),
        base_(count_ == 0 ? 0 : n / count_),
        extra_(count_ == 0 ? 0 : n % count_) {}
  Index count() const { return count_; }
  Index begin(Index group) const { return group * base_ + (group < extra_ ? group : extra_); }
  Index size(Index group) const { return base_ + (group < extra_ ? 1 : 0); }
  /// Of the largest group, to which packed ones are padded.
  Index width(Index = 0) const { return base_ + (extra_ > 0 ? 1 : 0); }
  /// Where a packed group starts, in elements for each k.
  Index place(Index group) const { return group * width(); }
  Index padded() const { return count_ * width(); }

 private:
  Index count_, base_, extra_;
};

/// The columns of C as panels of whole vectors.
template <class T>
class Panels {
 public:
  Panels(const TileKernels<T>& kernels, Index n)
      : n_(n),
        lanes_(kernels.lanes),
        vectors_((n + kernels.lanes - 1) / kernels.lanes, kernels.vectors) {}
  Index count() const { return vectors_.count(); }
  Index begin(Index panel) const { return vectors_.begin(panel) * lanes_; }
  Index vectors(Index panel) const { return vectors_.size(panel); }
  Index width(Index panel) const { return vectors(panel) * lanes_; }
  Index place(Index panel) const { return begin(panel); }
  /// Without the padding of the last one.
  Index size(Index panel) const {
    const Index rest = n_ - begin(panel);
    return rest < width(panel) ? rest : width(panel);
  }
  /// Rows of the tiles that fit all panels.
  Index rows(const TileKernels<T>& kernels) const {
    return count() == 0 ? 1 : kernels.rows[vectors(0) - 1];
  }
  /// The widths of all panels together.
  Index padded() const { return begin(count()); }

 private:
  Index n_, lanes_;
  EvenSplit vectors_;
};

/// Products that are summed in registers before they are added to C. Measured: the second-level
/// cache feeds the loop well enough, and each time that C is read and written again costs more.
/// Part of the result: sums are rounded per block.
inline constexpr Index k_block = 576;

}  // namespace tenon::kernels
