#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "tenon/kernels/softmax.hpp"

namespace tenon::reference {

/// log_softmax in long double of a contiguous (outer, n, inner).
template <class T>
std::vector<long double> log_softmax(const kernels::SoftmaxDims& d, const T* x) {
  std::vector<long double> y(static_cast<std::size_t>(d.outer * d.n * d.inner));
  for (Index o = 0; o < d.outer; ++o) {
    for (Index i = 0; i < d.inner && d.n > 0; ++i) {
      const auto at = [&](Index k) { return (o * d.n + k) * d.inner + i; };
      long double largest = x[at(0)], sum = 0;
      for (Index k = 1; k < d.n; ++k) largest = std::max<long double>(largest, x[at(k)]);
      for (Index k = 0; k < d.n; ++k) sum += std::exp(x[at(k)] - largest);
      for (Index k = 0; k < d.n; ++k) {
        y[static_cast<std::size_t>(at(k))] = x[at(k)] - largest - std::log(sum);
      }
    }
  }
  return y;
}

}  // namespace tenon::reference
