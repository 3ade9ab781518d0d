#include "tenon/kernels/adam.hpp"

#include <cmath>

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/adam.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

#ifndef TENON_SIMD_ADAM_FACTORS
#define TENON_SIMD_ADAM_FACTORS
namespace tenon::kernels {

/// The step's scalars, worked out in double and rounded once, as PyTorch does.
template <class T>
struct AdamFactors {
  T keep, decay, fresh1, beta2, fresh2, size, root2, eps;

  explicit AdamFactors(const AdamStep& step)
      : keep(static_cast<T>(step.decoupled ? 1 - step.lr * step.weight_decay : 1)),
        decay(static_cast<T>(step.decoupled ? 0 : step.weight_decay)),
        fresh1(static_cast<T>(1 - step.beta1)),
        beta2(static_cast<T>(step.beta2)),
        fresh2(static_cast<T>(1 - step.beta2)),
        size(static_cast<T>(step.lr / step.bias_correction1)),
        root2(static_cast<T>(std::sqrt(step.bias_correction2))),
        eps(static_cast<T>(step.eps)) {}
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
struct AdamVectors {
  Vector<T> m, v, w;

  HWY_INLINE void step(const AdamFactors<T>& f, Vector<T> g) {
    const Tag<T> d;
    const auto weight = hn::Mul(w, hn::Set(d, f.keep));
    // Without decay nothing is added, since 0 times an infinite weight would be NaN.
    if (f.decay != T(0)) g = hn::Add(g, hn::Mul(hn::Set(d, f.decay), weight));
    m = hn::Add(m, hn::Mul(hn::Set(d, f.fresh1), hn::Sub(g, m)));
    v = hn::Add(hn::Mul(hn::Set(d, f.beta2), v), hn::Mul(hn::Mul(hn::Set(d, f.fresh2), g), g));
    const auto root = hn::Add(hn::Div(hn::Sqrt(v), hn::Set(d, f.root2)), hn::Set(d, f.eps));
    w = hn::Sub(weight, hn::Div(hn::Mul(hn::Set(d, f.size), m), root));
  }
};

template <class T>
void adam_step(Index n, const AdamFactors<T>& factors, const T* g, T* m, T* v, T* w) {
  const Tag<T> d;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    AdamVectors<T> x{hn::LoadU(d, m + i), hn::LoadU(d, v + i), hn::LoadU(d, w + i)};
    x.step(factors, hn::LoadU(d, g + i));
    hn::StoreU(x.m, d, m + i);
    hn::StoreU(x.v, d, v + i);
    hn::StoreU(x.w, d, w + i);
  }
  if (i == n) return;
  const Index rest = n - i;
  AdamVectors<T> x{load_first(m + i, rest), load_first(v + i, rest), load_first(w + i, rest)};
  x.step(factors, load_first(g + i, rest));
  store_first<T>(x.m, m + i, rest);
  store_first<T>(x.v, v + i, rest);
  store_first<T>(x.w, w + i, rest);
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void adam_step(Index n, const AdamStep& step, const T* g, T* m, T* v, T* w) {
  count_arrays<T>(n, step.weight_decay == 0 ? 14 : 16, 7);
  const detail::FlushDenormals flush;
  static const auto run = TENON_CHOOSE(adam_step<T>);
  const AdamFactors<T> factors(step);
  parallel_for(n, 1 << 12, [&](Index begin, Index end) {
    run(end - begin, factors, g + begin, m + begin, v + begin, w + begin);
  });
}

template void adam_step<float>(Index, const AdamStep&, const float*, float*, float*, float*);
template void adam_step<double>(Index, const AdamStep&, const double*, double*, double*, double*);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
