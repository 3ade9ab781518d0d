#pragma once

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
    if (other.count == 0) return;
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

/// Whether these sums were taken with an origin more than two standard deviations from the mean.
/// The distances, rounded in float, then have too few digits left, and the mean found with them is
/// the better origin.
inline bool is_far(SumPair sums, double n) { return 5 * sums.a * sums.a > 4 * n * sums.b; }

}  // namespace tenon::kernels
