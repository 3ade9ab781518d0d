#pragma once

#include <cmath>
#include <vector>

#include "tenon/base/shape.hpp"

namespace tenon::reference {

/// A set of numbers that are normalised together: where they lie, and the parameter of each.
struct NormGroup {
  std::vector<Index> at, parameter;
};

/// Values, and for each the sum of the magnitudes of the terms that it is made of: what rounding
/// errors are measured by.
struct Measured {
  std::vector<long double> value, size;

  explicit Measured(std::size_t n) : value(n), size(n) {}
  void add(std::size_t i, long double term) {
    value[i] += term;
    size[i] += std::abs(term);
  }
};

/// Everything about y = w h + b over some groups, in long double; without center (RMSNorm) the mean
/// is taken as 0. A null w or b stands for 1 or 0.
struct Norm {
  std::vector<long double> mean, variance;
  Measured y, dx, dw, db;

  template <class T>
  Norm(const std::vector<NormGroup>& groups, std::size_t parameters, long double eps, bool center,
       const std::vector<T>& x, const T* w, const T* b, const std::vector<T>& dy)
      : y(x.size()), dx(x.size()), dw(parameters), db(parameters) {
    for (const NormGroup& group : groups) {
      const std::size_t count = group.at.size();
      const auto n = static_cast<long double>(count);
      const auto at = [&](std::size_t k) { return static_cast<std::size_t>(group.at[k]); };
      const auto p = [&](std::size_t k) { return static_cast<std::size_t>(group.parameter[k]); };
      const auto weight = [&](std::size_t k) -> long double { return w == nullptr ? 1 : w[p(k)]; };

      long double m = 0, squares = 0;
      for (std::size_t k = 0; k < count && center; ++k) m += x[at(k)] / n;
      for (std::size_t k = 0; k < count; ++k) squares += (x[at(k)] - m) * (x[at(k)] - m);
      mean.push_back(m);
      variance.push_back(squares / n);
      const long double rstd = 1 / std::sqrt(squares / n + eps);
      const auto h = [&](std::size_t k) { return (x[at(k)] - m) * rstd; };

      // An error in the mean, which in double has no more digits than the numbers, is one in h.
      const long double mean_error = sizeof(T) == sizeof(double) ? 1 + std::abs(m) * rstd : 1;

      long double mean_g = 0, mean_gh = 0, size_g = 0, size_gh = 0;
      for (std::size_t k = 0; k < count; ++k) {
        y.add(at(k), weight(k) * h(k));
        y.add(at(k), b == nullptr ? 0 : b[p(k)]);
        y.size[at(k)] += std::abs(weight(k)) * mean_error;
        dw.add(p(k), dy[at(k)] * h(k));
        dw.size[p(k)] += std::abs(dy[at(k)]) * mean_error;
        db.add(p(k), dy[at(k)]);
        const long double g = weight(k) * dy[at(k)];
        mean_g += g / n;
        mean_gh += g * h(k) / n;
        size_g += std::abs(g) / n;
        size_gh += std::abs(g) * (std::abs(h(k)) + mean_error) / n;
      }
      for (std::size_t k = 0; k < count; ++k) {
        dx.add(at(k), rstd * weight(k) * dy[at(k)]);
        if (center) dx.add(at(k), -rstd * mean_g);
        dx.add(at(k), -rstd * h(k) * mean_gh);
        dx.size[at(k)] += rstd * (size_g + (std::abs(h(k)) + mean_error) * size_gh);
      }
    }
  }
};

}  // namespace tenon::reference
