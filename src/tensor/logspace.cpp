#include <cmath>
#include <concepts>

#include "base/profile.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {

template <class T>
BasicTensor<T> logspace(double start, double stop, Index count, double base) {
  static_assert(std::floating_point<T>, "powers are real numbers");
  const detail::OpScope scope("logspace");
  const auto exponents = linspace<double>(start, stop, count);
  auto y = BasicTensor<T>::empty({count});
  for (Index i = 0; i < count; ++i) {
    y.data()[i] = static_cast<T>(std::pow(base, exponents.data()[i]));
  }
  return y;
}

template BasicTensor<float> logspace<float>(double, double, Index, double);
template BasicTensor<double> logspace<double>(double, double, Index, double);

}  // namespace tenon
