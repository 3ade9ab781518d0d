#include "tenon/kernels/gemm.hpp"

#include <algorithm>

#include "kernels/simd/pack.hpp"
#include "kernels/simd/tile.hpp"
#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

/// Multiplications that a thread should get at least.
constexpr Index thread_work = 1 << 19;
/// Tasks that a product is divided in where it has that much work.
constexpr Index wanted_tasks = 2;
/// Tasks are dealt in at most so many chunks, each of which has its own packed panel.
constexpr Index max_chunks = 32;
/// Rows of C that pass over one packed panel of B.
constexpr Index row_block = 288;
/// Where rows of A do not run along k, packing it pays with more panels than these. Else it is read
/// in place: what one core packs another has to fetch.
constexpr Index panels_without_packing = 4;
/// There tasks take at most so many tiles of rows through all panels, one block of k after the
/// other: the second-level cache then has a block's rows of A for all of them.
constexpr Index tiles_through_panels = 16;
/// A and C are fetched before they are read where A has more values than a cache holds and sums are
/// long enough for it.
constexpr Index cached_values = 1 << 16, least_fetched_k = 64;
/// So small a B is packed by every task for itself, for the same reason: unless its columns run
/// along k, and more blocks of rows than these would have to transpose it.
constexpr Index private_values = 1 << 16, blocks_that_transpose = 4;
/// With fewer rows, packing B would cost more than reading it where it lies.
constexpr Index rows_without_packing = 20;
/// So few rows are dot products where both operands run along k.
constexpr Index dot_rows = 4;
/// Values of A that are packed at a time.
constexpr Index packed_values = 1 << 21;

Index tasks_per_chunk(Index tasks, Index work_of_task) {
  return std::max({Index{1}, thread_work / std::max<Index>(1, work_of_task),
                   (tasks + max_chunks - 1) / max_chunks});
}

/// One product of the batch, or a block of its rows. Packed operands are null where they are read
/// in place, or packed by each task for itself.
template <class T>
struct Product {
  const TileKernels<T>& kernels;
  const GemmDims& d;
  const Panels<T>& panels;
  const EvenSplit& tiles;  // of rows
  const T* a;
  const T* b;
  T* c;
  const T* packed_a;
  const T* packed_b;
  const Index* ks;  // offsets of a block's k in A
  bool accumulate;
  const GemmEpilogue<T>& epilogue;
  bool takes_all_panels;
  /// Whether A is read where it lies, from farther than the second-level cache.
  bool fetches = kernels.multiply_ahead != nullptr && packed_a == nullptr &&
                 (d.a_col == 1 || d.a_row == 1) && d.k >= least_fetched_k &&
                 d.m * d.k > cached_values;

  /// Row tiles [first, last) in the columns of `count` panels; scratch holds a packed panel.
  void multiply(Index panel, Index count, Index first, Index last, T* scratch) const {
    const EvenSplit depths(d.k, k_block);
    for (Index part = 0; part < depths.count(); ++part) {
      for (Index i = panel; i < panel + count; ++i) {
        multiply_part(i, depths.begin(part), depths.size(part), first, last, scratch);
      }
    }
  }

 private:
  void multiply_part(Index panel, Index p, Index depth, Index first, Index last, T* scratch) const {
    const Index j = panels.begin(panel);
    const Rows rows = rows_of_b(panel, p, depth, tiles.begin(last) - tiles.begin(first), scratch);
    for (Index tile = first; tile < last; ++tile) {
      TileStore<T> store{c + tiles.begin(tile) * d.c_row + j, nullptr, panels.size(panel)};
      store.accumulate = accumulate || p > 0;
      if (p + depth == d.k) {
        store.bias = epilogue.bias == nullptr ? nullptr : epilogue.bias + j;
        store.relu = epilogue.relu;
      }
      multiply_tile(tile, p, depth, rows, panels.vectors(panel), store);
    }
  }

  struct Rows {
    const T* data;
    Index step;
  };

  Rows rows_of_b(Index panel, Index p, Index depth, Index height, T* scratch) const {
    const Index j = panels.begin(panel), width = panels.width(panel);
    if (packed_b != nullptr) return {packed_b + j * d.k + p * width, width};
    const T* rows = b + p * d.b_row + j * d.b_col;
    // A matrix of one panel's width lies as a packed panel does.
    const bool in_place = d.b_col == 1 && panels.size(panel) == width &&
                          (height <= rows_without_packing || d.b_row == width || takes_all_panels);
    if (in_place) return {rows, d.b_row};
    kernels.pack(rows, d.b_row, d.b_col, depth, panels.size(panel), scratch, width);
    return {scratch, width};
  }

  void multiply_tile(Index tile, Index p, Index depth, const Rows& rows, Index vectors,
                     TileStore<T> store) const {
    const Index height = tiles.size(tile), i = tiles.begin(tile);
    const bool in_place = packed_a == nullptr;
    Index a_rows[TileKernels<T>::most_rows], c_rows[TileKernels<T>::most_rows];
    for (Index r = 0; r < height; ++r) {
      a_rows[r] = in_place ? r * d.a_row : r;
      c_rows[r] = r * d.c_row;
    }
    const T* first = in_place ? a + i * d.a_row + p * d.a_col
                              : packed_a + tiles.place(tile) * d.k + p * tiles.width();
    store.rows = c_rows;
    const TileA<T> x{first, a_rows, ks};
    const bool is_widest = vectors == kernels.vectors && height == kernels.rows[vectors - 1] &&
                           store.columns == vectors * kernels.lanes;
    if (fetches && is_widest && tile + 1 < tiles.count()) {
      return kernels.multiply_ahead(x, depth, rows.data, rows.step, store,
                                    ahead(first, height, tiles.size(tile + 1)));
    }
    kernels.multiply[height - 1][vectors - 1](x, depth, rows.data, rows.step, store);
  }

  TileAhead<T> ahead(const T* first, Index height, Index next_height) const {
    if (d.a_col == 1) return {first + height * d.a_row, 0};
    return {nullptr, height + next_height - 1};
  }
};

/// Row tiles that share a packed panel: fewer where tasks would be too few to deal out evenly.
Index tiles_per_block(const GemmDims& d, const EvenSplit& tiles, Index panels) {
  const Index tasks = std::clamp<Index>(d.m * d.n * d.k / thread_work, 1, wanted_tasks);
  const Index blocks = std::max<Index>(1, tasks / (panels * d.batch));
  return std::clamp<Index>((tiles.count() + blocks - 1) / blocks, 1,
                           std::max<Index>(1, row_block / tiles.width()));
}

/// Every task owns a block of one product's rows in the columns of one panel.
template <class T>
void multiply(const GemmDims& d, const T* a, const T* b, T* c, bool accumulate,
              const GemmEpilogue<T>& epilogue) {
  const TileKernels<T>& kernels = tile_kernels<T>();
  const Panels<T> panels(kernels, d.n);
  const EvenSplit tiles(d.m, panels.rows(kernels));
  const bool packs_a = d.batch == 1 && d.a_col != 1 && panels.count() > panels_without_packing;
  const bool takes_all_panels = d.batch == 1 && d.a_col != 1 && !packs_a && d.k > k_block &&
                                tiles.count() > tiles_through_panels;
  const Index task_panels = takes_all_panels ? panels.count() : 1;
  const Index strips = panels.count() / task_panels;
  const Index most_tiles = takes_all_panels ? tiles_through_panels : tiles.count();
  const EvenSplit blocks(tiles.count(), std::min(most_tiles, tiles_per_block(d, tiles, strips)));
  const bool is_shared =
      d.n * d.k > private_values || (d.b_col != 1 && blocks.count() > blocks_that_transpose);
  const bool packs_b =
      d.batch == 1 && blocks.count() > 1 && is_shared && !(takes_all_panels && d.b_col == 1);
  detail::Scratch<T> packed_a(packs_a ? tiles.padded() * d.k : 0),
      packed_b(packs_b ? panels.padded() * d.k : 0);
  if (packs_a) pack_groups(kernels, tiles, a, d.a_col, d.a_row, d.k, packed_a.data());
  if (packs_b) pack_groups(kernels, panels, b, d.b_row, d.b_col, d.k, packed_b.data());

  Index ks[k_block];
  for (Index p = 0; p < std::min(k_block, d.k); ++p)
    ks[p] = p * (packs_a ? tiles.width() : d.a_col);

  const Index tasks = d.batch * blocks.count() * strips;
  const Index most_columns = panels.width(0);
  const Index grain =
      tasks_per_chunk(tasks, blocks.size(0) * tiles.width() * most_columns * task_panels * d.k);
  const Index scratch_size = packs_b ? 0 : std::min(k_block, d.k) * most_columns;
  parallel_with_scratch<T>(tasks, grain, scratch_size, [&](T* scratch, Index begin, Index end) {
    for (Index task = begin; task < end; ++task) {
      const Index strip = task % strips, rest = task / strips;
      const Index block = rest % blocks.count(), i = rest / blocks.count();
      const Product<T> product{kernels,
                               d,
                               panels,
                               tiles,
                               a + i * d.a_batch,
                               b + i * d.b_batch,
                               c + i * d.c_batch,
                               packs_a ? packed_a.data() : nullptr,
                               packs_b ? packed_b.data() : nullptr,
                               ks,
                               accumulate,
                               epilogue,
                               takes_all_panels};
      product.multiply(strip * task_panels, task_panels, blocks.begin(block),
                       blocks.begin(block) + blocks.size(block), scratch);
    }
  });
}

/// What the tiles do while their sums are in registers, for one sum of column j.
template <class T>
T finished(T sum, Index j, const GemmEpilogue<T>& epilogue) {
  if (epilogue.bias != nullptr) sum += epilogue.bias[j];
  return epilogue.relu && sum <= T(0) ? T(0) : sum;
}

/// A few rows of x times the rows of a weight: every task owns some columns of c.
template <class T>
void multiply_dots(const GemmDims& d, const T* a, const T* b, T* c, bool accumulate,
                   const GemmEpilogue<T>& epilogue) {
  const TileKernels<T>& kernels = tile_kernels<T>();
  const Index grain = std::max<Index>(8, (thread_work / 4) / std::max<Index>(1, d.m * d.k));
  parallel_for(d.n, grain, [&](Index begin, Index end) {
    T sums[64];
    for (Index row = 0; row < d.m; ++row) {
      for (Index j = begin; j < end; j += 64) {
        const Index n = std::min<Index>(64, end - j);
        kernels.dots(a + row * d.a_row, b + j * d.b_col, d.b_col, d.k, n, sums);
        T* out = c + row * d.c_row + j;
        for (Index q = 0; q < n; ++q) {
          out[q] = finished(accumulate ? out[q] + sums[q] : sums[q], j + q, epilogue);
        }
      }
    }
  });
}

/// A product over nothing: zeros, which the epilogue may change.
template <class T>
void multiply_nothing(const GemmDims& d, T* c, bool accumulate, const GemmEpilogue<T>& epilogue) {
  for (Index row = 0; row < d.batch * d.m; ++row) {
    T* out = c + row / d.m * d.c_batch + row % d.m * d.c_row;
    for (Index j = 0; j < d.n; ++j) {
      out[j] = finished(accumulate ? out[j] : T(0), j, epilogue);
    }
  }
}

/// Blocks of rows of which a packed copy takes a bounded amount of memory.
template <class T>
void multiply_in_blocks(const GemmDims& d, const T* a, const T* b, T* c, bool accumulate,
                        const GemmEpilogue<T>& epilogue) {
  const Index rows = std::max(row_block, packed_values / d.k / row_block * row_block);
  GemmDims part = d;
  for (Index i = 0; i < d.m; i += rows) {
    part.m = std::min(rows, d.m - i);
    multiply(part, a + i * d.a_row, b, c + i * d.c_row, accumulate, epilogue);
  }
}

}  // namespace

template <class T>
void gemm(const GemmDims& d, const T* a, const T* b, T* c, bool accumulate,
          const GemmEpilogue<T>& epilogue) {
  count_gemm<T>(d, accumulate);
  const detail::FlushDenormals flush;
  if (d.batch == 0 || d.m == 0 || d.n == 0) return;
  if (d.k == 0) return multiply_nothing(d, c, accumulate, epilogue);
  if (d.batch == 1 && d.m <= dot_rows && d.a_col == 1 && d.b_row == 1 && d.k > 1) {
    return multiply_dots(d, a, b, c, accumulate, epilogue);
  }
  if (d.batch == 1) return multiply_in_blocks(d, a, b, c, accumulate, epilogue);
  multiply(d, a, b, c, accumulate, epilogue);
}

#define TENON_INSTANTIATE(T) \
  template void gemm<T>(const GemmDims&, const T*, const T*, T*, bool, const GemmEpilogue<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::kernels
