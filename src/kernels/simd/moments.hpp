#pragma once

#include <cmath>

namespace tenon::kernels {

struct SumPair {
  double a, b;
};

/// Of a set of numbers: how many, their mean, and the sum of their squared distances from it.
struct Moments {
  double count = 0, mean = 0, squares = 0;

  double variance() const { return squares / count; }

  /// Those of this set and another one together. Source: Chan, Golub, LeVeque, "Updating formulae
  /// and a pairwise algorithm for computing sample variances", 1979, equations 2.1.
  void add(const Moments& other) {
    if (count == 0) {
      *this = other;
      return;
    }
    const double total = count + other.count, distance = other.mean - mean;
    mean += distance * (other.count / total);
    squares += other.squares + distance * distance * (count * other.count / total);
    count = total;
  }
};

/// Of n numbers x, given the sums of x - origin and of its square.
inline Moments moments_of(SumPair sums, double origin, double n) {
  const double distance = sums.a / n, squares = sums.b - sums.a * distance;
  return {n, origin + distance, squares < 0 ? 0 : squares};
}

/// Whether sums of n distances from an origin and of their squares, rounded in float, are good
/// enough. Not where the origin is more than four standard deviations from the mean, which leaves
/// the distances too few digits, nor where the squares overflowed.
inline bool is_precise(SumPair sums, double n) {
  return 17 * sums.a * sums.a <= 16 * n * sums.b && std::isfinite(sums.b);
}

/// The mean as these sums give it, the same origin where they overflowed.
inline double better_origin(SumPair sums, double origin, double n) {
  const double mean = origin + sums.a / n;
  return std::isfinite(mean) ? mean : origin;
}

}  // namespace tenon::kernels
