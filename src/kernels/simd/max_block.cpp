#include "kernels/max_block.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/max_block.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// The first of n positions where is_it(vector) is true; there is one.
template <class T, class F>
HWY_INLINE Index first_position(const T* x, Index n, const F& is_it) {
  const Tag<T> d;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const auto found = is_it(hn::LoadU(d, x + i));
    if (!hn::AllFalse(d, found)) return i + hn::FindFirstTrue(d, found);
  }
  while (!hn::AllTrue(d, is_it(hn::Set(d, x[i])))) ++i;
  return i;
}

template <class T>
Index position_of_largest(const T* x, Index n) {
  const Tag<T> d;
  auto m = hn::Set(d, x[0]);
  auto nan = hn::IsNaN(m);
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const auto v = hn::LoadU(d, x + i);
    nan = hn::Or(nan, hn::IsNaN(v));
    m = hn::Max(m, v);
  }
  for (; i < n; ++i) {
    const auto v = hn::Set(d, x[i]);
    nan = hn::Or(nan, hn::IsNaN(v));
    m = hn::Max(m, v);
  }
  if (!hn::AllFalse(d, nan)) {
    return first_position(x, n, [](auto v) HWY_ATTR { return hn::IsNaN(v); });
  }
  const auto largest = hn::MaxOfLanes(d, m);
  return first_position(x, n, [largest](auto v) HWY_ATTR { return hn::Eq(v, largest); });
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
Index max_block(const T* x, Index n) {
  static const auto chosen = TENON_CHOOSE(position_of_largest<T>);
  return chosen(x, n);
}

template Index max_block<float>(const float*, Index);
template Index max_block<double>(const double*, Index);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
