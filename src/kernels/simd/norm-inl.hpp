// The sums that normalisations take, two side by side, for one instruction set.
#if defined(TENON_SIMD_NORM_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SIMD_NORM_INL_HPP
#undef TENON_SIMD_NORM_INL_HPP
#else
#define TENON_SIMD_NORM_INL_HPP
#endif

#include "kernels/simd/loop-inl.hpp"
#include "kernels/simd/moments.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// The sum of the even lanes and that of the odd ones.
template <class D>
HWY_INLINE SumPair sum_even_and_odd(D d, hn::Vec<D> v) {
  if constexpr (hn::MaxLanes(D()) == 2) {
    return {hn::GetLane(v), hn::GetLane(hn::Shuffle01(v))};
  } else {
    const hn::Half<D> half;
    return sum_even_and_odd(half, hn::Add(hn::LowerHalf(half, v), hn::UpperHalf(half, v)));
  }
}
/// Two sums whose lanes have not been added yet.
struct LaneSums {
  Vector<double> a, b;
  HWY_INLINE SumPair total() const {
    const Tag<double> d;
    return sum_even_and_odd(d, hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b)));
  }
};

/// Adds v, summed in T for a while, to a sum in double.
HWY_INLINE void add_to(Vector<double>& total, Vector<double> v) { total = hn::Add(total, v); }
HWY_INLINE void add_to(Vector<double>& total, Vector<float> v) {
  const hn::Half<Tag<float>> half;
  const Tag<double> d;
  total = hn::Add(total, hn::Add(hn::PromoteTo(d, hn::LowerHalf(half, v)),
                                 hn::PromoteTo(d, hn::UpperHalf(half, v))));
}

/// Vectors that are summed in T before their sum is added to one in double.
inline constexpr Index vectors_per_sum = 64;

/// Two sums over `runs` runs of `length` terms that start `stride` apart: f(i, n, a, b) adds the
/// terms i .. i + n, n at most a vector, to a and to b. Four pairs of vectors hide the latency of
/// the additions.
template <class T, class F>
HWY_INLINE LaneSums sum_runs(Index runs, Index length, Index stride, const F& f) {
  constexpr Index step = lanes<T>;
  const auto zero = hn::Zero(Tag<T>());
  auto sum_a = hn::Zero(Tag<double>()), sum_b = sum_a;
  auto a0 = zero, a1 = zero, a2 = zero, a3 = zero;
  auto b0 = zero, b1 = zero, b2 = zero, b3 = zero;
  Index waiting = 0;
  for (Index run = 0; run < runs; ++run) {
    Index i = run * stride;
    const Index end = i + length;
    while (i < end) {
      const Index stop = end - i < vectors_per_sum * step ? end : i + vectors_per_sum * step;
      waiting += stop - i;
      for (; i + 4 * step <= stop; i += 4 * step) {
        f(i, step, a0, b0);
        f(i + step, step, a1, b1);
        f(i + 2 * step, step, a2, b2);
        f(i + 3 * step, step, a3, b3);
      }
      for (; i + step <= stop; i += step) f(i, step, a0, b0);
      if (i < stop) f(i, stop - i, a1, b1);
      i = stop;
      if (waiting < vectors_per_sum * step && run + 1 < runs) continue;
      add_to(sum_a, hn::Add(hn::Add(a0, a1), hn::Add(a2, a3)));
      add_to(sum_b, hn::Add(hn::Add(b0, b1), hn::Add(b2, b3)));
      a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = zero;
      waiting = 0;
    }
  }
  return {sum_a, sum_b};
}

/// Adds the distances of n numbers from an origin, and their squares.
template <class T>
HWY_INLINE void add_distance(const T* x, Index n, Vector<T> origin, Vector<T>& distances,
                             Vector<T>& squares) {
  const auto distance = first<T>(hn::Sub(load(x, n), origin), n);
  distances = hn::Add(distances, distance);
  squares = hn::MulAdd(distance, distance, squares);
}

/// The sums of x - origin and of its square.
template <class T>
HWY_INLINE LaneSums distance_sums(const T* x, T origin, Index runs, Index length, Index stride) {
  const auto from = hn::Set(Tag<T>(), origin);
  return sum_runs<T>(runs, length, stride,
                     [=](Index i, Index n, Vector<T>& distances, Vector<T>& squares)
                         HWY_ATTR { add_distance(x + i, n, from, distances, squares); });
}

/// The same, every distance in double.
template <class T>
HWY_INLINE SumPair precise_distance_sums(const T* x, double origin, Index runs, Index length,
                                         Index stride) {
  const auto from = hn::Set(Tag<double>(), origin);
  const LaneSums sums = sum_runs<double>(
      runs, length, stride,
      [=](Index i, Index n, Vector<double>& distances, Vector<double>& squares) HWY_ATTR {
        const auto distance = first<double>(hn::Sub(as_doubles(x + i, n), from), n);
        distances = hn::Add(distances, distance);
        squares = hn::MulAdd(distance, distance, squares);
      });
  return sums.total();
}

/// The same sums for each of `width` columns over rows that start `stride` apart: f(i, j, n, a, b)
/// adds the terms i .. i + n, which lie in the columns j .. j + n, to a and to b.
template <int Vectors, class F>
HWY_INLINE void sum_column_vectors(Index rows, Index stride, Index column, Index last, const F& f,
                                   SumPair* sums) {
  const Tag<double> d;
  constexpr Index step = lanes<double>;
  Vector<double> a[Vectors], b[Vectors];
  for (int k = 0; k < Vectors; ++k) a[k] = b[k] = hn::Zero(d);
  for (Index row = 0; row < rows; ++row) {
    for (int k = 0; k < Vectors; ++k) {
      const Index j = column + k * step;
      f(row * stride + j, j, k + 1 < Vectors ? step : last, a[k], b[k]);
    }
  }
  HWY_ALIGN double first_sums[step], second_sums[step];
  for (int k = 0; k < Vectors; ++k) {
    hn::Store(a[k], d, first_sums);
    hn::Store(b[k], d, second_sums);
    SumPair* out = sums + column + k * step;
    for (Index i = 0; i < (k + 1 < Vectors ? step : last); ++i) {
      out[i] = {first_sums[i], second_sums[i]};
    }
  }
}
template <class F>
HWY_INLINE void sum_columns(Index rows, Index stride, Index width, const F& f, SumPair* sums) {
  constexpr Index step = lanes<double>;
  Index j = 0;
  for (; j + 4 * step <= width; j += 4 * step) {
    sum_column_vectors<4>(rows, stride, j, step, f, sums);
  }
  for (; j < width; j += step) {
    sum_column_vectors<1>(rows, stride, j, width - j < step ? width - j : step, f, sums);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
