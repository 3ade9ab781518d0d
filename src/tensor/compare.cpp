#include <cmath>

#include "tensor/checks.hpp"
#include "tensor/packed.hpp"

namespace tenon {
namespace {

struct Tolerance {
  double relative;
  double absolute;
  bool equal_nan;
};

template <class T>
bool is_close(T a, T b, const Tolerance& tolerance) {
  if (a == b) return true;  // also two infinities of one sign
  const double x = static_cast<double>(a);
  const double y = static_cast<double>(b);
  if (std::isnan(x) || std::isnan(y)) {
    return tolerance.equal_nan && std::isnan(x) && std::isnan(y);
  }
  if (std::isinf(x) || std::isinf(y)) return false;
  return std::abs(x - y) <= tolerance.absolute + tolerance.relative * std::abs(y);
}

/// Whether the shapes agree and same(a, b) holds for every pair of values.
template <class T, class F>
bool all_pairs(const BasicTensor<T>& a, const BasicTensor<T>& b, const F& same) {
  if (!(a.shape() == b.shape())) return false;
  const BasicTensor<T> x = detail::packed(a);
  const BasicTensor<T> y = detail::packed(b);
  const Index n = x.numel();
  for (Index i = 0; i < n; ++i) {
    if (!same(x.data()[i], y.data()[i])) return false;
  }
  return true;
}

}  // namespace

template <class T>
bool equal(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  detail::defined("equal", a.impl());
  detail::defined("equal", b.impl());
  return all_pairs(a, b, [](T x, T y) { return x == y; });
}

template <class T>
bool allclose(const BasicTensor<T>& a, const BasicTensor<T>& b, double rtol, double atol,
              bool equal_nan) {
  detail::defined("allclose", a.impl());
  detail::defined("allclose", b.impl());
  const Tolerance tolerance{rtol, atol, equal_nan};
  return all_pairs(a, b, [&](T x, T y) { return is_close(x, y, tolerance); });
}

#define TENON_INSTANTIATE(T)                                         \
  template bool equal(const BasicTensor<T>&, const BasicTensor<T>&); \
  template bool allclose(const BasicTensor<T>&, const BasicTensor<T>&, double, double, bool);
TENON_FOR_EACH_SCALAR(TENON_INSTANTIATE)
#undef TENON_INSTANTIATE

}  // namespace tenon
