#include "tenon/kernels/activation.hpp"

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
  Unary<T> relu, tanh, sigmoid;
  Binary<T> relu_backward, tanh_backward, sigmoid_backward;
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

template <class T>
constexpr ActivationKernels<T> activation_kernels = {
    &map_unary<Relu, T>,          &map_unary<Tanh, T>,          &map_unary<Sigmoid, T>,
    &map_binary<ReluBackward, T>, &map_binary<TanhBackward, T>, &map_binary<SigmoidBackward, T>};

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

#define TENON_INSTANTIATE(T)                                                         \
  template void relu<T>(const ElementwiseDims<1>&, const T*, T*);                    \
  template void relu_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*); \
  template void tanh<T>(const ElementwiseDims<1>&, const T*, T*);                    \
  template void tanh_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*); \
  template void sigmoid<T>(const ElementwiseDims<1>&, const T*, T*);                 \
  template void sigmoid_backward<T>(const ElementwiseDims<2>&, const T*, const T*, T*);

TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)

}  // namespace tenon::kernels
#endif  // HWY_ONCE
