#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/bce.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/bce_with_logits.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/math-inl.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// log(1 + e) for 0 <= e <= 1, to the last digits where e is small: twice the inverse hyperbolic
/// tangent of s = e / (2 + e), whose polynomial in s^2 is off by 1e-9 of its value.
HWY_INLINE Vector<float> log1p(Tag<float> d, Vector<float> e) {
  const auto s = hn::Div(e, hn::Add(e, hn::Set(d, 2.0f)));
  const auto z = hn::Mul(s, s), twice = hn::Add(s, s);
  auto p = hn::Set(d, 0.116184026f);
  p = hn::MulAdd(p, z, hn::Set(d, 0.108519383f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.142962679f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.199998513f));
  p = hn::MulAdd(p, z, hn::Set(d, 0.333333343f));
  return hn::MulAdd(hn::Mul(twice, z), p, twice);
}
HWY_INLINE Vector<double> log1p(Tag<double> d, Vector<double> e) {
  return one_by_one(d, e, [](double v) { return std::log1p(v); });
}

template <class T>
HWY_INLINE Vector<T> loss(Vector<T> x, Vector<T> target) {
  const Tag<T> d;
  const auto positive = hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);
  const auto linear = hn::Sub(positive, hn::Mul(x, target));
  return hn::Add(linear, log1p(d, exp(d, hn::Neg(hn::Abs(x)))));
}

template <class T>
void bce_forward(Index n, const T* x, const T* target, T* y) {
  const Tag<T> d;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    hn::StoreU(loss<T>(hn::LoadU(d, x + i), hn::LoadU(d, target + i)), d, y + i);
  }
  const Index rest = n - i;
  if (rest == 0) return;
  store_first<T>(loss<T>(load_first(x + i, rest), load_first(target + i, rest)), y + i, rest);
}

template <class T>
HWY_INLINE Vector<T> gradient(Vector<T> dy, Vector<T> x, Vector<T> target) {
  return hn::Mul(dy, hn::Sub(sigmoid(Tag<T>(), x), target));
}

template <class T>
void bce_backward(Index n, const T* dy, const T* x, const T* target, T* dx) {
  const Tag<T> d;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const auto g = gradient<T>(hn::LoadU(d, dy + i), hn::LoadU(d, x + i), hn::LoadU(d, target + i));
    hn::StoreU(g, d, dx + i);
  }
  const Index rest = n - i;
  if (rest == 0) return;
  const auto g =
      gradient<T>(load_first(dy + i, rest), load_first(x + i, rest), load_first(target + i, rest));
  store_first<T>(g, dx + i, rest);
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void bce_with_logits_forward(Index n, const T* x, const T* target, T* y) {
  count_arrays<T>(n, 1, 3);
  const detail::FlushDenormals flush;
  static const auto run = TENON_CHOOSE(bce_forward<T>);
  parallel_for(n, 1 << 12, [&](Index begin, Index end) {
    run(end - begin, x + begin, target + begin, y + begin);
  });
}

template <class T>
void bce_with_logits_backward(Index n, const T* dy, const T* x, const T* target, T* dx) {
  count_arrays<T>(n, 1, 4);
  const detail::FlushDenormals flush;
  static const auto run = TENON_CHOOSE(bce_backward<T>);
  parallel_for(n, 1 << 12, [&](Index begin, Index end) {
    run(end - begin, dy + begin, x + begin, target + begin, dx + begin);
  });
}

#define TENON_INSTANTIATE(T)                                               \
  template void bce_with_logits_forward<T>(Index, const T*, const T*, T*); \
  template void bce_with_logits_backward<T>(Index, const T*, const T*, const T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
