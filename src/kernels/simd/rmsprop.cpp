#include "tenon/kernels/rmsprop.hpp"

#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/rmsprop.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

#ifndef TENON_SIMD_RMSPROP_FACTORS
#define TENON_SIMD_RMSPROP_FACTORS
namespace tenon::kernels {

/// The step's scalars, worked out in double and rounded once, as PyTorch does.
template <class T>
struct RMSpropFactors {
  T lr, alpha, fresh, eps, decay, momentum;

  explicit RMSpropFactors(const RMSpropStep& step)
      : lr(static_cast<T>(step.lr)),
        alpha(static_cast<T>(step.alpha)),
        fresh(static_cast<T>(1 - step.alpha)),
        eps(static_cast<T>(step.eps)),
        decay(static_cast<T>(step.weight_decay)),
        momentum(static_cast<T>(step.momentum)) {}
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// One vector of each array; m counts where the step is centred, b where it has momentum.
template <class T>
struct RMSpropVectors {
  Vector<T> v, m, b, w;

  HWY_INLINE void step(const RMSpropFactors<T>& f, bool centred, bool momentum, Vector<T> g) {
    const Tag<T> d;
    // Without decay nothing is added, since 0 times an infinite weight would be NaN.
    if (f.decay != T(0)) g = hn::Add(g, hn::Mul(hn::Set(d, f.decay), w));
    v = hn::Add(hn::Mul(hn::Set(d, f.alpha), v), hn::Mul(hn::Mul(hn::Set(d, f.fresh), g), g));
    auto square = v;
    if (centred) {
      m = hn::Add(m, hn::Mul(hn::Set(d, f.fresh), hn::Sub(g, m)));
      square = hn::Sub(square, hn::Mul(m, m));
      square = hn::IfThenZeroElse(hn::Lt(square, hn::Zero(d)), square);  // NaN stays
    }
    const auto root = hn::Add(hn::Sqrt(square), hn::Set(d, f.eps));
    if (momentum) {
      b = hn::Add(hn::Mul(hn::Set(d, f.momentum), b), hn::Div(g, root));
      w = hn::Sub(w, hn::Mul(hn::Set(d, f.lr), b));
    } else {
      w = hn::Sub(w, hn::Div(hn::Mul(hn::Set(d, f.lr), g), root));
    }
  }
};

template <class T>
void rmsprop_step(Index n, const RMSpropFactors<T>& factors, const T* g, T* v, T* m, T* b, T* w) {
  const Tag<T> d;
  const bool centred = m != nullptr, momentum = b != nullptr;
  for (Index i = 0; i < n; i += lanes<T>) {
    const Index count = n - i < lanes<T> ? n - i : lanes<T>;
    RMSpropVectors<T> x{load_first(v + i, count), hn::Zero(d), hn::Zero(d),
                        load_first(w + i, count)};
    if (centred) x.m = load_first(m + i, count);
    if (momentum) x.b = load_first(b + i, count);
    x.step(factors, centred, momentum, load_first(g + i, count));
    store_first<T>(x.v, v + i, count);
    if (centred) store_first<T>(x.m, m + i, count);
    if (momentum) store_first<T>(x.b, b + i, count);
    store_first<T>(x.w, w + i, count);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void rmsprop_step(Index n, const RMSpropStep& step, const T* g, T* v, T* m, T* b, T* w) {
  const detail::FlushDenormals flush;
  static const auto run = TENON_CHOOSE(rmsprop_step<T>);
  const RMSpropFactors<T> factors(step);
  parallel_for(n, 1 << 12, [&](Index begin, Index end) {
    const auto from = [begin](T* x) { return x == nullptr ? x : x + begin; };
    run(end - begin, factors, g + begin, from(v), from(m), from(b), from(w));
  });
}

#define TENON_INSTANTIATE(T) \
  template void rmsprop_step<T>(Index, const RMSpropStep&, const T*, T*, T*, T*, T*);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
