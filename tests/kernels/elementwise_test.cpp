#include "tenon/kernels/elementwise.hpp"

#include <bit>
#include <cstdint>
#include <functional>

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Layouts of two operands of up to 4096 elements: what each fast loop takes, and what none does.
std::vector<kernels::ElementwiseDims<2>> layouts() {
  return {flat<2>(0),
          flat<2>(1),
          flat<2>(7),
          flat<2>(1000),
          dims<2>({}, {{}, {}}),
          dims<2>({33}, {{1}, {0}}),
          dims<2>({33}, {{0}, {1}}),
          dims<2>({33}, {{0}, {0}}),
          dims<2>({33}, {{2}, {3}}),
          dims<2>({33}, {{1}, {3}}),
          dims<2>({5, 7}, {{7, 1}, {1, 5}}),
          dims<2>({5, 7}, {{0, 1}, {1, 0}}),
          dims<2>({5, 7}, {{7, 1}, {0, 1}}),
          dims<2>({2, 1, 3, 4}, {{12, 0, 4, 1}, {1, 7, 2, 6}}),
          dims<2>({3, 0, 2}, {{0, 2, 1}, {0, 2, 1}}),
          dims<2>({1, 1, 1}, {{0, 0, 0}, {5, 5, 5}}),
          dims<2>({2, 2, 2, 2, 2, 2, 2, 2},
                  {{128, 64, 32, 16, 8, 4, 2, 1}, {1, 2, 4, 8, 16, 32, 64, 128}})};
}

template <class T>
using Binary = void (*)(const kernels::ElementwiseDims<2>&, const T*, const T*, T*);
template <class T>
using Unary = void (*)(const kernels::ElementwiseDims<1>&, const T*, T*);

template <class T, class F>
void check_binary(Binary<T> kernel, const F& f) {
  auto a = normal<T>(4096, 1), b = normal<T>(4096, 2);
  for (auto* x : {&a, &b}) {
    (*x)[3] = nan_v<T>;
    (*x)[5] = infinity_v<T>;
    (*x)[6] = T(0);
  }
  b[3] = T(1);
  b[4] = nan_v<T>;
  for (const auto& d : layouts()) {
    std::vector<T> y(count(d.numel));
    kernel(d, a.data(), b.data(), y.data());
    const auto expected = reference::map(d, a.data(), b.data(), f);
    CHECK(worst_ulps(y, expected) == 0);
  }
}

template <class T, class F>
void check_unary(Unary<T> kernel, const F& f, double ulps, bool positive = false) {
  auto x = normal<T>(4096, 3);
  if (positive) {
    for (T& v : x) v = std::abs(v);
  }
  x[3] = nan_v<T>;
  x[5] = infinity_v<T>;
  x[6] = T(0);
  for (const auto& d : layouts()) {
    kernels::ElementwiseDims<1> one{};
    one.numel = d.numel;
    one.rank = d.rank;
    std::copy(d.sizes, d.sizes + d.rank, one.sizes);
    for (int input : {0, 1}) {
      std::copy(d.strides[input], d.strides[input] + d.rank, one.strides[0]);
      std::vector<T> y(count(d.numel));
      kernel(one, x.data(), y.data());
      const auto expected =
          reference::map(one, x.data(), [&](T v) { return f(static_cast<long double>(v)); });
      CHECK(worst_ulps(y, expected) <= ulps);
    }
  }
}

}  // namespace

TEMPLATE_TEST_CASE("binary arithmetic is exact in every layout", "[kernels][elementwise]", float,
                   double) {
  using T = TestType;
  check_binary<T>(kernels::add, [](T p, T q) { return p + q; });
  check_binary<T>(kernels::sub, [](T p, T q) { return p - q; });
  check_binary<T>(kernels::mul, [](T p, T q) { return p * q; });
  check_binary<T>(kernels::div, [](T p, T q) { return p / q; });
  check_binary<T>(kernels::pow, [](T p, T q) { return std::pow(p, q); });
}

TEMPLATE_TEST_CASE("maximum and minimum let NaN through from either side", "[kernels][elementwise]",
                   float, double) {
  using T = TestType;
  check_binary<T>(kernels::maximum, [](T p, T q) {
    return std::isnan(p) || std::isnan(q) ? nan_v<T> : std::max(p, q);
  });
  check_binary<T>(kernels::minimum, [](T p, T q) {
    return std::isnan(p) || std::isnan(q) ? nan_v<T> : std::min(p, q);
  });
}

TEMPLATE_TEST_CASE("unary functions are right to the last place in every layout",
                   "[kernels][elementwise]", float, double) {
  using T = TestType;
  using L = long double;
  check_unary<T>(
      kernels::neg, [](L v) { return -v; }, 0);
  check_unary<T>(
      kernels::abs, [](L v) { return std::abs(v); }, 0);
  check_unary<T>(
      kernels::square, [](L v) { return v * v; }, 0.5);
  check_unary<T>(
      kernels::exp, [](L v) { return std::exp(v); }, 1);
  check_unary<T>(
      kernels::log, [](L v) { return std::log(v); }, 1, true);
  check_unary<T>(
      kernels::sqrt, [](L v) { return std::sqrt(v); }, 0.5, true);
  // Both have no value at infinity.
  check_unary<T>(
      kernels::sin, [](L v) { return std::isinf(v) ? nan_v<L> : std::sin(v); }, 1);
  check_unary<T>(
      kernels::cos, [](L v) { return std::isinf(v) ? nan_v<L> : std::cos(v); }, 1);
}

TEST_CASE("exp keeps what is not a number, whatever its bits, and knows its bounds",
          "[kernels][elementwise]") {
  std::vector<float> x, y(16);
  for (std::uint32_t bits : {0x7fc00001u, 0x7fffffffu, 0xffc00155u, 0xffffffffu, 0x7fc00000u}) {
    x.push_back(std::bit_cast<float>(bits));
  }
  for (float v : {88.722832f, 88.72284f, 100.0f, 3e38f, infinity_v<float>, -87.33654f, -87.4f,
                  -1e9f, -infinity_v<float>, 0.0f, -0.0f}) {
    x.push_back(v);
  }
  kernels::exp(flat<1>(16), x.data(), y.data());
  for (std::size_t i = 0; i < 5; ++i) CHECK(std::isnan(y[i]));
  for (std::size_t i : {std::size_t{5}, std::size_t{10}}) {
    CHECK(worst_ulps(std::vector<float>{y[i]}, std::vector<double>{std::exp(double{x[i]})}) <= 1);
  }
  for (std::size_t i = 6; i < 10; ++i) CHECK(y[i] == infinity_v<float>);
  for (std::size_t i = 11; i < 14; ++i) CHECK(y[i] == 0);
  CHECK(y[14] == 1);
  CHECK(y[15] == 1);
}

TEMPLATE_TEST_CASE("affine rounds after the product and after the sum", "[kernels][elementwise]",
                   float, double) {
  using T = TestType;
  const auto x = normal<T>(1000);
  std::vector<T> y(1000);
  kernels::affine(flat<1>(1000), T(1.1), T(-0.3), x.data(), y.data());
  for (std::size_t i = 0; i < 1000; ++i) {
    const volatile T product = T(1.1) * x[i];
    CHECK(y[i] == product + T(-0.3));
  }
}

TEMPLATE_TEST_CASE("a scalar exponent is the same as std::pow", "[kernels][elementwise]", float,
                   double) {
  using T = TestType;
  auto x = normal<T>(200);
  for (T& v : x) v = std::abs(v) + T(0.01);
  for (T exponent : {T(0), T(1), T(2), T(3), T(0.5), T(-1), T(-2), T(1.7), T(-0.5), T(10)}) {
    std::vector<T> y(200);
    kernels::pow_scalar(flat<1>(200), exponent, x.data(), y.data());
    std::vector<long double> expected;
    for (T v : x) expected.push_back(std::pow(static_cast<long double>(v), exponent));
    CHECK(worst_ulps(y, expected) <= 1);
  }
  const std::vector<T> negative{T(-2), T(-0.5)};
  std::vector<T> y(2);
  kernels::pow_scalar(flat<1>(2), T(3), negative.data(), y.data());
  CHECK(y == std::vector<T>{T(-8), T(-0.125)});
  kernels::pow_scalar(flat<1>(2), T(0.3), negative.data(), y.data());
  CHECK(std::isnan(y[0]));
}

TEMPLATE_TEST_CASE("an output may be one of the operands", "[kernels][elementwise]", float,
                   double) {
  using T = TestType;
  const Index n = 40000;
  const auto a = normal<T>(n, 1), b = normal<T>(n, 2);
  std::vector<T> expected(count(n));
  kernels::sub(flat<2>(n), a.data(), b.data(), expected.data());

  auto in_place = a;
  kernels::sub(flat<2>(n), in_place.data(), b.data(), in_place.data());
  CHECK(in_place == expected);
  in_place = b;
  kernels::sub(flat<2>(n), a.data(), in_place.data(), in_place.data());
  CHECK(in_place == expected);
  in_place = a;
  kernels::sub(flat<2>(n), in_place.data(), in_place.data(), in_place.data());
  CHECK(in_place == std::vector<T>(count(n)));

  in_place = a;
  kernels::mul(dims<2>({n}, {{1}, {0}}), in_place.data(), b.data(), in_place.data());
  for (std::size_t i = 0; i < in_place.size(); ++i) CHECK(in_place[i] == a[i] * b[0]);
  in_place = a;
  kernels::square(flat<1>(n), in_place.data(), in_place.data());
  for (std::size_t i = 0; i < in_place.size(); ++i) CHECK(in_place[i] == a[i] * a[i]);
}

TEMPLATE_TEST_CASE("add_inplace and scale_inplace change y alone", "[kernels][elementwise]", float,
                   double) {
  using T = TestType;
  for (Index n : {0, 1, 5, 40000}) {
    const auto x = normal<T>(n, 1), before = normal<T>(n, 2);
    auto y = before;
    kernels::add_inplace(n, x.data(), y.data());
    bool right = true;
    for (std::size_t i = 0; i < y.size(); ++i) right = right && y[i] == before[i] + x[i];
    CHECK(right);
    y = before;
    kernels::add_inplace(n, y.data(), y.data());
    for (std::size_t i = 0; i < y.size(); ++i) right = right && y[i] == before[i] + before[i];
    CHECK(right);
    y = before;
    kernels::scale_inplace(n, T(-1.5), y.data());
    for (std::size_t i = 0; i < y.size(); ++i) right = right && y[i] == before[i] * T(-1.5);
    CHECK(right);
  }
}

TEMPLATE_TEST_CASE("elementwise results have the same bits at any number of threads",
                   "[kernels][elementwise]", float, double) {
  using T = TestType;
  const Index n = 100003;
  const auto a = normal<T>(n, 1), b = normal<T>(n, 2);
  same_at_all_threads([&] {
    std::vector<T> y(count(n));
    kernels::exp(flat<1>(n), a.data(), y.data());
    kernels::add(flat<2>(n), y.data(), b.data(), y.data());
    return y;
  });
  // A transposed operand, so that chunks begin in the middle of rows.
  const auto d = dims<2>({313, 319}, {{1, 313}, {319, 1}});
  const auto y = same_at_all_threads([&] {
    std::vector<T> out(count(d.numel));
    kernels::mul(d, a.data(), b.data(), out.data());
    return out;
  });
  CHECK(y == reference::map(d, a.data(), b.data(), [](T p, T q) { return p * q; }));
}
