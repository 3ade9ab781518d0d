// Loops over contiguous numbers in vectors of one instruction set; included after
// foreach_target.hpp.
#if defined(TENON_SIMD_LOOP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SIMD_LOOP_INL_HPP
#undef TENON_SIMD_LOOP_INL_HPP
#else
#define TENON_SIMD_LOOP_INL_HPP
#endif

#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// Calls f(i, count) for each vector of n elements, the last of which may have fewer.
template <class T, class F>
HWY_INLINE void for_each_vector(Index n, const F& f) {
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) f(i, lanes<T>);
  if (i < n) f(i, n - i);
}

template <class T>
HWY_INLINE Vector<T> load(const T* x, Index n) {
  return n == lanes<T> ? hn::LoadU(Tag<T>(), x) : load_first(x, n);
}
template <class T>
HWY_INLINE void store(Vector<T> v, T* y, Index n) {
  if (n == lanes<T>) {
    hn::StoreU(v, Tag<T>(), y);
  } else {
    store_first<T>(v, y, n);
  }
}
/// v with zeros behind the first n lanes.
template <class T>
HWY_INLINE Vector<T> first(Vector<T> v, Index n) {
  return n == lanes<T> ? v
                       : hn::IfThenElseZero(hn::FirstN(Tag<T>(), static_cast<std::size_t>(n)), v);
}

/// A vector of doubles of the numbers at x.
HWY_INLINE Vector<double> as_doubles(Tag<double> d, const double* x) { return hn::LoadU(d, x); }
HWY_INLINE Vector<double> as_doubles(Tag<double> d, const float* x) {
  return hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, Tag<double>>(), x));
}

/// The first n numbers at x as doubles (at most a vector), then zeros.
HWY_INLINE Vector<double> as_doubles(const double* x, Index n) { return load(x, n); }
HWY_INLINE Vector<double> as_doubles(const float* x, Index n) {
  const Tag<double> d;
  if (n == lanes<double>) return as_doubles(d, x);
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2
  const hn::Rebind<float, Tag<double>> half;
  return hn::PromoteTo(d, hn::MaskedLoad(hn::FirstN(half, static_cast<std::size_t>(n)), half, x));
#else
  HWY_ALIGN double values[lanes<double>] = {};
  for (Index i = 0; i < n; ++i) values[i] = static_cast<double>(x[i]);
  return hn::Load(d, values);
#endif
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
