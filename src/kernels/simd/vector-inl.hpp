// Vectors of one instruction set, for the files that are compiled once for each; included after
// foreach_target.hpp.
#if defined(TENON_SIMD_VECTOR_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SIMD_VECTOR_INL_HPP
#undef TENON_SIMD_VECTOR_INL_HPP
#else
#define TENON_SIMD_VECTOR_INL_HPP
#endif

#include "tenon/base/shape.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using Tag = hn::ScalableTag<T>;
template <class T>
using Vector = hn::Vec<Tag<T>>;
template <class T>
inline constexpr Index lanes = static_cast<Index>(hn::MaxLanes(Tag<T>()));

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2

/// The first n values (at most a vector), the others zero; memory behind them is not touched.
template <class T>
HWY_INLINE Vector<T> load_first(const T* from, Index n) {
  const Tag<T> d;
  return hn::MaskedLoad(hn::FirstN(d, static_cast<std::size_t>(n)), d, from);
}
template <class T>
HWY_INLINE void store_first(Vector<T> v, T* to, Index n) {
  const Tag<T> d;
  hn::BlendedStore(v, hn::FirstN(d, static_cast<std::size_t>(n)), d, to);
}

#else  // masked access would touch whole vectors

template <class T>
HWY_INLINE Vector<T> load_first(const T* from, Index n) {
  const Tag<T> d;
  HWY_ALIGN T values[lanes<T>] = {};
  for (Index i = 0; i < n; ++i) values[i] = from[i];
  return hn::Load(d, values);
}
template <class T>
HWY_INLINE void store_first(Vector<T> v, T* to, Index n) {
  const Tag<T> d;
  HWY_ALIGN T values[lanes<T>];
  hn::Store(v, d, values);
  for (Index i = 0; i < n; ++i) to[i] = values[i];
}

#endif

/// The values of even and of odd position among the first n, at most two vectors; then zeros.
template <class T>
struct Pairs {
  Vector<T> even, odd;

  HWY_INLINE Pairs(const T* from, Index n) {
    const Index low = n < lanes<T> ? n : lanes<T>;
    split(load_first(from, low), load_first(from + low, n - low));
  }
  /// Two whole vectors.
  HWY_INLINE explicit Pairs(const T* from) {
    split(hn::LoadU(Tag<T>(), from), hn::LoadU(Tag<T>(), from + lanes<T>));
  }

 private:
  HWY_INLINE void split(Vector<T> lower, Vector<T> upper) {
    even = hn::ConcatEven(Tag<T>(), upper, lower);
    odd = hn::ConcatOdd(Tag<T>(), upper, lower);
  }
};

/// Keeps the compiler from loading a vector anew for each of its uses.
template <class V>
HWY_INLINE void keep_in_register(V& v) {
#if HWY_ARCH_X86 && defined(__GNUC__)
  asm("" : "+v"(v.raw));
#else
  (void)v;
#endif
}

/// 0 where x <= 0, else v; what is not a number in x leaves v.
template <class V>
HWY_INLINE V zero_where_not_positive(V x, V v) {
  return hn::IfThenZeroElse(hn::Le(x, hn::Zero(hn::DFromV<V>())), v);
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
