#include "tenon/kernels/math.hpp"

#include <cmath>

#include "kernels/simd/map.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/math.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/map-inl.hpp"
#include "kernels/simd/special-inl.hpp"

#ifndef TENON_SIMD_MATH_KERNELS
#define TENON_SIMD_MATH_KERNELS
namespace tenon::kernels {

/// One instruction set's loops.
template <class T>
struct MathKernels {
  Unary<T> log1p, expm1, erf, sign, floor, ceil, round;
  Binary<T> logaddexp;
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

struct Log1p {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return log1p(d, x);
  }
};
struct Expm1 {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return expm1(d, x);
  }
};
struct Erf {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return erf(d, x);
  }
};
struct Sign {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    const V size = hn::IfThenElseZero(hn::Gt(hn::Abs(x), hn::Zero(d)), hn::Set(d, 1));
    return hn::CopySign(size, x);
  }
};
struct Floor {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Floor(x);
  }
};
struct Ceil {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Ceil(x);
  }
};
struct Round {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Round(x);
  }
};
struct LogAddExp {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V a, V b) {
    // The difference of equal infinities would not be a number.
    const V distance = hn::IfThenZeroElse(hn::Eq(a, b), hn::Abs(hn::Sub(a, b)));
    const V larger = hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
    return hn::Add(larger, log1p(d, exp(d, hn::Neg(distance))));
  }
};

template <class T>
constexpr MathKernels<T> math_kernels = {
    &map_unary<Log1p, T>, &map_unary<Expm1, T>, &map_unary<Erf, T>,   &map_unary<Sign, T>,
    &map_unary<Floor, T>, &map_unary<Ceil, T>,  &map_unary<Round, T>, &map_binary<LogAddExp, T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const MathKernels<T>& chosen() {
  static const MathKernels<T>& kernels = *TENON_CHOOSE(math_kernels<T>);
  return kernels;
}

}  // namespace

template <class T>
void log1p(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().log1p);
}

template <class T>
void expm1(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().expm1);
}

template <class T>
void erf(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().erf);
}

template <class T>
void tan(const ElementwiseDims<1>& dims, const T* x, T* y) {
  const Unary<T> loop = [](const T* from, T* to, Index n, const T*) {
    for (Index i = 0; i < n; ++i) to[i] = std::tan(from[i]);
  };
  map(dims, costly_grain, x, y, loop);
}

template <class T>
void sign(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().sign);
}

template <class T>
void floor(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().floor);
}

template <class T>
void ceil(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().ceil);
}

template <class T>
void round(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().round);
}

template <class T>
void logaddexp(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, costly_grain, a, b, y, chosen<T>().logaddexp);
}

#define TENON_INSTANTIATE(T)                                       \
  template void log1p<T>(const ElementwiseDims<1>&, const T*, T*); \
  template void expm1<T>(const ElementwiseDims<1>&, const T*, T*); \
  template void erf<T>(const ElementwiseDims<1>&, const T*, T*);   \
  template void tan<T>(const ElementwiseDims<1>&, const T*, T*);   \
  template void sign<T>(const ElementwiseDims<1>&, const T*, T*);  \
  template void floor<T>(const ElementwiseDims<1>&, const T*, T*); \
  template void ceil<T>(const ElementwiseDims<1>&, const T*, T*);  \
  template void round<T>(const ElementwiseDims<1>&, const T*, T*); \
  template void logaddexp<T>(const ElementwiseDims<2>&, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
