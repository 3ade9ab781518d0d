#include "tenon/base/random.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "tenon/base/parallel.hpp"

using namespace tenon;

namespace {

using Words = std::array<std::uint32_t, 4>;

template <class T>
std::vector<T> uniform(Index n, RandomKey key, double low = 0, double high = 1) {
  std::vector<T> x(static_cast<std::size_t>(n));
  detail::fill_uniform(x.data(), n, key, low, high);
  return x;
}

template <class T>
std::vector<T> normal(Index n, RandomKey key) {
  std::vector<T> x(static_cast<std::size_t>(n));
  detail::fill_normal(x.data(), n, key, 0.0, 1.0);
  return x;
}

/// Mean of x^power.
double moment(const std::vector<double>& x, int power) {
  double sum = 0;
  for (double v : x) sum += std::pow(v, power);
  return sum / static_cast<double>(x.size());
}

}  // namespace

TEST_CASE("philox gives the published known answers", "[base][random]") {
  CHECK(detail::philox({0, 0}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint64_t ones = ~std::uint64_t{0};
  CHECK(detail::philox({ones, ones}, ones) ==
        Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  // Digits of pi: counter 243f6a88 85a308d3 13198a2e 03707344, key a4093822 299f31d0.
  CHECK(detail::philox({0x299f31d0a4093822, 0x0370734413198a2e}, 0x85a308d3243f6a88) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a generator hands out one stream after another and can be restored", "[base][random]") {
  Generator g(7);
  const RandomKey first = g.next();
  CHECK(first.seed == 7);
  CHECK(first.stream == 0);
  const RandomKey saved = g.state();
  const RandomKey second = g.next();
  CHECK(second.stream == 1);
  g.set_state(saved);
  CHECK(g.next().stream == 1);
}

TEST_CASE("every thread has a default generator of its own", "[base][random]") {
  manual_seed(3);
  default_generator().next();
  RandomKey elsewhere{1, 1};
  std::thread([&] {
    manual_seed(5);
    elsewhere = default_generator().next();
  }).join();
  CHECK(elsewhere.seed == 5);
  CHECK(default_generator().state().seed == 3);
  CHECK(default_generator().state().stream == 1);
  manual_seed(0);
}

TEMPLATE_TEST_CASE("what a position holds does not depend on the length or the threads",
                   "[base][random]", float, double) {
  const RandomKey key{11, 4};
  const Index n = (1 << 16) + 13;
  const ThreadScope one(1);
  const auto u = uniform<TestType>(n, key);
  const auto z = normal<TestType>(n, key);
  for (Index i : {Index{0}, Index{1}, Index{16383}, Index{16384}, n - 1}) {
    CHECK(u[static_cast<std::size_t>(i)] ==
          detail::uniform_at<TestType>(key, static_cast<std::uint64_t>(i)));
  }
  for (Index shorter : {Index{1}, Index{2}, Index{3}, Index{20000}}) {
    const auto part = uniform<TestType>(shorter, key);
    CHECK(std::equal(part.begin(), part.end(), u.begin()));
    const auto other = normal<TestType>(shorter, key);
    CHECK(std::equal(other.begin(), other.end(), z.begin()));
  }
  for (int threads : {2, 3, 8}) {
    const ThreadScope scope(threads);
    CHECK(uniform<TestType>(n, key) == u);
    CHECK(normal<TestType>(n, key) == z);
  }
}

TEST_CASE("float and double see the same numbers", "[base][random]") {
  const auto f = uniform<float>(1000, {1, 2});
  const auto d = uniform<double>(1000, {1, 2});
  for (std::size_t i = 0; i < f.size(); ++i) {
    CHECK(static_cast<double>(f[i]) <= d[i]);
    CHECK(d[i] < static_cast<double>(f[i]) + 0x1p-24);
  }
  const auto zf = normal<float>(1000, {1, 2});
  const auto zd = normal<double>(1000, {1, 2});
  for (std::size_t i = 0; i < zf.size(); ++i) CHECK(zf[i] == static_cast<float>(zd[i]));
}

TEST_CASE("seeds, streams and positions give different numbers", "[base][random]") {
  const auto x = uniform<double>(64, {1, 0});
  CHECK(x != uniform<double>(64, {2, 0}));
  CHECK(x != uniform<double>(64, {1, 1}));
  auto sorted = x;
  std::sort(sorted.begin(), sorted.end());
  CHECK(std::unique(sorted.begin(), sorted.end()) == sorted.end());
}

TEMPLATE_TEST_CASE("uniform numbers keep to a half-open range", "[base][random]", float, double) {
  for (auto [low, high] : {std::pair{0.0, 1.0}, {-2.5, 3.0}, {1e6, 1e6 + 1}, {5.0, 5.0}}) {
    const auto x = uniform<TestType>(100000, {1, 0}, low, high);
    const auto [smallest, largest] = std::minmax_element(x.begin(), x.end());
    CHECK(*smallest >= static_cast<TestType>(low));
    if (low < high) CHECK(*largest < static_cast<TestType>(high));
    if (low == high) CHECK(*largest == static_cast<TestType>(low));
  }
}

TEST_CASE("uniform and normal numbers have the moments they should", "[base][random]") {
  // 200,000 numbers: the bounds are five standard errors of each moment.
  const Index n = 200000;
  const double root = std::sqrt(static_cast<double>(n));
  const auto u = uniform<double>(n, {42, 0});
  CHECK(std::abs(moment(u, 1) - 0.5) < 5 * std::sqrt(1.0 / 12) / root);
  CHECK(std::abs(moment(u, 2) - 1.0 / 3) < 5 * std::sqrt(4.0 / 45) / root);
  const auto z = normal<double>(n, {42, 1});
  CHECK(std::abs(moment(z, 1)) < 5 * 1.0 / root);
  CHECK(std::abs(moment(z, 2) - 1) < 5 * std::sqrt(2.0) / root);
  CHECK(std::abs(moment(z, 3)) < 5 * std::sqrt(15.0) / root);
  CHECK(std::abs(moment(z, 4) - 3) < 5 * std::sqrt(96.0) / root);
  CHECK(std::all_of(z.begin(), z.end(), [](double v) { return std::isfinite(v); }));
}

TEST_CASE("uniform numbers fill 100 bins evenly and neighbours are not correlated",
          "[base][random]") {
  const Index n = 200000;
  const auto u = uniform<double>(n, {9, 3});
  std::vector<double> bins(100);
  double product = 0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    ++bins[static_cast<std::size_t>(u[i] * 100)];
    if (i > 0) product += (u[i] - 0.5) * (u[i - 1] - 0.5);
  }
  double chi_squared = 0;
  for (double b : bins) chi_squared += (b - 2000) * (b - 2000) / 2000;
  CHECK(chi_squared < 99 + 5 * std::sqrt(2.0 * 99));
  CHECK(std::abs(product / static_cast<double>(n)) < 5 / 12.0 / std::sqrt(static_cast<double>(n)));
}

TEST_CASE("a permutation holds every number once, in every order alike", "[base][random]") {
  for (Index n : {0, 1, 2, 17, 1000}) {
    std::vector<Index> p(static_cast<std::size_t>(n)), ordered(p.size());
    detail::fill_permutation(p.data(), n, {1, 0});
    std::iota(ordered.begin(), ordered.end(), 0);
    if (n == 1000) CHECK(p != ordered);
    std::sort(p.begin(), p.end());
    CHECK(p == ordered);
  }
  int counts[6] = {};
  for (std::uint64_t stream = 0; stream < 6000; ++stream) {
    Index p[3];
    detail::fill_permutation(p, 3, {1, stream});
    ++counts[2 * p[0] + (p[1] > p[2])];
  }
  for (int c : counts) CHECK(std::abs(c - 1000) < 150);
}
