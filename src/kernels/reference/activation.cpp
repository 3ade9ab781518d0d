#include "tenon/kernels/activation.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {

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
