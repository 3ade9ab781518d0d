#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "reference/gemm.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/base/random.hpp"
#include "tenon/kernels/dims.hpp"

namespace tenon::test {

template <class T>
constexpr T nan_v = std::numeric_limits<T>::quiet_NaN();
template <class T>
constexpr T infinity_v = std::numeric_limits<T>::infinity();

inline std::size_t count(Index n) { return static_cast<std::size_t>(n); }

/// n normal numbers; the stream tells several operands apart.
template <class T>
std::vector<T> normal(Index n, std::uint64_t stream = 0) {
  std::vector<T> x(count(n));
  detail::fill_normal(x.data(), n, {2024, stream}, 0.0, 1.0);
  return x;
}

/// The dims of operands with these strides over an output of these sizes.
template <int Inputs>
kernels::ElementwiseDims<Inputs> dims(std::initializer_list<Index> sizes,
                                      std::initializer_list<std::initializer_list<Index>> strides) {
  kernels::ElementwiseDims<Inputs> d{};
  d.numel = 1;
  for (Index size : sizes) {
    d.sizes[d.rank++] = size;
    d.numel *= size;
  }
  int input = 0;
  for (const auto& of_input : strides) {
    std::copy(of_input.begin(), of_input.end(), d.strides[input++]);
  }
  return d;
}

/// n contiguous elements in every operand.
template <int Inputs>
kernels::ElementwiseDims<Inputs> flat(Index n) {
  kernels::ElementwiseDims<Inputs> d{};
  d.numel = d.sizes[0] = n;
  d.rank = 1;
  for (auto& strides : d.strides) strides[0] = 1;
  return d;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

/// Runs a function that returns its outputs at 1, 2, 3 and 8 threads and wants the same bits.
template <class F>
auto same_at_all_threads(const F& run) {
  const auto expected = [&] {
    const ThreadScope scope(1);
    return run();
  }();
  for (int threads : {2, 3, 8}) {
    const ThreadScope scope(threads);
    INFO("threads: " << threads);
    CHECK(same_bits(run(), expected));
  }
  return expected;
}

/// The larger of two errors, where not a number is the largest of all: std::max would drop it.
inline double larger(double worst, double error) {
  return std::isnan(error) ? infinity_v<double> : std::max(worst, error);
}

/// The largest |y - expected| / (epsilon scale), where scale = max(|expected|, the smallest normal
/// number): how many units of the last place a function is off.
template <class T, class U>
double worst_ulps(const std::vector<T>& y, const std::vector<U>& expected) {
  REQUIRE(y.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const auto e = static_cast<long double>(expected[i]);
    if (std::isnan(e) || std::isinf(e)) {
      const bool same = std::isnan(e) ? std::isnan(y[i]) : static_cast<long double>(y[i]) == e;
      if (!same) return infinity_v<double>;
      continue;
    }
    const long double scale = std::max<long double>(std::abs(e), std::numeric_limits<T>::min());
    const long double off =
        std::abs(static_cast<long double>(y[i]) - e) / (scale * std::numeric_limits<T>::epsilon());
    worst = larger(worst, static_cast<double>(off));
  }
  return worst;
}

/// The largest error of sums of products, as a multiple of epsilon times the sum of the terms'
/// absolute values. A sum of k terms in any order is off by at most about k / 2 of these; blocked
/// sums of random terms stay far below.
template <class T>
double worst_sum_error(const std::vector<T>& y, const std::vector<reference::Product>& expected) {
  REQUIRE(y.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double unit = std::numeric_limits<T>::epsilon() * expected[i].magnitude +
                        static_cast<double>(std::numeric_limits<T>::min());
    const double off = std::abs(static_cast<double>(y[i]) - expected[i].value) / unit;
    worst = larger(worst, off);
  }
  return worst;
}

}  // namespace tenon::test
