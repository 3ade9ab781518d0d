#include "tenon/kernels/elementwise.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {

template <class T>
void add(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p + q; });
}

template <class T>
void sub(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p - q; });
}

template <class T>
void mul(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p * q; });
}

template <class T>
void div(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return p / q; });
}

// In both, p != p keeps a NaN of the first operand; one of the second fails every comparison.
template <class T>
void maximum(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return ((p > q) | (p != p)) ? p : q; });
}

template <class T>
void minimum(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, cheap_grain, a, b, y, [](T p, T q) { return ((p < q) | (p != p)) ? p : q; });
}

template <class T>
void pow(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, costly_grain, a, b, y, [](T p, T q) { return std::pow(p, q); });
}

template <class T>
void neg(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return -v; });
}

template <class T>
void exp(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::exp(v); });
}

template <class T>
void log(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::log(v); });
}

template <class T>
void sqrt(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return std::sqrt(v); });
}

template <class T>
void abs(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return std::abs(v); });
}

template <class T>
void square(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return v * v; });
}

template <class T>
void sin(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::sin(v); });
}

template <class T>
void cos(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::cos(v); });
}

template <class T>
void affine(const ElementwiseDims<1>& dims, T alpha, T beta, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [=](T v) { return alpha * v + beta; });
}

template <class T>
void pow_scalar(const ElementwiseDims<1>& dims, T exponent, const T* x, T* y) {
  if (exponent == T(1)) return map(dims, cheap_grain, x, y, [](T v) { return v; });
  if (exponent == T(2)) return square(dims, x, y);
  if (exponent == T(3)) return map(dims, cheap_grain, x, y, [](T v) { return v * v * v; });
  if (exponent == T(0.5)) return sqrt(dims, x, y);
  if (exponent == T(-1)) return map(dims, cheap_grain, x, y, [](T v) { return T(1) / v; });
  map(dims, costly_grain, x, y, [=](T v) { return std::pow(v, exponent); });
}

template <class T>
void add_inplace(Index n, const T* x, T* y) {
  count_arrays<T>(n, 1, 3);
  const detail::FlushDenormals flush;
  parallel_for(n, cheap_grain, [=](Index begin, Index end) {
    TENON_INDEPENDENT
    for (Index i = begin; i < end; ++i) y[i] += x[i];
  });
}

template <class T>
void scale_inplace(Index n, T alpha, T* y) {
  count_arrays<T>(n, 1, 2);
  const detail::FlushDenormals flush;
  parallel_for(n, cheap_grain, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) y[i] *= alpha;
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
