#include "kernels/simd/plane.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/plane.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
HWY_INLINE void clear(T* to, Index n) {
  const Tag<T> d;
  for (Index k = 0; k < n; k += lanes<T>) hn::StoreU(hn::Zero(d), d, to + k);
}

template <class T>
HWY_INLINE void stage_row(const T* from, Index n, T* to) {
  const Tag<T> d;
  Index k = 0;
  for (; k + lanes<T> <= n; k += lanes<T>) hn::StoreU(hn::LoadU(d, from + k), d, to + k);
  if (k < n) store_first<T>(load_first(from + k, n - k), to + k, n - k);
}

template <class T>
HWY_INLINE void stage_pairs(const T* from, Index n, T* even, T* odd) {
  for (Index k = 0; k < n; k += 2 * lanes<T>) {
    const Index rest = n - k < 2 * lanes<T> ? n - k : 2 * lanes<T>;
    const Pairs<T> pairs(from + k, rest);
    store_first<T>(pairs.even, even + k / 2, (rest + 1) / 2);
    store_first<T>(pairs.odd, odd + k / 2, rest / 2);
  }
}

template <class T>
void stage_phases(const StagedPlane& s, const T* from, T* to) {
  for (Index f = 0; f < s.phases; ++f) {
    T* pixel = to + s.offset(0, s.left + f);
    for (Index k = f; k < s.width; k += s.phases) *pixel++ = from[k];
  }
}

template <class T>
void stage(const StagedPlane& s, const T* plane, Index first, Index count, T* staged) {
  const Index even = s.offset(0, s.left), odd = s.offset(0, s.left + 1);
  for (Index r = 0; r < count; ++r, staged += s.row()) {
    const Index h = first + r - s.above;
    if (h < 0 || h >= s.height) {
      clear(staged, s.row());
    } else if (s.phases == 1) {
      stage_row(plane + h * s.width, s.width, staged);
    } else if (s.phases == 2) {
      stage_pairs(plane + h * s.width, s.width, staged + even, staged + odd);
    } else {
      stage_phases(s, plane + h * s.width, staged);
    }
  }
}

/// sums[r] += sum_p weights[k + p line] in[(r + p) row + offsets[k] ...], where each row of pixels
/// is loaded once for all rows of outputs.
template <int Lines, int Rows, class T>
HWY_INLINE void add_taps(const Correlation<T>& c, const T* in, Index k, Vector<T> (&sums)[Rows]) {
  const Tag<T> d;
  Vector<T> weights[Lines];
  for (int p = 0; p < Lines; ++p) weights[p] = hn::Set(d, c.weights[k + p * c.line]);
  const T* pixels = in + c.offsets[k];
  for (int u = 0; u < Rows + Lines - 1; ++u) {
    auto v = hn::LoadU(d, pixels + u * c.row);
    keep_in_register(v);
    for (int p = 0; p < Lines; ++p) {
      if (u >= p && u - p < Rows) sums[u - p] = hn::MulAdd(weights[p], v, sums[u - p]);
    }
  }
}

/// The sums of a vector of columns stay in registers, in a few rows that share the weights.
template <int Rows, class T>
HWY_INLINE void correlate_tile(const Correlation<T>& c, const T* in, Index n, T* out,
                               Index out_row) {
  const Tag<T> d;
  Vector<T> sums[Rows];
  for (int r = 0; r < Rows; ++r) {
    sums[r] = hn::Set(d, c.start);
    // Where the next tile is stored; behind the last one this does nothing.
    hwy::Prefetch(out + (r + Rows) * out_row);
  }
  Index k = 0;
  if (c.line > 0) {
    for (; k + 3 * c.line <= c.taps; k += 3 * c.line) {
      for (Index q = k; q < k + c.line; ++q) add_taps<3>(c, in, q, sums);
    }
  }
  for (; k < c.taps; ++k) add_taps<1>(c, in, k, sums);
  for (int r = 0; r < Rows; ++r) {
    const auto y = c.relu ? zero_where_not_positive(sums[r], sums[r]) : sums[r];
    if (n >= lanes<T>) {
      hn::StoreU(y, d, out + r * out_row);
    } else {
      store_first<T>(y, out + r * out_row, n);
    }
  }
}

template <int Rows, class T>
HWY_INLINE void correlate_rows(const Correlation<T>& c, Index r, Index columns, T* out,
                               Index out_row) {
  for (Index j = 0; j < columns; j += lanes<T>) {
    correlate_tile<Rows>(c, c.in + r * c.row + j, columns - j, out + r * out_row + j, out_row);
  }
}

template <class T>
void correlate(const Correlation<T>& c, Index rows, Index columns, T* out, Index out_row) {
  Index r = 0;
  for (; r + 4 <= rows; r += 4) correlate_rows<4>(c, r, columns, out, out_row);
  switch (rows - r) {
    case 3:
      return correlate_rows<3>(c, r, columns, out, out_row);
    case 2:
      return correlate_rows<2>(c, r, columns, out, out_row);
    case 1:
      return correlate_rows<1>(c, r, columns, out, out_row);
    default:
      return;
  }
}

/// sums[p][q] += the products of Rows rows of g, n columns of them from j on, with what tap (p, q)
/// sees; each vector of pixels is loaded once for all of them. What lies behind the last column
/// counts for nothing, be it not a number.
template <int Lines, int Columns, int Rows, class T>
HWY_INLINE void add_products(const Dots<T>& s, Index r, Index j, Index n, const Index* offsets,
                             Vector<T> (&sums)[Lines][Columns]) {
  const Tag<T> d;
  const bool is_whole = n >= lanes<T>;
  const auto inside = hn::FirstN(d, static_cast<std::size_t>(is_whole ? lanes<T> : n));
  Vector<T> g[Rows];
  for (int i = 0; i < Rows; ++i) {
    const T* gradients = s.g + (r + i) * s.g_row + j;
    g[i] = is_whole ? hn::LoadU(d, gradients) : load_first(gradients, n);
  }
  for (int q = 0; q < Columns; ++q) {
    const T* pixels = s.in + r * s.row + offsets[q] + j;
    for (int u = 0; u < Rows + Lines - 1; ++u) {
      auto x = hn::IfThenElseZero(inside, hn::LoadU(d, pixels + u * s.row));
      keep_in_register(x);
      for (int p = 0; p < Lines; ++p) {
        if (u >= p && u - p < Rows) sums[p][q] = hn::MulAdd(g[u - p], x, sums[p][q]);
      }
    }
  }
}

template <int Lines, int Columns, int Rows, class T>
HWY_INLINE void add_rows(const Dots<T>& s, Index r, const Index* offsets,
                         Vector<T> (&sums)[Lines][Columns]) {
  for (Index j = 0; j < s.columns; j += lanes<T>) {
    add_products<Lines, Columns, Rows>(s, r, j, s.columns - j, offsets, sums);
  }
}

/// The sums of Columns taps from k on, and of the lines below them, stay in registers.
template <int Lines, int Columns, class T>
void add_some_dots(const Dots<T>& s, Index k, double* totals) {
  constexpr int most = Lines > 1 ? 4 : 1;
  const Tag<T> d;
  // Some hundred terms in each lane (or four wide rows), before their sum is added in double.
  const Index block = 256 * lanes<T> / s.columns / most * most + most;
  for (Index begin = 0; begin < s.rows; begin += block) {
    const Index end = begin + block < s.rows ? begin + block : s.rows;
    Vector<T> sums[Lines][Columns];
    for (int p = 0; p < Lines; ++p) {
      for (int q = 0; q < Columns; ++q) sums[p][q] = hn::Zero(d);
    }
    Index r = begin;
    for (; r + most <= end; r += most) add_rows<Lines, Columns, most>(s, r, s.offsets + k, sums);
    for (; r < end; ++r) add_rows<Lines, Columns, 1>(s, r, s.offsets + k, sums);
    for (int p = 0; p < Lines; ++p) {
      for (int q = 0; q < Columns; ++q) {
        totals[k + p * s.line + q] +=
            static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sums[p][q])));
      }
    }
  }
}

/// All taps of some lines.
template <int Lines, class T>
void add_lines(const Dots<T>& s, Index k, double* sums) {
  Index q = 0;
  for (; q + 3 <= s.line; q += 3) add_some_dots<Lines, 3>(s, k + q, sums);
  if (s.line - q == 2) return add_some_dots<Lines, 2>(s, k + q, sums);
  if (s.line - q == 1) return add_some_dots<Lines, 1>(s, k + q, sums);
}

template <class T>
void add_dots(const Dots<T>& s, double* sums) {
  Index k = 0;
  if (s.line > 0) {
    for (; k + 3 * s.line <= s.taps; k += 3 * s.line) add_lines<3>(s, k, sums);
    if (k + 2 * s.line == s.taps) return add_lines<2>(s, k, sums);
  }
  for (; k + 9 <= s.taps; k += 9) add_some_dots<1, 9>(s, k, sums);
  for (; k + 3 <= s.taps; k += 3) add_some_dots<1, 3>(s, k, sums);
  for (; k < s.taps; ++k) add_some_dots<1, 1>(s, k, sums);
}

template <class T>
void join_pairs(const T* even, const T* odd, Index row, Index rows, Index n, T* to, Index to_row) {
  const Tag<T> d;
  HWY_ALIGN T pairs[2 * lanes<T>];
  for (Index r = 0; r < rows; ++r, even += row, odd += row, to += to_row) {
    for (Index k = 0; k < n; k += 2 * lanes<T>) {
      const auto first = hn::LoadU(d, even + k / 2), second = hn::LoadU(d, odd + k / 2);
      const Index rest = n - k;
      if (rest >= 2 * lanes<T>) {
        hn::StoreInterleaved2(first, second, d, to + k);
        continue;
      }
      hn::StoreInterleaved2(first, second, d, pairs);
      const Index low = rest < lanes<T> ? rest : lanes<T>;
      store_first<T>(hn::Load(d, pairs), to + k, low);
      store_first<T>(hn::Load(d, pairs + lanes<T>), to + k + low, rest - low);
    }
  }
}

template <class T>
constexpr PlaneKernels<T> plane_kernels_of = {lanes<T>, &stage<T>, &correlate<T>, &add_dots<T>,
                                              &join_pairs<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
const PlaneKernels<T>& plane_kernels() {
  static const PlaneKernels<T>& kernels = *TENON_CHOOSE(plane_kernels_of<T>);
  return kernels;
}

template const PlaneKernels<float>& plane_kernels();
template const PlaneKernels<double>& plane_kernels();

}  // namespace tenon::kernels
#endif  // HWY_ONCE
