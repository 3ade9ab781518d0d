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

/// As TileStore says; NaN stays NaN.
template <class T>
HWY_INLINE void store_vector(Vector<T> sum, Index row, Index column, const TileStore<T>& store) {
  const Tag<T> d;
  const Index n = store.columns - column;
  if (n <= 0) return;
  const bool whole = n >= lanes<T>;
  T* c = store.c + store.rows[row] + column;
  if (store.accumulate) sum = hn::Add(whole ? hn::LoadU(d, c) : load_first(c, n), sum);
  if (store.bias != nullptr) {
    const T* bias = store.bias + column;
    sum = hn::Add(sum, whole ? hn::LoadU(d, bias) : load_first(bias, n));
  }
  if (store.relu) sum = zero_where_not_positive(sum, sum);
  if (whole) {
    hn::StoreU(sum, d, c);
  } else {
    store_first(sum, c, n);
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

/// c[i][j] = sum over p of a[rows[i] + ks[p]] b[p][j], one multiply-add after the other.
template <class T, int Rows, int Vectors>
void multiply(const TileA<T>& a, Index k, const T* b, Index b_row, const TileStore<T>& store) {
  const Tag<T> d;
  const Index* const rows = a.rows;
  const Index* ks = a.ks;
  Vector<T> sums[Rows][Vectors];
  for (int i = 0; i < Rows; ++i) {
    for (int j = 0; j < Vectors; ++j) {
      sums[i][j] = hn::Zero(d);
      hwy::Prefetch(store.c + store.rows[i] + j * lanes<T>);
    }
  }
  for (Index p = 0; p < k; ++p) {
    const T* x = a.data + ks[p];
    keep_as_pointer(x);
    Vector<T> row[Vectors];
    for (int j = 0; j < Vectors; ++j) row[j] = hn::LoadU(d, b + j * lanes<T>);
    for (int i = 0; i < Rows; ++i) {
      const Vector<T> value = hn::Set(d, x[rows[i]]);
      for (int j = 0; j < Vectors; ++j) sums[i][j] = hn::MulAdd(value, row[j], sums[i][j]);
    }
    b += b_row;
  }
  if (store.is_plain(Vectors * lanes<T>)) {  // nearly always; nothing to decide for each vector
    for (int i = 0; i < Rows; ++i) {
      for (int j = 0; j < Vectors; ++j) {
        T* c = store.c + store.rows[i] + j * lanes<T>;
        if (store.accumulate) sums[i][j] = hn::Add(hn::LoadU(d, c), sums[i][j]);
        hn::StoreU(sums[i][j], d, c);
      }
    }
    return;
  }
  for (int i = 0; i < Rows; ++i) {
    for (int j = 0; j < Vectors; ++j) store_vector<T>(sums[i][j], i, j * lanes<T>, store);
  }
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

/// A square of 16 bytes a side, transposed.
HWY_INLINE void transpose_square(const float* from, Index from_row, float* to, Index to_row) {
  const hn::Full128<float> d;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + from_row);
  const auto c = hn::LoadU(d, from + 2 * from_row), e = hn::LoadU(d, from + 3 * from_row);
  const auto ab0 = hn::InterleaveLower(d, a, b), ab1 = hn::InterleaveUpper(d, a, b);
  const auto ce0 = hn::InterleaveLower(d, c, e), ce1 = hn::InterleaveUpper(d, c, e);
  hn::StoreU(hn::ConcatLowerLower(d, ce0, ab0), d, to);
  hn::StoreU(hn::ConcatUpperUpper(d, ce0, ab0), d, to + to_row);
  hn::StoreU(hn::ConcatLowerLower(d, ce1, ab1), d, to + 2 * to_row);
  hn::StoreU(hn::ConcatUpperUpper(d, ce1, ab1), d, to + 3 * to_row);
}
HWY_INLINE void transpose_square(const double* from, Index from_row, double* to, Index to_row) {
  const hn::Full128<double> d;
  const auto a = hn::LoadU(d, from), b = hn::LoadU(d, from + from_row);
  hn::StoreU(hn::InterleaveLower(d, a, b), d, to);
  hn::StoreU(hn::InterleaveUpper(d, a, b), d, to + to_row);
}

/// to[p][j] = from[p + j * column]
template <class T>
void transpose(const T* from, Index column, Index k, Index n, T* to, Index width) {
  constexpr Index side = 16 / static_cast<Index>(sizeof(T));
  const Index whole_k = k / side * side, whole_n = n / side * side;
  for (Index j = 0; j < whole_n; j += side) {
    for (Index p = 0; p < whole_k; p += side) {
      transpose_square(from + j * column + p, column, to + p * width + j, width);
    }
  }
  for (Index j = 0; j < n; ++j) {
    for (Index p = j < whole_n ? whole_k : 0; p < k; ++p) to[p * width + j] = from[j * column + p];
  }
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
  kernels.dots = &dots<T>;
  kernels.pack = &pack<T>;
  kernels.transpose = &transpose<T>;
  return kernels;
}

template <class T>
constexpr TileKernels<T> kernels_of =
    make_kernels<T>(std::make_integer_sequence<int, tile_vectors>());

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
const TileKernels<T>& tile_kernels() {
  static const TileKernels<T>& kernels = *TENON_CHOOSE(kernels_of<T>);
  return kernels;
}

template const TileKernels<float>& tile_kernels();
template const TileKernels<double>& tile_kernels();

}  // namespace tenon::kernels
#endif  // HWY_ONCE
