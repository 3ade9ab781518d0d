#include "kernels/simd/columns.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/columns.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

// Sums that stay in registers: of outputs in tiles of channels and vectors, and of weights in tiles
// of channels and taps.
inline constexpr int tile_channels = 4, dot_channels = 3;
#if HWY_TARGET == HWY_AVX3 || HWY_ARCH_ARM
inline constexpr int tile_vectors = 4, dot_taps = 9;
#else
inline constexpr int tile_vectors = HWY_TARGET == HWY_AVX2 ? 3 : 2, dot_taps = 3;
#endif

void copy(const ColumnsCopy& c, float* columns, Index row) {
  const Tag<float> d;
  const Index whole = c.n / lanes<float> * lanes<float>;
  for (Index t = 0; t < c.depth; ++t, columns += row) {
    const float* from = c.from + c.offsets[t];
    float* to = columns;
    // What is written behind a row comes later.
    for (Index i = 0; i < c.rows; ++i, from += c.from_row, to += c.n) {
      for (Index j = 0; j < whole; j += lanes<float>) hn::StoreU(hn::LoadU(d, from + j), d, to + j);
      if (whole < c.n) hn::StoreU(load_first(from + whole, c.n - whole), d, to + whole);
    }
    hn::StoreU(hn::Zero(d), d, to);
  }
}

/// `size` outputs (more than Vectors - 1 vectors of them) from column `first` on, of the channels
/// from o on.
template <int Vectors>
HWY_INLINE void multiply_tile(const ColumnsProduct& p, Index first, Index size, Index o) {
  const Tag<float> d;
  const float* w[tile_channels];
  Vector<float> sums[tile_channels][Vectors];
  HWY_UNROLL(4)
  for (int r = 0; r < tile_channels; ++r) {
    const Index channel = o + r < p.o ? o + r : p.o - 1;
    w[r] = p.w + channel * p.depth;
    const auto start = p.b == nullptr ? hn::Zero(d) : hn::Set(d, p.b[channel]);
    for (int v = 0; v < Vectors; ++v) sums[r][v] = start;
  }
  const float* columns = p.columns + first;
  for (Index t = 0; t < p.depth; ++t, columns += p.row) {
    Vector<float> pixels[Vectors];
    for (int v = 0; v < Vectors; ++v) pixels[v] = hn::LoadU(d, columns + v * lanes<float>);
    for (int r = 0; r < tile_channels; ++r) {
      const auto weight = hn::Set(d, w[r][t]);
      for (int v = 0; v < Vectors; ++v) sums[r][v] = hn::MulAdd(weight, pixels[v], sums[r][v]);
    }
  }
  const Index last = size - (Vectors - 1) * lanes<float>;
  const bool relu = p.relu;
  HWY_UNROLL(4)
  for (int r = 0; r < tile_channels; ++r) {
    if (o + r >= p.o) return;
    float* y = p.y + (o + r) * p.y_row + first;
    for (int v = 0; v < Vectors; ++v) {
      const auto sum = relu ? zero_where_not_positive(sums[r][v], sums[r][v]) : sums[r][v];
      if (v + 1 < Vectors || last >= lanes<float>) {
        hn::StoreU(sum, d, y + v * lanes<float>);
      } else {
        store_first<float>(sum, y + v * lanes<float>, last);
      }
    }
  }
}

template <int Vectors>
void multiply_panel(const ColumnsProduct& p, Index first, Index size) {
  for (Index o = 0; o < p.o; o += tile_channels) multiply_tile<Vectors>(p, first, size, o);
}

void multiply(const ColumnsProduct& p) {
  const Index vectors = (p.size + lanes<float> - 1) / lanes<float>;
  const Index panels = (vectors + tile_vectors - 1) / tile_vectors;
  for (Index k = 0, first = 0; k < panels; ++k) {
    const Index own = (vectors - first + panels - k - 1) / (panels - k);
    const Index at = first * lanes<float>;
    if (own == tile_vectors) {
      multiply_panel<tile_vectors>(p, at, p.size - at);
    } else if (own == tile_vectors - 1) {
      multiply_panel<tile_vectors - 1>(p, at, p.size - at);
    } else {
      for (Index v = 0; v < own; ++v) {
        multiply_panel<1>(p, at + v * lanes<float>, p.size - at - v * lanes<float>);
      }
    }
    first += own;
  }
}

/// The products of n columns (at most a vector) from p on.
HWY_INLINE void add_products(const float* const (&dy)[dot_channels],
                             const float* const (&columns)[dot_taps], Index p, Index n,
                             Vector<float> (&sums)[dot_channels][dot_taps]) {
  const Tag<float> d;
  Vector<float> g[dot_channels];
  HWY_UNROLL(9)
  for (int r = 0; r < dot_channels; ++r) {
    g[r] = n == lanes<float> ? hn::LoadU(d, dy[r] + p) : load_first(dy[r] + p, n);
  }
  HWY_UNROLL(9)
  for (int t = 0; t < dot_taps; ++t) {
    auto pixels = hn::LoadU(d, columns[t] + p);
    keep_in_register(pixels);
    HWY_UNROLL(9)
    for (int r = 0; r < dot_channels; ++r) sums[r][t] = hn::MulAdd(g[r], pixels, sums[r][t]);
  }
}

/// The sums of the channels from o on and the taps from t on; beyond the last ones, the last ones
/// again.
void add_dot_tile(const ColumnsDots& s, Index o, Index t, float* sums) {
  const Tag<float> d;
  const float *dy[dot_channels], *columns[dot_taps];
  HWY_UNROLL(9)
  for (int r = 0; r < dot_channels; ++r) dy[r] = s.dy + (o + r < s.o ? o + r : s.o - 1) * s.dy_row;
  HWY_UNROLL(9)
  for (int q = 0; q < dot_taps; ++q) {
    columns[q] = s.columns + (t + q < s.depth ? t + q : s.depth - 1) * s.row;
  }
  Vector<float> own[dot_channels][dot_taps];
  HWY_UNROLL(4)
  for (int r = 0; r < dot_channels; ++r) {
    HWY_UNROLL(9)
    for (int q = 0; q < dot_taps; ++q) own[r][q] = hn::Zero(d);
  }
  Index p = 0;
  for (; p + lanes<float> <= s.size; p += lanes<float>) {
    add_products(dy, columns, p, lanes<float>, own);
  }
  if (p < s.size) add_products(dy, columns, p, s.size - p, own);
  HWY_UNROLL(4)
  for (int r = 0; r < dot_channels; ++r) {
    float* to = sums + ((o + r) * s.depth + t) * lanes<float>;
    HWY_UNROLL(9)
    for (int q = 0; q < dot_taps; ++q, to += lanes<float>) {
      if (o + r < s.o && t + q < s.depth) hn::StoreU(hn::Add(hn::LoadU(d, to), own[r][q]), d, to);
    }
  }
}

void add_dots(const ColumnsDots& s, float* sums) {
  for (Index o = 0; o < s.o; o += dot_channels) {
    for (Index t = 0; t < s.depth; t += dot_taps) add_dot_tile(s, o, t, sums);
  }
}

void add_up(const float* sums, Index count, Index step, Index n, float* y) {
  const Tag<float> d;
  for (Index k = 0; k < n; ++k, sums += lanes<float>) {
    auto sum = hn::LoadU(d, sums);
    for (Index c = 1; c < count; ++c) sum = hn::Add(sum, hn::LoadU(d, sums + c * step));
    y[k] = hn::GetLane(hn::SumOfLanes(d, sum));
  }
}

constexpr ColumnKernels column_kernels_of = {lanes<float>, &copy, &multiply, &add_dots, &add_up};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

const ColumnKernels& column_kernels() {
  static const ColumnKernels& kernels = *TENON_CHOOSE(column_kernels_of);
  return kernels;
}

}  // namespace tenon::kernels
#endif  // HWY_ONCE
