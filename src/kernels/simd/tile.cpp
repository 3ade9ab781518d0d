#include "kernels/simd/tile.hpp"

#include <utility>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/tile.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

// Accumulators, a row of B and a broadcast value of A fill the registers: 32 of them in AVX-512 and
// on Arm, else 16. Of the shapes that fit these are the fastest measured.
#if HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM
inline constexpr int tile_vectors = 4;
constexpr int tile_rows(int vectors) { return vectors == 4 ? 6 : 8; }
#elif HWY_TARGET == HWY_AVX2
inline constexpr int tile_vectors = 3;
constexpr int tile_rows(int vectors) { return vectors == 3 ? 4 : 6; }
#else
inline constexpr int tile_vectors = 2;
constexpr int tile_rows(int) { return 4; }
#endif

// The sums stay in registers only where every loop over them is unrolled before the compiler
// decides about that. It does so by itself with inner loops; the outermost ones of a function are
// told to.

/// As TileStore says; NaN stays NaN. Each question is asked once for the whole tile.
template <class T, int Rows, int Vectors>
HWY_INLINE void store_whole(Vector<T> (&sums)[Rows][Vectors], const TileStore<T>& store) {
  const Tag<T> d;
  if (store.accumulate) {
    HWY_UNROLL(8)
    for (int i = 0; i < Rows; ++i) {
      const T* c = store.c + store.rows[i];
      for (int j = 0; j < Vectors; ++j) {
        sums[i][j] = hn::Add(hn::LoadU(d, c + j * lanes<T>), sums[i][j]);
      }
    }
  }
  if (store.bias != nullptr) {
    HWY_UNROLL(8)
    for (int j = 0; j < Vectors; ++j) {
      const Vector<T> bias = hn::LoadU(d, store.bias + j * lanes<T>);
      for (int i = 0; i < Rows; ++i) sums[i][j] = hn::Add(sums[i][j], bias);
    }
  }
  if (store.row_bias != nullptr) {
    HWY_UNROLL(8)
    for (int i = 0; i < Rows; ++i) {
      const Vector<T> bias = hn::Set(d, store.row_bias[i]);
      for (int j = 0; j < Vectors; ++j) sums[i][j] = hn::Add(sums[i][j], bias);
    }
  }
  if (store.relu) {
    HWY_UNROLL(8)
    for (int i = 0; i < Rows; ++i) {
      for (int j = 0; j < Vectors; ++j) {
        sums[i][j] = zero_where_not_positive(sums[i][j], sums[i][j]);
      }
    }
  }
  HWY_UNROLL(8)
  for (int i = 0; i < Rows; ++i) {
    T* c = store.c + store.rows[i];
    for (int j = 0; j < Vectors; ++j) hn::StoreU(sums[i][j], d, c + j * lanes<T>);
  }
}

/// The same for the first columns of a tile.
template <class T, int Rows, int Vectors>
HWY_INLINE void store_part(Vector<T> (&sums)[Rows][Vectors], const TileStore<T>& store) {
  HWY_UNROLL(8)
  for (int j = 0; j < Vectors; ++j) {
    const Index first = j * lanes<T>, rest = store.columns - first;
    if (rest <= 0) return;
    const Index n = rest < lanes<T> ? rest : lanes<T>;
    HWY_UNROLL(8)
    for (int i = 0; i < Rows; ++i) {
      T* c = store.c + store.rows[i] + first;
      Vector<T> sum = sums[i][j];
      if (store.accumulate) sum = hn::Add(load_first(c, n), sum);
      if (store.bias != nullptr) sum = hn::Add(sum, load_first(store.bias + first, n));
      if (store.row_bias != nullptr) sum = hn::Add(sum, hn::Set(Tag<T>(), store.row_bias[i]));
      if (store.relu) sum = zero_where_not_positive(sum, sum);
      store_first<T>(sum, c, n);
    }
  }
}

/// Keeps the compiler from adding rows[i] and ks[p] first, an instruction more for every value of
/// A.
template <class T>
HWY_INLINE void keep_as_pointer(const T*& x) {
#if defined(__GNUC__)
  asm("" : "+r"(x));
#endif
}

/// sums[i][j] += x[rows[i]] b[j]
template <class T, int Rows, int Vectors>
HWY_INLINE void add_products(const T* x, const Index* rows, const T* b,
                             Vector<T> (&sums)[Rows][Vectors]) {
  const Tag<T> d;
  Vector<T> row[Vectors];
  for (int j = 0; j < Vectors; ++j) row[j] = hn::LoadU(d, b + j * lanes<T>);
  for (int i = 0; i < Rows; ++i) {
    const Vector<T> value = hn::Set(d, x[rows[i]]);
    for (int j = 0; j < Vectors; ++j) sums[i][j] = hn::MulAdd(value, row[j], sums[i][j]);
  }
}

/// c[i][j] = sum over p of a[rows[i] + ks[p]] b[p][j], one multiply-add after the other.
template <class T, int Rows, int Vectors>
void multiply(const TileA<T>& a, Index k, const T* b, Index b_row, const TileStore<T>& store) {
  const Tag<T> d;
  const Index* const rows = a.rows;
  const Index* ks = a.ks;
  Vector<T> sums[Rows][Vectors];
  // A short loop is over before the lines would be there.
  const bool prefetches = k >= 64;
  HWY_UNROLL(8)
  for (int i = 0; i < Rows; ++i) {
    for (int j = 0; j < Vectors; ++j) {
      sums[i][j] = hn::Zero(d);
      if (prefetches) hwy::Prefetch(store.c + store.rows[i] + j * lanes<T>);
    }
  }
  for (Index p = 0; p < k; ++p) {
    const T* x = a.data + ks[p];
    keep_as_pointer(x);
    add_products<T, Rows, Vectors>(x, rows, b, sums);
    b += b_row;
  }
  if (store.columns == Vectors * lanes<T>) {
    store_whole<T, Rows, Vectors>(sums, store);
  } else {
    store_part<T, Rows, Vectors>(sums, store);
  }
}

/// The same, while what the next tile reads is fetched. Lines are asked for a few at a time, spread
/// over the loop: all at once they would keep waiting what the loop itself reads.
template <class T, int Rows, int Vectors>
void multiply_ahead(const TileA<T>& a, Index k, const T* b, Index b_row, const TileStore<T>& store,
                    const TileAhead<T>& next) {
  const Tag<T> d;
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  const Index* const rows = a.rows;
  const Index* ks = a.ks;
  const Index column = next.column, part = (k + Rows - 1) / Rows;
  const Index lines_end = k < 8 * line ? k : 8 * line;
  Vector<T> sums[Rows][Vectors];
  HWY_UNROLL(8)
  for (int i = 0; i < Rows; ++i) {
    for (int j = 0; j < Vectors; ++j) sums[i][j] = hn::Zero(d);
  }
  int fetched = 0;
  for (Index rest = k; rest > 0; rest -= part, ++fetched) {
    for (int j = 0; j < Vectors; ++j) {
      hwy::Prefetch(store.c + store.rows[fetched] + j * lanes<T>);
    }
    for (Index p = 0; p < lines_end && next.rows != nullptr; p += line) {
      hwy::Prefetch(next.rows + rows[fetched] + p);
    }
    for (const Index* const end = ks + (rest < part ? rest : part); ks != end; ++ks) {
      const T* x = a.data + *ks;
      keep_as_pointer(x);
      hwy::Prefetch(x + column);
      add_products<T, Rows, Vectors>(x, rows, b, sums);
      b += b_row;
    }
  }
  store_whole<T, Rows, Vectors>(sums, store);
}

/// y[j] = sum of x[p] b[j][p] for Rows values of j: two vectors of partial sums each, which hide
/// the latency of the additions.
template <class T, int Rows>
HWY_INLINE void dot_rows(const T* x, const T* b, Index b_row, Index k, T* y) {
  const Tag<T> d;
  Vector<T> even[Rows], odd[Rows];
  for (int i = 0; i < Rows; ++i) even[i] = odd[i] = hn::Zero(d);
  Index p = 0;
  for (; p + 2 * lanes<T> <= k; p += 2 * lanes<T>) {
    const Vector<T> x0 = hn::LoadU(d, x + p), x1 = hn::LoadU(d, x + p + lanes<T>);
    for (int i = 0; i < Rows; ++i) {
      const T* row = b + i * b_row + p;
      even[i] = hn::MulAdd(hn::LoadU(d, row), x0, even[i]);
      odd[i] = hn::MulAdd(hn::LoadU(d, row + lanes<T>), x1, odd[i]);
    }
  }
  for (; p < k; p += lanes<T>) {
    const Index n = k - p < lanes<T> ? k - p : lanes<T>;
    const Vector<T> rest = load_first(x + p, n);
    for (int i = 0; i < Rows; ++i) {
      even[i] = hn::MulAdd(load_first(b + i * b_row + p, n), rest, even[i]);
    }
  }
  for (int i = 0; i < Rows; ++i) {
    y[i] = hn::GetLane(hn::SumOfLanes(d, hn::Add(even[i], odd[i])));
  }
}

template <class T>
void dots(const T* x, const T* b, Index b_row, Index k, Index n, T* y) {
  Index j = 0;
  for (; j + 4 <= n; j += 4) dot_rows<T, 4>(x, b + j * b_row, b_row, k, y + j);
  for (; j < n; ++j) dot_rows<T, 1>(x, b + j * b_row, b_row, k, y + j);
}

// A square of one vector a side is transposed in two steps: first the elements inside the 16-byte
// blocks of each group of as many rows as a block has elements, then whole blocks across groups.

/// Four rows: block b of y[q] holds the rows' elements of column 4 b + q.
HWY_INLINE void transpose_in_blocks(Tag<float> d, Vector<float>* y) {
  const hn::Repartition<double, Tag<float>> wide;
  const auto cast = [&](Vector<float> v) HWY_ATTR { return hn::BitCast(wide, v); };
  const auto ab0 = cast(hn::InterleaveLower(d, y[0], y[1]));
  const auto ab1 = cast(hn::InterleaveUpper(d, y[0], y[1]));
  const auto cd0 = cast(hn::InterleaveLower(d, y[2], y[3]));
  const auto cd1 = cast(hn::InterleaveUpper(d, y[2], y[3]));
  y[0] = hn::BitCast(d, hn::InterleaveLower(wide, ab0, cd0));
  y[1] = hn::BitCast(d, hn::InterleaveUpper(wide, ab0, cd0));
  y[2] = hn::BitCast(d, hn::InterleaveLower(wide, ab1, cd1));
  y[3] = hn::BitCast(d, hn::InterleaveUpper(wide, ab1, cd1));
}
/// Two rows, in the same way.
HWY_INLINE void transpose_in_blocks(Tag<double> d, Vector<double>* y) {
  const auto first = hn::InterleaveLower(d, y[0], y[1]);
  y[1] = hn::InterleaveUpper(d, y[0], y[1]);
  y[0] = first;
}

/// y[step g] for the groups g: block b of group g changes places with block g of group b.
template <class T, int Blocks>
HWY_INLINE void transpose_blocks(Vector<T>* y, int step) {
  const Tag<T> d;
  if constexpr (Blocks == 2) {
    const auto first = hn::ConcatLowerLower(d, y[step], y[0]);
    y[step] = hn::ConcatUpperUpper(d, y[step], y[0]);
    y[0] = first;
  }
  if constexpr (Blocks == 4) {
    const auto even01 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(y[step]), y[0]);
    const auto odd01 = hn::OddEvenBlocks(y[step], hn::SwapAdjacentBlocks(y[0]));
    const auto even23 = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(y[3 * step]), y[2 * step]);
    const auto odd23 = hn::OddEvenBlocks(y[3 * step], hn::SwapAdjacentBlocks(y[2 * step]));
    y[0] = hn::ConcatLowerLower(d, even23, even01);
    y[step] = hn::ConcatLowerLower(d, odd23, odd01);
    y[2 * step] = hn::ConcatUpperUpper(d, even23, even01);
    y[3 * step] = hn::ConcatUpperUpper(d, odd23, odd01);
  }
}

/// to[p][j] = from[p + j * column] for p < k, j < n, both at most a vector.
template <class T>
HWY_INLINE void transpose_square(const T* from, Index column, Index k, Index n, T* to,
                                 Index to_row) {
  constexpr int side = static_cast<int>(lanes<T>), block = 16 / static_cast<int>(sizeof(T));
  const Tag<T> d;
  const bool whole = k == side && n == side;
  Vector<T> y[side];
  for (int j = 0; j < side; ++j) {
    if (whole) {
      y[j] = hn::LoadU(d, from + j * column);
    } else {
      y[j] = j < n ? load_first(from + j * column, k) : hn::Zero(d);
    }
  }
  for (int j = 0; j < side; j += block) transpose_in_blocks(d, y + j);
  for (int q = 0; q < block; ++q) transpose_blocks<T, side / block>(y + q, block);
  // Now y[block b + q] holds column block b + q of the square.
  for (int p = 0; p < side; ++p) {
    if (whole) {
      hn::StoreU(y[p], d, to + p * to_row);
    } else if (p < k) {
      store_first<T>(y[p], to + p * to_row, n);
    }
  }
}

/// Calls f(start, count) for squares that cover n rows or columns. The last one overlaps the one
/// before it where it would else be cut, which costs several times a whole one.
template <class T, class F>
HWY_INLINE void for_each_square(Index n, const F& f) {
  if (n < lanes<T>) return f(0, n);
  for (Index i = 0; i < n; i += lanes<T>) f(HWY_MIN(i, n - lanes<T>), lanes<T>);
}

/// to[p][j] = from[p + j * column]
template <class T>
void transpose(const T* from, Index column, Index k, Index n, T* to, Index to_row) {
  if (k <= 0 || n <= 0) return;
  // Along the rows of `to`: a few streams of writes that the processor can foresee.
  for_each_square<T>(k, [=](Index p, Index rows) HWY_ATTR {
    for_each_square<T>(n, [=](Index j, Index columns) HWY_ATTR {
      transpose_square(from + j * column + p, column, rows, columns, to + p * to_row + j, to_row);
    });
  });
}

/// to[p][j] = from[p * row + j], zeros from n up to width, a multiple of a vector or not.
template <class T>
void pack_rows(const T* from, Index row, Index k, Index n, T* to, Index width) {
  const Tag<T> d;
  const Index whole = n / lanes<T> * lanes<T>;
  for (Index p = 0; p < k; ++p) {
    const T* x = from + p * row;
    T* y = to + p * width;
    for (Index j = 0; j < whole; j += lanes<T>) hn::StoreU(hn::LoadU(d, x + j), d, y + j);
    for (Index j = whole; j < width; j += lanes<T>) {
      const Index rest = j < n ? n - j : 0, room = width - j < lanes<T> ? width - j : lanes<T>;
      store_first<T>(load_first(x + j, rest), y + j, room);
    }
  }
}

template <class T>
void pack(const T* from, Index row, Index column, Index k, Index n, T* to, Index width) {
  if (column == 1) return pack_rows(from, row, k, n, to, width);
  if (row == 1) {
    transpose(from, column, k, n, to, width);
  } else {
    for (Index p = 0; p < k; ++p) {
      for (Index j = 0; j < n; ++j) to[p * width + j] = from[p * row + j * column];
    }
  }
  for (Index p = 0; p < k && n < width; ++p) {
    for (Index j = n; j < width; ++j) to[p * width + j] = T(0);
  }
}

template <class T>
void split_pairs(const T* from, Index n, T* even, T* odd) {
  for (Index i = 0; i < n; i += 2 * lanes<T>) {
    const Index rest = n - i < 2 * lanes<T> ? n - i : 2 * lanes<T>;
    const Pairs<T> pairs(from + i, rest);
    store_first<T>(pairs.even, even + i / 2, (rest + 1) / 2);
    store_first<T>(pairs.odd, odd + i / 2, rest / 2);
  }
}

template <class T>
void copy_runs(const T* from, const Index* offsets, Index count, Index n, T* to, Index to_step) {
  const Tag<T> d;
  for (Index p = 0; p < count; ++p) {
    const T* x = from + offsets[p];
    T* y = to + p * to_step;
    if (n == lanes<T>) {
      hn::StoreU(hn::LoadU(d, x), d, y);
    } else {
      store_first<T>(load_first(x, n), y, n);
    }
  }
}

template <class T>
void add_runs(const T* from, Index from_step, const Index* offsets, Index count, Index n, T* to) {
  const Tag<T> d;
  for (Index p = 0; p < count; ++p) {
    const T* x = from + p * from_step;
    T* y = to + offsets[p];
    if (n == lanes<T>) {
      hn::StoreU(hn::Add(hn::LoadU(d, y), hn::LoadU(d, x)), d, y);
    } else {
      store_first<T>(hn::Add(load_first(y, n), load_first(x, n)), y, n);
    }
  }
}

template <class T, int Vectors, int... Row>
constexpr void add_tiles(TileKernels<T>& kernels, std::integer_sequence<int, Row...>) {
  kernels.rows[Vectors - 1] = sizeof...(Row);
  ((kernels.multiply[Row][Vectors - 1] = &multiply<T, Row + 1, Vectors>), ...);
}

template <class T, int... Vector>
constexpr TileKernels<T> make_kernels(std::integer_sequence<int, Vector...>) {
  TileKernels<T> kernels{};
  kernels.vectors = tile_vectors;
  kernels.lanes = static_cast<int>(lanes<T>);
  (add_tiles<T, Vector + 1>(kernels, std::make_integer_sequence<int, tile_rows(Vector + 1)>()),
   ...);
  if constexpr (sizeof(T) == sizeof(float)) {
    kernels.multiply_ahead = &multiply_ahead<T, tile_rows(tile_vectors), tile_vectors>;
  }
  kernels.dots = &dots<T>;
  kernels.pack = &pack<T>;
  kernels.transpose = &transpose<T>;
  kernels.split_pairs = &split_pairs<T>;
  kernels.copy_runs = &copy_runs<T>;
  kernels.add_runs = &add_runs<T>;
  return kernels;
}

template <class T>
constexpr TileKernels<T> tile_kernels_of =
    make_kernels<T>(std::make_integer_sequence<int, tile_vectors>());

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
const TileKernels<T>& tile_kernels() {
  static const TileKernels<T>& kernels = *TENON_CHOOSE(tile_kernels_of<T>);
  return kernels;
}

template const TileKernels<float>& tile_kernels();
template const TileKernels<double>& tile_kernels();

}  // namespace tenon::kernels
#endif  // HWY_ONCE
