#include "tenon/kernels/activation.hpp"

#include <cmath>

#include "elementwise_loop.hpp"
#include "gate_constants.hpp"

namespace tenon::kernels {
namespace {

// gelu and silu are max(x, 0) - t q(t), where t = |x| and q(t) is the probability that a random
// number exceeds t. A distribution gives q and the slope of t q at t >= 0.
template <class T>
struct Tail {
  T q, slope;
};

template <class T>
Tail<T> normal(T t) {
  const T q = T(0.5) * std::erfc(t * T(0.70710678118654752));
  return {q, q - t * T(normal_peak) * std::exp(t * t * T(-0.5))};
}

/// q = 1 / (1 + e^z); t_dz is t dz/dt.
template <class T>
Tail<T> logistic(T z, T t_dz) {
  const T e = std::exp(-z), rest = T(1) / (T(1) + e), q = e * rest;
  return {q, q * (T(1) - t_dz * rest)};
}
template <class T>
Tail<T> logistic(T t) {
  return logistic(t, t);
}
template <class T>
Tail<T> cubic_logistic(T t) {
  const T linear = T(gelu_tanh_scale) * t, square = T(gelu_tanh_cube) * t * t;
  return logistic(linear + linear * square, linear + 3 * linear * square);
}

/// |x| up to a bound from which on every tail is 0, so that infinity times 0 does not occur.
template <class T>
T bounded_size(T x) {
  const T size = std::abs(x);
  return size > T(tail_end) ? T(tail_end) : size;
}

template <class T>
void map_gated(const ElementwiseDims<1>& dims, const T* x, T* y, Tail<T> (*distribution)(T)) {
  map(dims, costly_grain, x, y, [=](T v) {
    const T t = bounded_size(v);
    return (v <= T(0) ? T(0) : v) - t * distribution(t).q;
  });
}

template <class T>
void map_gated_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx,
                        Tail<T> (*distribution)(T)) {
  map(dims, costly_grain, dy, x, dx, [=](T d, T v) {
    const T slope = distribution(bounded_size(v)).slope;
    return d * (v < T(0) ? slope : T(1) - slope);
  });
}

}  // namespace

// Both comparisons of relu are false for NaN, which therefore passes.
template <class T>
void relu(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return v <= T(0) ? T(0) : v; });
}

template <class T>
void relu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx) {
  map(dims, cheap_grain, dy, y, dx, [](T d, T v) { return v <= T(0) ? T(0) : d; });
}

template <class T>
void tanh(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::tanh(v); });
}

template <class T>
void tanh_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx) {
  map(dims, cheap_grain, dy, y, dx, [](T d, T v) { return d * (T(1) - v * v); });
}

template <class T>
void sigmoid(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) {
    const T e = std::exp(-std::abs(v));
    return (v < T(0) ? e : T(1)) / (T(1) + e);
  });
}

template <class T>
void sigmoid_backward(const ElementwiseDims<2>& dims, const T* dy, const T* y, T* dx) {
  map(dims, cheap_grain, dy, y, dx, [](T d, T v) { return d * v * (T(1) - v); });
}

template <class T>
void gelu(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map_gated<T>(dims, x, y, normal);
}

template <class T>
void gelu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx) {
  map_gated_backward<T>(dims, dy, x, dx, normal);
}

template <class T>
void gelu_tanh(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map_gated<T>(dims, x, y, cubic_logistic);
}

template <class T>
void gelu_tanh_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx) {
  map_gated_backward<T>(dims, dy, x, dx, cubic_logistic);
}

template <class T>
void silu(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map_gated<T>(dims, x, y, logistic);
}

template <class T>
void silu_backward(const ElementwiseDims<2>& dims, const T* dy, const T* x, T* dx) {
  map_gated_backward<T>(dims, dy, x, dx, logistic);
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
