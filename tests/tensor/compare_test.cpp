#include <cmath>

#include "tensor_support.hpp"

using namespace tenon_test;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("equal compares shapes and values, whatever the strides", "[tensor][compare]") {
  const Tensor x = counting<float>({2, 3});
  CHECK(equal(x, x));
  CHECK(equal(x.t(), x.t().clone()));
  CHECK_FALSE(equal(x, x.reshape({3, 2})));
  CHECK_FALSE(equal(x, x.unsqueeze(0)));
  CHECK(equal(tensor({1, 1}), tensor(1).expand({2})));
  CHECK(equal(empty({0, 3}), empty({0, 3})));
  CHECK_FALSE(equal(empty({0, 3}), empty({0, 2})));
  Tensor y = x.clone();
  y(1, 2) += 1;
  CHECK_FALSE(equal(x, y));
  CHECK(equal(tensor(0.0f), tensor(-0.0f)));
  CHECK(equal(tensor(infinity), tensor(infinity)));
  const Tensor x_nan = tensor(not_a_number);
  CHECK_FALSE(equal(x_nan, x_nan));
  CHECK(equal(tensor<bool>({true, false}), tensor<bool>({true, false})));
  CHECK_FALSE(
      equal(tensor<std::int64_t>((Index{1} << 53) + 1), tensor<std::int64_t>(Index{1} << 53)));
}

TEST_CASE("allclose allows atol + rtol |b|", "[tensor][compare]") {
  const auto close = [](double a, double b, double rtol, double atol) {
    return allclose(tensor<double>({a}), tensor<double>({b}), rtol, atol);
  };
  CHECK(close(1.25, 1.0, 0.25, 0));
  CHECK_FALSE(close(1.25, 1.0, 0.125, 0));
  CHECK(close(1.25, 1.0, 0, 0.25));
  CHECK(close(1.25, 1.0, 0.125, 0.125));
  CHECK(close(4, 8, 0.5, 0));
  CHECK_FALSE(close(8, 4, 0.5, 0));
  CHECK(close(-1, -1, 0, 0));
  CHECK_FALSE(close(-1, 1, 0.5, 0.5));
  CHECK(allclose(counting<float>({2, 3}).t(), counting<float>({2, 3}).t().clone()));
  CHECK_FALSE(allclose(zeros({2}), zeros({3})));
  CHECK(allclose(counting({3}), counting({3})));
  CHECK(allclose(empty({0}), empty({0})));
}

TEST_CASE("allclose knows infinities and NaN", "[tensor][compare]") {
  const auto close = [](double a, double b, bool equal_nan = false) {
    return allclose(tensor<double>({a}), tensor<double>({b}), 1e-5, 1e-8, equal_nan);
  };
  CHECK(close(infinity, infinity));
  CHECK_FALSE(close(infinity, -infinity));
  CHECK_FALSE(close(1, infinity));
  CHECK_FALSE(close(infinity, 1));
  CHECK_FALSE(close(not_a_number, not_a_number));
  CHECK(close(not_a_number, not_a_number, true));
  CHECK_FALSE(close(not_a_number, 1, true));
  CHECK_FALSE(close(1, not_a_number, true));
  CHECK_FALSE(close(infinity, not_a_number, true));
}
