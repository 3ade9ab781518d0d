// The vector loops of elementwise operations, for one instruction set.
#if defined(TENON_SIMD_MAP_INL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef TENON_SIMD_MAP_INL_HPP
#undef TENON_SIMD_MAP_INL_HPP
#else
#define TENON_SIMD_MAP_INL_HPP
#endif

#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// y = Op()(x, parameters), vector by vector. y may be x.
template <class Op, class T>
void map_unary(const T* x, T* y, Index n, const T* parameters) {
  const Tag<T> d;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    hn::StoreU(Op::apply(d, hn::LoadU(d, x + i), parameters), d, y + i);
  }
  if (i < n) store_first<T>(Op::apply(d, load_first(x + i, n - i), parameters), y + i, n - i);
}

/// y = Op()(a, b), vector by vector. y may be a or b.
template <class Op, class T>
void map_binary(const T* a, const T* b, T* y, Index n) {
  const Tag<T> d;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    hn::StoreU(Op::apply(d, hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, y + i);
  }
  if (i < n) {
    const Index rest = n - i;
    store_first<T>(Op::apply(d, load_first(a + i, rest), load_first(b + i, rest)), y + i, rest);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#endif  // include guard
