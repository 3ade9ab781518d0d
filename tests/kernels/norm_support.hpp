#pragma once

#include "kernel_support.hpp"
#include "reference/norm.hpp"

namespace tenon::test {

/// The largest error in units of epsilon times the size of what was computed; infinite where
/// something is not a number.
template <class T>
double worst_error(const std::vector<T>& y, const reference::Measured& expected) {
  REQUIRE(y.size() == expected.value.size());
  double worst = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const long double size = std::numeric_limits<T>::epsilon() * expected.size[i] +
                             static_cast<long double>(std::numeric_limits<T>::min());
    const long double off = std::abs(static_cast<long double>(y[i]) - expected.value[i]);
    worst = larger(worst, static_cast<double>(off / size));
  }
  return worst;
}

/// Units that results may be off by. Statistics of float are nearly exact, those of double are sums
/// of rounded terms.
template <class T>
constexpr double units_allowed = sizeof(T) == sizeof(float) ? 2 : 8;

/// The largest error of means and of variances, in units of epsilon times the standard deviation,
/// or the variance. Those of float have the digits of double; those of double are rounded, too.
template <class T>
void check_statistics(const reference::Norm& expected, const std::vector<double>& mean,
                      const std::vector<double>& variance) {
  REQUIRE(mean.size() == expected.mean.size());
  double worst_mean = 0, worst_variance = 0;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const long double m = expected.mean[i], v = expected.variance[i];
    const long double size = std::sqrt(v) + (sizeof(T) == sizeof(double) ? std::abs(m) : 0);
    const long double tiny = std::numeric_limits<double>::min();
    worst_mean = larger(worst_mean, static_cast<double>(std::abs(mean[i] - m) / (size + tiny)));
    worst_variance =
        larger(worst_variance, static_cast<double>(std::abs(variance[i] - v) / (v + tiny)));
  }
  CHECK(worst_mean / static_cast<double>(std::numeric_limits<T>::epsilon()) <= units_allowed<T>);
  CHECK(worst_variance / static_cast<double>(std::numeric_limits<T>::epsilon()) <=
        4 * units_allowed<T>);
}

}  // namespace tenon::test
