#include "tenon/ops/rms_norm.hpp"

#include <limits>

#include "ops/row_norm.hpp"

namespace tenon {

template <std::floating_point T>
BasicTensor<T> rms_norm(const BasicTensor<T>& x, const Shape& normalized_shape,
                        const BasicTensor<T>& w, std::optional<double> eps) {
  constexpr double epsilon = std::numeric_limits<T>::epsilon();
  return detail::row_norm("rms_norm", x, normalized_shape, w, BasicTensor<T>(),
                          eps.value_or(epsilon), false);
}

#define TENON_INSTANTIATE(T)                                                      \
  template TENON_API BasicTensor<T> rms_norm(const BasicTensor<T>&, const Shape&, \
                                             const BasicTensor<T>&, std::optional<double>);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
