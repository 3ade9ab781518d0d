#include "tenon/kernels/math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;
using L = long double;

namespace {

template <class T>
using Kernel = void (*)(const kernels::ElementwiseDims<1>&, const T*, T*);

/// Numbers of all sizes from 2^-40 to limit, both signs.
template <class T>
std::vector<T> numbers(double limit) {
  std::vector<T> x;
  for (double v = std::ldexp(1.0, -40); v < limit; v *= 1.00137) {
    x.push_back(static_cast<T>(v));
    x.push_back(static_cast<T>(-v));
  }
  return x;
}

template <class T, class F>
double worst(Kernel<T> kernel, const std::vector<T>& x, const F& f) {
  std::vector<T> y(x.size());
  std::vector<L> expected;
  kernel(flat<1>(static_cast<Index>(x.size())), x.data(), y.data());
  for (const T v : x) expected.push_back(f(static_cast<L>(v)));
  return worst_ulps(y, expected);
}

template <class T>
std::vector<T> values_of(Kernel<T> kernel, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  kernel(flat<1>(static_cast<Index>(x.size())), x.data(), y.data());
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("log1p, expm1 and erf keep their digits from near 0 to far out",
                   "[kernels][math]", float, double) {
  using T = TestType;
  auto x = numbers<T>(80);
  CHECK(worst<T>(kernels::expm1, x, [](L v) { return std::expm1(v); }) <= 2);
  CHECK(worst<T>(kernels::erf, x, [](L v) { return std::erf(v); }) <= 2);
  CHECK(worst<T>(kernels::tan, x, [](L v) { return std::tan(v); }) <= 2);
  for (T& v : x) v = v < T(-1) ? T(-1) - T(1) / v : v;  // to the right of -1
  CHECK(worst<T>(kernels::log1p, x, [](L v) { return std::log1p(v); }) <= 2);
}

TEMPLATE_TEST_CASE(
    "log1p, expm1 and erf have their limits at infinity, NaN and zeros of both signs",
    "[kernels][math]", float, double) {
  using T = TestType;
  const T inf = infinity_v<T>, nan = nan_v<T>;
  const std::vector<T> x{inf, -inf, T(0), -T(0), T(-1), T(-2), std::numeric_limits<T>::max(), nan};
  const auto logs = values_of<T>(kernels::log1p, x), exps = values_of<T>(kernels::expm1, x),
             erfs = values_of<T>(kernels::erf, x);
  CHECK(logs[0] == inf);
  CHECK(std::isnan(logs[1]));
  CHECK(logs[4] == -inf);
  CHECK(std::isnan(logs[5]));
  CHECK(logs[6] == Approx(std::log(std::numeric_limits<T>::max())));
  CHECK(exps[0] == inf);
  CHECK(exps[1] == T(-1));
  CHECK(exps[6] == inf);
  CHECK(erfs[0] == T(1));
  CHECK(erfs[1] == T(-1));
  for (const auto& y : {logs, exps, erfs}) {
    CHECK((y[2] == T(0) && !std::signbit(y[2])));
    CHECK((y[3] == T(0) && std::signbit(y[3])));
    CHECK(std::isnan(y[7]));
  }
}

TEMPLATE_TEST_CASE("sign, floor, ceil and round are exact", "[kernels][math]", float, double) {
  using T = TestType;
  auto x = numbers<T>(1e9);
  for (const double v : {0.0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997, 8388609.0, 1e30,
                         -1e30, 3.0, -3.0}) {
    x.push_back(static_cast<T>(v));
  }
  x.push_back(infinity_v<T>);
  x.push_back(-infinity_v<T>);
  CHECK(worst<T>(kernels::sign, x, [](L v) { return L(v > 0) - L(v < 0); }) == 0);
  CHECK(worst<T>(kernels::floor, x, [](L v) { return std::floor(v); }) == 0);
  CHECK(worst<T>(kernels::ceil, x, [](L v) { return std::ceil(v); }) == 0);
  CHECK(worst<T>(kernels::round, x, [](L v) { return std::nearbyint(v); }) == 0);
  const std::vector<T> nan{nan_v<T>};
  CHECK(values_of<T>(kernels::sign, nan)[0] == T(0));
  for (const Kernel<T> kernel : {kernels::floor<T>, kernels::ceil<T>, kernels::round<T>}) {
    CHECK(std::isnan(values_of<T>(kernel, nan)[0]));
  }
}

TEMPLATE_TEST_CASE("logaddexp neither overflows nor loses the smaller number", "[kernels][math]",
                   float, double) {
  using T = TestType;
  auto a = normal<T>(600, 1), b = normal<T>(600, 2);
  for (std::size_t i = 0; i < 200; ++i) a[i] *= T(40);
  for (const auto& d : {flat<2>(600), dims<2>({20, 25}, {{1, 20}, {25, 1}}),
                        dims<2>({20, 25}, {{0, 1}, {25, 0}}), flat<2>(0), flat<2>(1)}) {
    std::vector<T> y(count(d.numel));
    kernels::logaddexp(d, a.data(), b.data(), y.data());
    const auto expected = reference::map(
        d, a.data(), b.data(), [](T p, T q) { return std::log(std::exp(L(p)) + std::exp(L(q))); });
    for (std::size_t i = 0; i < y.size(); ++i) {
      const L size = std::max({std::abs(expected[i]), L(1)});  // near 0 the maximum cancels
      CHECK(std::abs(L(y[i]) - expected[i]) <= 3 * size * std::numeric_limits<T>::epsilon());
    }
  }
  const T inf = infinity_v<T>;
  const std::vector<T> p{inf, -inf, -inf, inf, T(1e4), nan_v<T>, T(1)},
      q{inf, -inf, T(3), -inf, T(1e4), T(1), nan_v<T>};
  std::vector<T> y(7);
  kernels::logaddexp(flat<2>(7), p.data(), q.data(), y.data());
  CHECK(y[0] == inf);
  CHECK(y[1] == -inf);
  CHECK(y[2] == T(3));
  CHECK(y[3] == inf);
  CHECK(y[4] == Approx(1e4 + std::log(2.0)));
  CHECK(std::isnan(y[5]));
  CHECK(std::isnan(y[6]));
}

TEMPLATE_TEST_CASE(
    "functions of elements work for any strides, in place and at any number of threads",
    "[kernels][math]", float, double) {
  using T = TestType;
  const Index n = 50001;
  auto x = normal<T>(n, 1);
  const auto strided = dims<1>({37, 29}, {{1, 37}});
  for (const Kernel<T> kernel :
       {kernels::log1p<T>, kernels::expm1<T>, kernels::erf<T>, kernels::tan<T>, kernels::sign<T>,
        kernels::floor<T>, kernels::ceil<T>, kernels::round<T>}) {
    const auto apart = same_at_all_threads([&] {
      std::vector<T> y(count(n));
      kernel(flat<1>(n), x.data(), y.data());
      return y;
    });
    auto in_place = x;
    kernel(flat<1>(n), in_place.data(), in_place.data());
    CHECK(same_bits(in_place, apart));
    auto d = strided;
    std::vector<T> y(count(d.numel));
    kernel(d, x.data(), y.data());
    const auto expected = reference::map(d, apart.data(), [](T v) { return v; });
    CHECK(same_bits(y, expected));
    d.numel = d.sizes[0] = 0;
    kernel(d, x.data(), nullptr);
  }
}
