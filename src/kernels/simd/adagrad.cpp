#include "tenon/kernels/adagrad.hpp"

#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/adagrad.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
struct AdagradVectors {
  Vector<T> s, w;

  HWY_INLINE void step(T lr, T decay, T eps, Vector<T> g) {
    const Tag<T> d;
    // Without decay nothing is added, since 0 times an infinite weight would be NaN.
    if (decay != T(0)) g = hn::Add(g, hn::Mul(hn::Set(d, decay), w));
    s = hn::Add(s, hn::Mul(g, g));
    const auto root = hn::Add(hn::Sqrt(s), hn::Set(d, eps));
    w = hn::Sub(w, hn::Div(hn::Mul(hn::Set(d, lr), g), root));
  }
};

template <class T>
void adagrad_step(Index n, const AdagradStep& step, const T* g, T* s, T* w) {
  const Tag<T> d;
  const T lr = static_cast<T>(step.lr);
  const T decay = static_cast<T>(step.weight_decay);
  const T eps = static_cast<T>(step.eps);
  const bool zeros_change_nothing = decay == T(0) && eps > T(0);
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const auto gradient = hn::LoadU(d, g + i);
    if (zeros_change_nothing && hn::AllTrue(d, hn::Eq(gradient, hn::Zero(d)))) continue;
    AdagradVectors<T> x{hn::LoadU(d, s + i), hn::LoadU(d, w + i)};
    x.step(lr, decay, eps, gradient);
    hn::StoreU(x.s, d, s + i);
    hn::StoreU(x.w, d, w + i);
  }
  if (i == n) return;
  const Index rest = n - i;
  AdagradVectors<T> x{load_first(s + i, rest), load_first(w + i, rest)};
  x.step(lr, decay, eps, load_first(g + i, rest));
  store_first<T>(x.s, s + i, rest);
  store_first<T>(x.w, w + i, rest);
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void adagrad_step(Index n, const AdagradStep& step, const T* g, T* s, T* w) {
  const detail::FlushDenormals flush;
  static const auto run = TENON_CHOOSE(adagrad_step<T>);
  parallel_for(n, 1 << 12, [&](Index begin, Index end) {
    run(end - begin, step, g + begin, s + begin, w + begin);
  });
}

template void adagrad_step<float>(Index, const AdagradStep&, const float*, float*, float*);
template void adagrad_step<double>(Index, const AdagradStep&, const double*, double*, double*);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
