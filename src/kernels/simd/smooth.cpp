#include "tenon/kernels/smooth.hpp"

#include "kernels/reference/smooth_limits.hpp"
#include "kernels/simd/map.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/smooth.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/map-inl.hpp"
#include "kernels/simd/special-inl.hpp"

#ifndef TENON_SIMD_SMOOTH_KERNELS
#define TENON_SIMD_SMOOTH_KERNELS
namespace tenon::kernels {

/// One instruction set's loops.
template <class T>
struct SmoothKernels {
  Unary<T> elu, softplus, mish, softsign;
  BinaryWith<T> elu_backward, softplus_backward, mish_backward, softsign_backward;
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// dx = dy Op()(x, parameters), vector by vector. dx may be dy or x.
template <class Op, class T>
void map_slope(const T* dy, const T* x, T* dx, Index n, const T* parameters) {
  const Tag<T> d;
  Index i = 0;
  for (; i + lanes<T> <= n; i += lanes<T>) {
    const auto slope = Op::slope(d, hn::LoadU(d, x + i), parameters);
    hn::StoreU(hn::Mul(hn::LoadU(d, dy + i), slope), d, dx + i);
  }
  if (i < n) {
    const auto slope = Op::slope(d, load_first(x + i, n - i), parameters);
    store_first<T>(hn::Mul(load_first(dy + i, n - i), slope), dx + i, n - i);
  }
}

/// x cut to +-end; not a number stays so.
template <class D, class V>
HWY_INLINE V cut(D d, V x, double end) {
  const V high = hn::Set(d, static_cast<hn::TFromD<D>>(end)), low = hn::Neg(high);
  return hn::IfThenElse(hn::Gt(x, high), high, hn::IfThenElse(hn::Lt(x, low), low, x));
}

struct Elu {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T* p) {
    const V left = hn::Mul(hn::Set(d, p[0] * p[1]), expm1(d, hn::Mul(hn::Set(d, p[2]), x)));
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Mul(hn::Set(d, p[1]), x), left);
  }
  template <class D, class V, class T>
  static HWY_INLINE V slope(D d, V x, const T* p) {
    const V left = hn::Mul(hn::Set(d, p[0] * p[1] * p[2]), exp(d, hn::Mul(hn::Set(d, p[2]), x)));
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Set(d, p[1]), left);
  }
};
struct Softplus {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T* p) {
    const V beta = hn::Set(d, p[0]), z = hn::Mul(beta, x);
    const V tail = log1p(d, exp(d, hn::Neg(hn::Abs(z))));
    const V y = hn::Div(hn::Add(zero_where_not_positive(z, z), tail), beta);
    return hn::IfThenElse(hn::Gt(z, hn::Set(d, p[1])), x, y);
  }
  template <class D, class V, class T>
  static HWY_INLINE V slope(D d, V x, const T* p) {
    const V z = hn::Mul(hn::Set(d, p[0]), x);
    return hn::IfThenElse(hn::Gt(z, hn::Set(d, p[1])), hn::Set(d, 1), sigmoid(d, z));
  }
};
/// t = tanh(ln(1 + e^x)) = n / d from e = e^-|x|.
struct Mish {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    const V inside = cut(d, x, mish_end);
    const Gate<V> gate(d, inside);
    return hn::Mul(hn::IfThenElse(gate.is_right, x, inside), hn::Div(gate.n, gate.d));
  }
  template <class D, class V, class T>
  static HWY_INLINE V slope(D d, V x, const T*) {
    const V inside = cut(d, x, mish_end);
    const Gate<V> gate(d, inside);
    const V e = gate.e, four_e = hn::Mul(hn::Set(d, 4), e);
    const V powers = hn::IfThenElse(gate.is_right, hn::Mul(four_e, e), four_e);
    const V slope = hn::Div(hn::MulAdd(powers, e, powers), hn::Mul(gate.d, gate.d));
    return hn::MulAdd(inside, slope, hn::Div(gate.n, gate.d));
  }

 private:
  template <class V>
  struct Gate {
    V e, n, d;
    hn::MFromD<hn::DFromV<V>> is_right;

    template <class D>
    HWY_INLINE Gate(D tag, V x) {
      const V one = hn::Set(tag, 1), two = hn::Set(tag, 2);
      e = exp(tag, hn::Neg(hn::Abs(x)));
      is_right = hn::Gt(x, hn::Zero(tag));
      const V two_e = hn::Mul(two, e);
      n = hn::IfThenElse(is_right, hn::Add(one, two_e), hn::MulAdd(e, e, two_e));
      d = hn::Add(n, hn::IfThenElse(is_right, hn::Mul(two_e, e), two));
    }
  };
};
struct Softsign {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    const V inside = cut(d, x, softsign_end);
    return hn::Div(inside, hn::Add(hn::Set(d, 1), hn::Abs(inside)));
  }
  template <class D, class V, class T>
  static HWY_INLINE V slope(D d, V x, const T*) {
    const V one = hn::Set(d, 1), q = hn::Div(one, hn::Add(one, hn::Abs(x)));
    return hn::Mul(q, q);
  }
};

template <class T>
constexpr SmoothKernels<T> smooth_kernels = {
    &map_unary<Elu, T>, &map_unary<Softplus, T>, &map_unary<Mish, T>, &map_unary<Softsign, T>,
    &map_slope<Elu, T>, &map_slope<Softplus, T>, &map_slope<Mish, T>, &map_slope<Softsign, T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const SmoothKernels<T>& chosen() {
  static const SmoothKernels<T>& kernels = *TENON_CHOOSE(smooth_kernels<T>);
  return kernels;
}

}  // namespace

template <class T>
void elu(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().elu, p);
}

template <class T>
void elu_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, chosen<T>().elu_backward, p);
}

template <class T>
void softplus(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().softplus, p);
}

template <class T>
void softplus_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, chosen<T>().softplus_backward, p);
}

template <class T>
void mish(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().mish, p);
}

template <class T>
void mish_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, chosen<T>().mish_backward, p);
}

template <class T>
void softsign(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().softsign, p);
}

template <class T>
void softsign_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, cheap_grain, dy, x, dx, chosen<T>().softsign_backward, p);
}

#define TENON_INSTANTIATE_CURVE(T, f)                                    \
  template void f<T>(const ElementwiseDims<1>&, const T*, const T*, T*); \
  template void f##_backward<T>(const ElementwiseDims<2>&, const T*, const T*, const T*, T*);
#define TENON_INSTANTIATE(T)           \
  TENON_INSTANTIATE_CURVE(T, elu)      \
  TENON_INSTANTIATE_CURVE(T, softplus) \
  TENON_INSTANTIATE_CURVE(T, mish)     \
  TENON_INSTANTIATE_CURVE(T, softsign)

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
