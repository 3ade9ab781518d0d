#include "tenon/ops/gelu.hpp"

#include "activation_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

double normal_probability(double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)); }
double normal_density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::acos(-1.0)); }

}  // namespace

TEST_CASE("gelu has right values and derivatives of every order", "[ops][gelu]") {
  check_activation({"gelu", [](const DoubleTensor& x) { return gelu(x); },
                    [](const Tensor& x) { return gelu(x); },
                    [](double x) { return x * normal_probability(x); },
                    [](double) { return normal_probability(0.5) + 0.5 * normal_density(0.5); }});
}

TEST_CASE("gelu by tanh has right values and derivatives of every order", "[ops][gelu]") {
  check_activation(
      {"gelu",
       [](const DoubleTensor& x) { return gelu(x, {.approximate = GeluApproximation::tanh}); },
       [](const Tensor& x) { return gelu(x, {.approximate = GeluApproximation::tanh}); },
       [](double x) {
         const double u = std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
         return 0.5 * x * (1 + std::tanh(u));
       },
       [](double) {
         const double scale = std::sqrt(2 / std::acos(-1.0)), x = 0.5;
         const double t = std::tanh(scale * (x + 0.044715 * x * x * x));
         return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * scale * (1 + 3 * 0.044715 * x * x);
       }});
}

TEST_CASE("gelu by tanh is within 5e-4 of gelu, and is not gelu", "[ops][gelu]") {
  const auto x = linspace<double>(-6, 6, 1201);
  const double error = max_error(gelu(x, {.approximate = GeluApproximation::tanh}), gelu(x));
  CHECK(error <= 5e-4);
  CHECK(error >= 1e-4);
}

TEST_CASE("gelu of huge numbers is 0 or x, with gradients 0 and 1", "[ops][gelu]") {
  for (const auto approximate : {GeluApproximation::none, GeluApproximation::tanh}) {
    Tape tape;
    const auto x = tape.watch(tensor<float>({-INFINITY, -1e38, -1000, 1000, 1e38, INFINITY}));
    const auto y = gelu(x, {approximate});
    CHECK(equal(y, tensor<float>({0, 0, 0, 1000, 1e38, INFINITY})));
    CHECK(equal(tape.gradients(y, ones({6}))[x], tensor<float>({0, 0, 0, 1, 1, 1})));
  }
}
