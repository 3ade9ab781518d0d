#pragma once

#include <cmath>
#include <vector>

#include "tenon/kernels/gemm.hpp"

namespace tenon::reference {

/// One element of a product and the sum of its terms' absolute values, which scales its error.
struct Product {
  double value = 0, magnitude = 0;
};

/// C = A B in double, (batch, m, n) contiguous.
template <class T>
std::vector<Product> gemm(const kernels::GemmDims& d, const T* a, const T* b) {
  std::vector<Product> c;
  for (Index s = 0; s < d.batch; ++s) {
    for (Index i = 0; i < d.m; ++i) {
      for (Index j = 0; j < d.n; ++j) {
        Product sum;
        for (Index p = 0; p < d.k; ++p) {
          const double term = static_cast<double>(a[s * d.a_batch + i * d.a_row + p * d.a_col]) *
                              static_cast<double>(b[s * d.b_batch + p * d.b_row + j * d.b_col]);
          sum.value += term;
          sum.magnitude += std::abs(term);
        }
        c.push_back(sum);
      }
    }
  }
  return c;
}

}  // namespace tenon::reference
