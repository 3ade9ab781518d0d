#include "tenon/kernels/sgd.hpp"

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/sgd.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

#ifndef TENON_SIMD_SGD_FACTORS
#define TENON_SIMD_SGD_FACTORS
namespace tenon::kernels {

/// The step's scalars, worked out in double and rounded once.
template <class T>
struct SgdFactors {
  T lr, momentum, fresh, decay;
  bool nesterov, first;

  explicit SgdFactors(const SgdStep& step)
      : lr(static_cast<T>(step.lr)),
        momentum(static_cast<T>(step.momentum)),
        fresh(static_cast<T>(1 - step.dampening)),
        decay(static_cast<T>(step.weight_decay)),
        nesterov(step.nesterov),
        first(step.first) {}
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

template <class T>
struct SgdVectors {
  Vector<T> w, buffer;

  HWY_INLINE void step(const SgdFactors<T>& f, Vector<T> g, bool has_buffer) {
    const Tag<T> d;
    // Without decay nothing is added, since 0 times an infinite weight would be NaN.
    if (f.decay != T(0)) g = hn::Add(g, hn::Mul(hn::Set(d, f.decay), w));
    if (has_buffer) {
      const auto momentum = hn::Set(d, f.momentum), fresh = hn::Set(d, f.fresh);
      buffer = f.first ? g : hn::Add(hn::Mul(momentum, buffer), hn::Mul(fresh, g));
      g = f.nesterov ? hn::Add(g, hn::Mul(momentum, buffer)) : buffer;
    }
    w = hn::Sub(w, hn::Mul(hn::Set(d, f.lr), g));
  }
};

/// Without a buffer, g stands in for it and nothing is written there.
template <class T>
void sgd_step(Index n, const SgdFactors<T>& factors, const T* g, T* buffer, T* w) {
  const Tag<T> d;
  const bool has_buffer = buffer != nullptr;
  const T* old = has_buffer ? buffer : g;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    SgdVectors<T> x{hn::LoadU(d, w + i), hn::LoadU(d, old + i)};
    x.step(factors, hn::LoadU(d, g + i), has_buffer);
    hn::StoreU(x.w, d, w + i);
    if (has_buffer) hn::StoreU(x.buffer, d, buffer + i);
  }
  if (i == n) return;
  const Index rest = n - i;
  SgdVectors<T> x{load_first(w + i, rest), load_first(old + i, rest)};
  x.step(factors, load_first(g + i, rest), has_buffer);
  store_first<T>(x.w, w + i, rest);
  if (has_buffer) store_first<T>(x.buffer, buffer + i, rest);
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

template <class T>
void sgd_step(Index n, const SgdStep& step, const T* g, T* buffer, T* w) {
  count_sgd<T>(n, step);
  const detail::FlushDenormals flush;
  static const auto run = TENON_CHOOSE(sgd_step<T>);
  const SgdFactors<T> factors(step);
  parallel_for(n, 1 << 14, [&](Index begin, Index end) {
    run(end - begin, factors, g + begin, buffer == nullptr ? nullptr : buffer + begin, w + begin);
  });
}

template void sgd_step<float>(Index, const SgdStep&, const float*, float*, float*);
template void sgd_step<double>(Index, const SgdStep&, const double*, double*, double*);

}  // namespace tenon::kernels
#endif  // HWY_ONCE
