#include "tenon/kernels/elementwise.hpp"

#include <cmath>

#include "kernels/simd/map.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/elementwise.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/map-inl.hpp"
#include "kernels/simd/math-inl.hpp"

#ifndef TENON_SIMD_ELEMENTWISE_KERNELS
#define TENON_SIMD_ELEMENTWISE_KERNELS
namespace tenon::kernels {

/// One instruction set's loops.
template <class T>
struct ElementwiseKernels {
  Binary<T> add, sub, mul, div, maximum, minimum;
  Unary<T> neg, sqrt, abs, square, cube, reciprocal, affine, exp, log;
};

}  // namespace tenon::kernels
#endif

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

struct Add {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Add(a, b);
  }
};
struct Sub {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Sub(a, b);
  }
};
struct Mul {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Mul(a, b);
  }
};
struct Div {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::Div(a, b);
  }
};
// In both, a NaN of the first operand is kept; one of the second fails the comparison.
struct Maximum {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Gt(a, b), hn::IsNaN(a)), a, b);
  }
};
struct Minimum {
  template <class D, class V>
  static HWY_INLINE V apply(D, V a, V b) {
    return hn::IfThenElse(hn::Or(hn::Lt(a, b), hn::IsNaN(a)), a, b);
  }
};
struct Neg {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Neg(x);
  }
};
struct Sqrt {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Sqrt(x);
  }
};
struct Abs {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Abs(x);
  }
};
struct Square {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Mul(x, x);
  }
};
struct Cube {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D, V x, const T*) {
    return hn::Mul(hn::Mul(x, x), x);
  }
};
struct Reciprocal {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return hn::Div(hn::Set(d, T(1)), x);
  }
};
struct Affine {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T* parameters) {
    return hn::Add(hn::Mul(hn::Set(d, parameters[0]), x), hn::Set(d, parameters[1]));
  }
};
struct ExpOp {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return exp(d, x);
  }
};
struct LogOp {
  template <class D, class V, class T>
  static HWY_INLINE V apply(D d, V x, const T*) {
    return log(d, x);
  }
};

template <class T>
constexpr ElementwiseKernels<T> elementwise_kernels = {
    &map_binary<Add, T>,   &map_binary<Sub, T>,     &map_binary<Mul, T>,
    &map_binary<Div, T>,   &map_binary<Maximum, T>, &map_binary<Minimum, T>,
    &map_unary<Neg, T>,    &map_unary<Sqrt, T>,     &map_unary<Abs, T>,
    &map_unary<Square, T>, &map_unary<Cube, T>,     &map_unary<Reciprocal, T>,
    &map_unary<Affine, T>, &map_unary<ExpOp, T>,    &map_unary<LogOp, T>};

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {
namespace {

template <class T>
const ElementwiseKernels<T>& chosen() {
  static const ElementwiseKernels<T>& kernels = *TENON_CHOOSE(elementwise_kernels<T>);
  return kernels;
}

/// What the C library computes one at a time, as a loop like the others.
template <class T, T (*Function)(T)>
void one_by_one(const T* x, T* y, Index n, const T*) {
  for (Index i = 0; i < n; ++i) y[i] = Function(x[i]);
}

}  // namespace

template <class T>
void add(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, chosen<T>().add);
}

template <class T>
void sub(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, chosen<T>().sub);
}

template <class T>
void mul(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, chosen<T>().mul);
}

template <class T>
void div(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, chosen<T>().div);
}

template <class T>
void maximum(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, chosen<T>().maximum);
}

template <class T>
void minimum(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, chosen<T>().minimum);
}

template <class T>
void pow(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  const Binary<T> loop = [](const T* p, const T* q, T* out, Index n) {
    for (Index i = 0; i < n; ++i) out[i] = std::pow(p[i], q[i]);
  };
  map(dims, costly_grain, a, b, y, loop);
}

template <class T>
void neg(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().neg);
}

template <class T>
void exp(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().exp);
}

template <class T>
void log(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, chosen<T>().log);
}

template <class T>
void sqrt(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().sqrt);
}

template <class T>
void abs(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().abs);
}

template <class T>
void square(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, chosen<T>().square);
}

template <class T>
void sin(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map<T>(dims, costly_grain, x, y, one_by_one<T, std::sin>);
}

template <class T>
void cos(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map<T>(dims, costly_grain, x, y, one_by_one<T, std::cos>);
}

template <class T>
void affine(const ElementwiseDims<1>& dims, T alpha, T beta, const T* x, T* y) {
  const T parameters[] = {alpha, beta};
  map(dims, cheap_grain, x, y, chosen<T>().affine, parameters);
}

template <class T>
void pow_scalar(const ElementwiseDims<1>& dims, T exponent, const T* x, T* y) {
  if (exponent == T(1)) return affine(dims, T(1), T(-0.0), x, y);
  if (exponent == T(2)) return square(dims, x, y);
  if (exponent == T(3)) return map(dims, cheap_grain, x, y, chosen<T>().cube);
  if (exponent == T(0.5)) return sqrt(dims, x, y);
  if (exponent == T(-1)) return map(dims, cheap_grain, x, y, chosen<T>().reciprocal);
  const Unary<T> loop = [](const T* from, T* to, Index n, const T* parameters) {
    for (Index i = 0; i < n; ++i) to[i] = std::pow(from[i], *parameters);
  };
  map(dims, costly_grain, x, y, loop, &exponent);
}

template <class T>
void add_inplace(Index n, const T* x, T* y) {
  count_arrays<T>(n, 1, 3);
  const detail::FlushDenormals flush;
  parallel_for(n, cheap_grain, [=](Index begin, Index end) {
    chosen<T>().add(y + begin, x + begin, y + begin, end - begin);
  });
}

template <class T>
void scale_inplace(Index n, T alpha, T* y) {
  count_arrays<T>(n, 1, 2);
  const detail::FlushDenormals flush;
  const T parameters[] = {alpha, T(-0.0)};
  parallel_for(n, cheap_grain, [&](Index begin, Index end) {
    chosen<T>().affine(y + begin, y + begin, end - begin, parameters);
  });
}
#define TENON_INSTANTIATE_UNARY(T, f) template void f<T>(const ElementwiseDims<1>&, const T*, T*);
#define TENON_INSTANTIATE_BINARY(T, f) \
  template void f<T>(const ElementwiseDims<2>&, const T*, const T*, T*);
#define TENON_INSTANTIATE(T)                                               \
  TENON_INSTANTIATE_BINARY(T, add)                                         \
  TENON_INSTANTIATE_BINARY(T, sub)                                         \
  TENON_INSTANTIATE_BINARY(T, mul)                                         \
  TENON_INSTANTIATE_BINARY(T, div)                                         \
  TENON_INSTANTIATE_BINARY(T, maximum)                                     \
  TENON_INSTANTIATE_BINARY(T, minimum)                                     \
  TENON_INSTANTIATE_BINARY(T, pow)                                         \
  TENON_INSTANTIATE_UNARY(T, neg)                                          \
  TENON_INSTANTIATE_UNARY(T, exp)                                          \
  TENON_INSTANTIATE_UNARY(T, log)                                          \
  TENON_INSTANTIATE_UNARY(T, sqrt)                                         \
  TENON_INSTANTIATE_UNARY(T, abs)                                          \
  TENON_INSTANTIATE_UNARY(T, square)                                       \
  TENON_INSTANTIATE_UNARY(T, sin)                                          \
  TENON_INSTANTIATE_UNARY(T, cos)                                          \
  template void affine<T>(const ElementwiseDims<1>&, T, T, const T*, T*);  \
  template void pow_scalar<T>(const ElementwiseDims<1>&, T, const T*, T*); \
  template void add_inplace<T>(Index, const T*, T*);                       \
  template void scale_inplace<T>(Index, T, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
