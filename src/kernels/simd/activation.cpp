#include "tenon/kernels/activation.hpp"

#include "kernels/reference/gate_constants.hpp"
#include "kernels/simd/map.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/activation.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/map-inl.hpp"
#include "kernels/simd/math-inl.hpp"

#ifndef TENON_SIMD_ACTIVATION_KERNELS
#define TENON_SIMD_ACTIVATION_KERNELS
namespace tenon::kernels {

/// One instruction set's loops.
template <class T>
struct ActivationKernels {
  Unary<T> relu, tanh, sigmoid, gelu, gelu_tanh, silu;
  Binary<T> relu_backward, tanh_backward, sigmoid_backward, gelu_backward, gelu_tanh_backward,
      silu_backward;
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

struct Relu {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return zero_where_not_positive(x, x);
  }
};
struct ReluBackward {
  template <class D, class V>
  static HWY_INLINE V apply(D, V dy, V y) {
    return zero_where_not_positive(y, dy);
  }
};
struct Tanh {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return tanh(d, x);
  }
};
struct TanhBackward {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V dy, V y) {
    return hn::Mul(dy, hn::Sub(hn::Set(d, 1), hn::Mul(y, y)));
  }
};
struct Sigmoid {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return sigmoid(d, x);
  }
};
struct SigmoidBackward {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V dy, V y) {
    return hn::Mul(hn::Mul(dy, y), hn::Sub(hn::Set(d, 1), y));
  }
};

/// gelu and silu are max(x, 0) - t q(t), where t = |x| and q(t) is the probability that a random
/// number exceeds t. A distribution gives q and the slope of t q at t >= 0.
template <class V>
struct Tail {
  V q, slope;
};
struct Normal {
  template <class D, class V>
  static HWY_INLINE Tail<V> at(D d, V t) {
    const V e = exp(d, hn::Mul(hn::Mul(t, t), hn::Set(d, -0.5)));
    const V q = normal_tail(d, t, e);
    const V density = hn::Mul(e, hn::Set(d, static_cast<hn::TFromD<D>>(normal_peak)));
    return {q, hn::NegMulAdd(t, density, q)};
  }
};
/// q = 1 / (1 + e^z); t dz/dt follows from z.
struct Logistic {
  template <class D, class V>
  static HWY_INLINE Tail<V> at(D d, V t) {
    return of(d, t, t);
  }
  template <class D, class V>
  static HWY_INLINE Tail<V> of(D d, V z, V t_dz) {
    const V one = hn::Set(d, 1), e = exp(d, hn::Neg(z));
    const V rest = hn::Div(one, hn::Add(one, e)), q = hn::Mul(e, rest);
    return {q, hn::Mul(q, hn::NegMulAdd(t_dz, rest, one))};
  }
};
struct CubicLogistic {
  template <class D, class V>
  static HWY_INLINE Tail<V> at(D d, V t) {
    const V linear = hn::Mul(t, hn::Set(d, static_cast<hn::TFromD<D>>(gelu_tanh_scale)));
    const V square = hn::Mul(hn::Mul(t, t), hn::Set(d, static_cast<hn::TFromD<D>>(gelu_tanh_cube)));
    const V three = hn::Set(d, 3);
    return Logistic::of(d, hn::MulAdd(linear, square, linear),
                        hn::MulAdd(hn::Mul(linear, three), square, linear));
  }
};

/// |x| up to a bound from which on every tail is 0, so that infinity times 0 does not occur.
template <class D, class V>
HWY_INLINE V bounded_size(D d, V x) {
  const V size = hn::Abs(x), bound = hn::Set(d, static_cast<hn::TFromD<D>>(tail_end));
  return hn::IfThenElse(hn::Gt(size, bound), bound, size);  // not a number stays so
}
template <class Distribution>
struct Gated {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    const V t = bounded_size(d, x);
    return hn::NegMulAdd(t, Distribution::at(d, t).q, zero_where_not_positive(x, x));
  }
};
template <class Distribution>
struct GatedBackward {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V dy, V x) {
    const V slope = Distribution::at(d, bounded_size(d, x)).slope;
    const auto is_negative = hn::Lt(x, hn::Zero(d));
    return hn::Mul(dy, hn::IfThenElse(is_negative, slope, hn::Sub(hn::Set(d, 1), slope)));
  }
};

template <class T>
constexpr ActivationKernels<T> activation_kernels = {&map_unary<Relu, T>,
                                                     &map_unary<Tanh, T>,
                                                     &map_unary<Sigmoid, T>,
                                                     &map_unary<Gated<Normal>, T>,
                                                     &map_unary<Gated<CubicLogistic>, T>,
                                                     &map_unary<Gated<Logistic>, T>,
                                                     &map_binary<ReluBackward, T>,
                                                     &map_binary<TanhBackward, T>,
                                                     &map_binary<SigmoidBackward, T>,
                                                     &map_binary<GatedBackward<Normal>, T>,
                                                     &map_binary<GatedBackward<CubicLogistic>, T>,
                                                     &map_binary<GatedBackward<Logistic>, T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const ActivationKernels<T>& chosen() {
  static const ActivationKernels<T>& kernels = *TENON_CHOOSE(activation_kernels<T>);
  return kernels;
}

}  // namespace

template <class T>
void relu(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().relu);
}

template <class T>
void relu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx) {
  map(dims, cheap_grain, dy, y, dx, chosen<T>().relu_backward);
}

template <class T>
void tanh(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().tanh);
}

template <class T>
void tanh_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx) {
  map(dims, cheap_grain, dy, y, dx, chosen<T>().tanh_backward);
}

template <class T>
void sigmoid(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().sigmoid);
}

template <class T>
void sigmoid_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx) {
  map(dims, cheap_grain, dy, y, dx, chosen<T>().sigmoid_backward);
}

template <class T>
void gelu(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().gelu);
}

template <class T>
void gelu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, chosen<T>().gelu_backward);
}

template <class T>
void gelu_tanh(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().gelu_tanh);
}

template <class T>
void gelu_tanh_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, chosen<T>().gelu_tanh_backward);
}

template <class T>
void silu(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().silu);
}

template <class T>
void silu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx) {
  map(dims, costly_grain, dy, x, dx, chosen<T>().silu_backward);
}

#define TENON_INSTANTIATE(T)                                                              \
  template void relu<T>(const ElementwiseDims<1>&, const T*, T*);                         \
  template void relu_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*);      \
  template void tanh<T>(const ElementwiseDims<1>&, const T*, T*);                         \
  template void tanh_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*);      \
  template void sigmoid<T>(const ElementwiseDims<1>&, const T*, T*);                      \
  template void sigmoid_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*);   \
  template void gelu<T>(const ElementwiseDims<1>&, const T*, T*);                         \
  template void gelu_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*);      \
  template void gelu_tanh<T>(const ElementwiseDims<1>&, const T*, T*);                    \
  template void gelu_tanh_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*); \
  template void silu<T>(const ElementwiseDims<1>&, const T*, T*);                         \
  template void silu_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
