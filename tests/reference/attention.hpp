#pragma once

#include <cmath>
#include <vector>

#include "tenon/base/shape.hpp"

namespace tenon::reference {

/// One head of attention in long double: matrices row after row, factors[i][j] what dropout makes
/// of the probabilities, bias[i][j] what is added to scores, -infinity for keys that take no part.
struct Attention {
  using Real = long double;
  using Matrix = std::vector<Real>;

  Matrix y, lse, dq, dk, dv;

  Attention(Index queries, Index keys, Index size, Index value_size, Real scale, const Matrix& q,
            const Matrix& k, const Matrix& v, const Matrix& dy, const Matrix& bias,
            const Matrix& factors)
      : y(count(queries * value_size)),
        lse(count(queries)),
        dq(count(queries * size)),
        dk(count(keys * size)),
        dv(count(keys * value_size)) {
    for (Index i = 0; i < queries; ++i) {
      Matrix p(count(keys));
      Real most = -INFINITY, total = 0;
      for (Index j = 0; j < keys; ++j) {
        Real s = 0;
        for (Index c = 0; c < size; ++c) s += q[count(i * size + c)] * k[count(j * size + c)];
        p[count(j)] = scale * s + bias[count(i * keys + j)];
        most = std::max(most, p[count(j)]);
      }
      for (Real& s : p) total += s = most == -INFINITY ? 0 : std::exp(s - most);
      lse[count(i)] = most == -INFINITY ? most : most + std::log(total);
      if (total == 0) continue;
      for (Real& s : p) s /= total;

      // The Jacobian of softmax row by row, not the shortcut through dy . y.
      Matrix dp(count(keys));
      Real mean = 0;
      for (Index j = 0; j < keys; ++j) {
        const Real weight = p[count(j)] * factors[count(i * keys + j)];
        for (Index c = 0; c < value_size; ++c) {
          y[count(i * value_size + c)] += weight * v[count(j * value_size + c)];
          dv[count(j * value_size + c)] += weight * dy[count(i * value_size + c)];
          dp[count(j)] += factors[count(i * keys + j)] * dy[count(i * value_size + c)] *
                          v[count(j * value_size + c)];
        }
        mean += p[count(j)] * dp[count(j)];
      }
      for (Index j = 0; j < keys; ++j) {
        const Real ds = scale * p[count(j)] * (dp[count(j)] - mean);
        for (Index c = 0; c < size; ++c) {
          dq[count(i * size + c)] += ds * k[count(j * size + c)];
          dk[count(j * size + c)] += ds * q[count(i * size + c)];
        }
      }
    }
  }

 private:
  static std::size_t count(Index n) { return static_cast<std::size_t>(n); }
};

}  // namespace tenon::reference
