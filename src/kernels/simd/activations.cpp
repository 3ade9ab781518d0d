#include "tenon/kernels/activations.hpp"

#include "kernels/reference/activation_limits.hpp"
#include "kernels/simd/map.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/activations.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/loop-inl.hpp"
#include "kernels/simd/map-inl.hpp"
#include "kernels/simd/special-inl.hpp"

#ifndef TENON_SIMD_CURVE_KERNELS
#define TENON_SIMD_CURVE_KERNELS
namespace tenon::kernels {

/// One instruction set's loops.
template <class T>
struct CurveKernels {
  Unary<T> ramp, hardswish, elu, softplus, mish, softsign;
  BinaryWith<T> ramp_backward, hardswish_backward, elu_backward, softplus_backward, mish_backward,
      softsign_backward;
  Binary<T> prelu;
  void (*prelu_backward)(const T* dy, const T* x, const T* w, T* dx, Index n);
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// dx = Op::backward(dy, x, parameters), vector by vector. dx may be dy or x.
template <class Op, class T>
void map_backward(const T* dy, const T* x, T* dx, Index n, const T* parameters) {
  const Tag<T> d;
  for_each_vector<T>(n, [&](Index i, Index size) {
    store<T>(Op::backward(d, load(dy + i, size), load(x + i, size), parameters), dx + i, size);
  });
}

/// dx = dy where x > 0, else w dy.
template <class T>
void prelu_backward(const T* dy, const T* x, const T* w, T* dx, Index n) {
  for_each_vector<T>(n, [&](Index i, Index size) {
    const auto g = load(dy + i, size);
    const auto is_right = hn::Gt(load(x + i, size), hn::Zero(Tag<T>()));
    store<T>(hn::IfThenElse(is_right, g, hn::Mul(load(w + i, size), g)), dx + i, size);
  });
}

struct Prelu {
  template <class D, class V>
  static HWY_INLINE V apply(D d, V x, V w) {
    return hn::IfThenElse(hn::Gt(x, hn::Zero(d)), x, hn::Mul(w, x));
  }
};
struct Ramp {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T* p) {
    const V moved = hn::Add(x, hn::Set(d, p[0])), low = hn::Set(d, p[1]), high = hn::Set(d, p[2]);
    const V raised = hn::IfThenElse(hn::Lt(moved, low), low, moved);
    return hn::Mul(hn::IfThenElse(hn::Gt(raised, high), high, raised), hn::Set(d, p[3]));
  }
  template <class D, class V, class T>
  static HWY_INLINE V backward(D d, V dy, V x, const T* p) {
    const V moved = hn::Add(x, hn::Set(d, p[0]));
    const auto is_left = hn::Le(moved, hn::Set(d, p[1]));
    const auto is_right = hn::Ge(moved, hn::Set(d, p[2]));
    return hn::IfThenZeroElse(hn::Or(is_left, is_right), hn::Mul(dy, hn::Set(d, p[3])));
  }
};
struct Hardswish {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    const V moved = hn::Add(x, hn::Set(d, 3));
    const V share = hn::Div(hn::Mul(moved, x), hn::Set(d, 6));
    const V right = hn::IfThenElse(hn::Ge(moved, hn::Set(d, 6)), x, share);
    return zero_where_not_positive(moved, right);
  }
  template <class D, class V, class T>
  static HWY_INLINE V backward(D d, V dy, V x, const T*) {
    const V three = hn::Set(d, 3), slope = hn::Add(hn::Div(x, three), hn::Set(d, 0.5));
    const V right = hn::IfThenElse(hn::Gt(x, three), dy, hn::Mul(dy, slope));
    return hn::IfThenZeroElse(hn::Lt(x, hn::Neg(three)), right);
  }
};

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
  static HWY_INLINE V backward(D d, V dy, V x, const T* p) {
    const V left = hn::Mul(hn::Set(d, p[0] * p[1] * p[2]), exp(d, hn::Mul(hn::Set(d, p[2]), x)));
    return hn::Mul(dy, hn::IfThenElse(hn::Gt(x, hn::Zero(d)), hn::Set(d, p[1]), left));
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
  static HWY_INLINE V backward(D d, V dy, V x, const T* p) {
    const V z = hn::Mul(hn::Set(d, p[0]), x);
    return hn::IfThenElse(hn::Gt(z, hn::Set(d, p[1])), dy, hn::Mul(dy, sigmoid(d, z)));
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
  static HWY_INLINE V backward(D d, V dy, V x, const T*) {
    const V inside = cut(d, x, mish_end);
    const Gate<V> gate(d, inside);
    const V e = gate.e, four_e = hn::Mul(hn::Set(d, 4), e);
    const V powers = hn::IfThenElse(gate.is_right, hn::Mul(four_e, e), four_e);
    const V slope = hn::Div(hn::MulAdd(powers, e, powers), hn::Mul(gate.d, gate.d));
    return hn::Mul(dy, hn::MulAdd(inside, slope, hn::Div(gate.n, gate.d)));
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
  static HWY_INLINE V backward(D d, V dy, V x, const T*) {
    const V one = hn::Set(d, 1), q = hn::Div(one, hn::Add(one, hn::Abs(x)));
    return hn::Mul(dy, hn::Mul(q, q));
  }
};

template <class T>
constexpr CurveKernels<T> curve_kernels = {
    &map_unary<Ramp, T>,        &map_unary<Hardswish, T>,    &map_unary<Elu, T>,
    &map_unary<Softplus, T>,    &map_unary<Mish, T>,         &map_unary<Softsign, T>,
    &map_backward<Ramp, T>,     &map_backward<Hardswish, T>, &map_backward<Elu, T>,
    &map_backward<Softplus, T>, &map_backward<Mish, T>,      &map_backward<Softsign, T>,
    &map_binary<Prelu, T>,      &prelu_backward<T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const CurveKernels<T>& chosen() {
  static const CurveKernels<T>& kernels = *TENON_CHOOSE(curve_kernels<T>);
  return kernels;
}

}  // namespace

template <class T>
void prelu(const ElementwiseDims<2>& dims, const T* x, const T* w, T* y) {
  map(dims, cheap_grain, x, w, y, chosen<T>().prelu);
}

template <class T>
void prelu_backward(const ElementwiseDims<3>& dims, const T* dy, const T* x, const T* w, T* dx) {
  count_elementwise<1, T, T>(dims);
  const detail::FlushDenormals flush;
  const Index step_dy = last_stride(dims, 0), step_x = last_stride(dims, 1),
              step_w = last_stride(dims, 2);
  parallel_for(dims.numel, cheap_grain, [&](Index begin, Index end) {
    for_each_run(dims, begin, end, [&](Index position, Index n, const Index* offsets) {
      T buffer_dy[gather_block], buffer_x[gather_block], buffer_w[gather_block];
      for (Index i = 0; i < n; i += gather_block) {
        const Index size = std::min(gather_block, n - i);
        chosen<T>().prelu_backward(gathered(dy + offsets[0], step_dy, i, size, buffer_dy),
                                   gathered(x + offsets[1], step_x, i, size, buffer_x),
                                   gathered(w + offsets[2], step_w, i, size, buffer_w),
                                   dx + position + i, size);
      }
    });
  });
}

template <class T>
void ramp(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().ramp, p);
}

template <class T>
void ramp_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x, T* dx) {
  map(dims, cheap_grain, dy, x, dx, chosen<T>().ramp_backward, p);
}

template <class T>
void hardswish(const ElementwiseDims<1>& dims, const T* p, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().hardswish, p);
}

template <class T>
void hardswish_backward(const ElementwiseDims<2>& dims, const T* p, const T* dy, const T* x,
                        T* dx) {
  map(dims, cheap_grain, dy, x, dx, chosen<T>().hardswish_backward, p);
}

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
#define TENON_INSTANTIATE(T)                                                                    \
  template void prelu<T>(const ElementwiseDims<2>&, const T*, const T*, T*);                    \
  template void prelu_backward<T>(const ElementwiseDims<3>&, const T*, const T*, const T*, T*); \
  TENON_INSTANTIATE_CURVE(T, ramp)                                                              \
  TENON_INSTANTIATE_CURVE(T, hardswish)                                                         \
  TENON_INSTANTIATE_CURVE(T, elu)                                                               \
  TENON_INSTANTIATE_CURVE(T, softplus)                                                          \
  TENON_INSTANTIATE_CURVE(T, mish)                                                              \
  TENON_INSTANTIATE_CURVE(T, softsign)

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
