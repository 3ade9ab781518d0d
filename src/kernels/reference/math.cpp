#include "tenon/kernels/math.hpp"

#include <cmath>

#include "elementwise_loop.hpp"

namespace tenon::kernels {

template <class T>
void log1p(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::log1p(v); });
}

template <class T>
void expm1(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::expm1(v); });
}

template <class T>
void erf(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::erf(v); });
}

template <class T>
void tan(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, costly_grain, x, y, [](T v) { return std::tan(v); });
}

template <class T>
void sign(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y,
      [](T v) { return static_cast<T>(static_cast<int>(v > T(0)) - static_cast<int>(v < T(0))); });
}

template <class T>
void floor(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return std::floor(v); });
}

template <class T>
void ceil(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return std::ceil(v); });
}

template <class T>
void round(const ElementwiseDims<1>& dims, const T* x, T* y) {
  map(dims, cheap_grain, x, y, [](T v) { return std::nearbyint(v); });
}

template <class T>
void logaddexp(const ElementwiseDims<2>& dims, const T* a, const T* b, T* y) {
  map(dims, costly_grain, a, b, y, [](T p, T q) {
    const T distance = p == q ? T(0) : std::abs(p - q);
    return (p > q || p != p ? p : q) + std::log1p(std::exp(-distance));
  });
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
