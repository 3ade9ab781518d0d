#include "tenon/ops/regression_loss.hpp"

#include <cmath>
#include <limits>

#include "ops_support.hpp"
#include "tenon/nn/regression_loss.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

/// The gradient of the sum of a loss of x and 0.
template <class F>
Tensor slope(const Tensor& x, const F& f) {
  Tape tape;
  const auto leaf = tape.watch(x);
  return tape.gradients(sum(f(leaf, zeros_like(x))))[leaf];
}

}  // namespace

TEST_CASE("huber_loss and smooth_l1_loss at their knee, at 0 and far out",
          "[ops][regression_loss]") {
  const auto x = tensor({0, 0.25, -0.5, 0.5, 2, -2, infinity, -infinity});
  const auto t = zeros_like(x);
  CHECK(equal(huber_loss(x, t, {Reduction::none, 0.5}),
              tensor({0, 0.03125, 0.125, 0.125, 0.875, 0.875, infinity, infinity})));
  CHECK(equal(smooth_l1_loss(x, t, {Reduction::none, 0.5}),
              tensor({0, 0.0625, 0.25, 0.25, 1.75, 1.75, infinity, infinity})));
  const auto huber_slope = slope(x, [](auto& a, const auto& b) {
    return huber_loss(a, b, {Reduction::none, 0.5});
  });
  CHECK(equal(huber_slope, tensor({0, 0.25, -0.5, 0.5, 0.5, -0.5, 0.5, -0.5})));
  const auto l1_slope = slope(x, [](auto& a, const auto& b) { return l1_loss(a, b); });
  CHECK(l1_slope(0) == 0);
  CHECK(equal(smooth_l1_loss(x, t, {Reduction::none, 0}), l1_loss(x, t, Reduction::none)));
}

TEST_CASE("The second derivative of huber_loss is 1 at 0", "[ops][regression_loss]") {
  Tape outer;
  const auto x = outer.watch(zeros<double>({3}));
  Tape inner;
  const auto dx =
      inner.gradients(huber_loss(x, zeros<double>({3}), {.reduction = Reduction::sum}))[x];
  CHECK(equal(outer.gradients(sum(dx))[x], ones<double>({3})));
}

TEST_CASE("NaN stays in its own loss", "[ops][regression_loss]") {
  const auto x = tensor({1, std::nanf(""), 3});
  const auto t = zeros({3});
  for (const auto& losses :
       {l1_loss(x, t, Reduction::none), huber_loss(x, t, {Reduction::none}),
        smooth_l1_loss(x, t, {Reduction::none}), poisson_nll_loss(x, t, {Reduction::none}),
        gaussian_nll_loss(x, t, ones({3}), {Reduction::none})}) {
    CHECK(std::isfinite(losses(0)));
    CHECK(std::isnan(losses(1)));
    CHECK(std::isfinite(losses(2)));
  }
}

TEST_CASE("Losses of nothing", "[ops][regression_loss]") {
  const auto x = zeros({0, 3});
  CHECK(std::isnan(l1_loss(x, x).item()));
  CHECK(huber_loss(x, x, {.reduction = Reduction::sum}).item() == 0);
  CHECK(gaussian_nll_loss(x, x, zeros({0, 1}), {Reduction::none}).shape() == Shape{0, 3});
}

TEST_CASE("gaussian_nll_loss limits the variance but not its gradient", "[ops][regression_loss]") {
  Tape tape;
  const auto x = tensor<double>({1, 1}), t = tensor<double>({0, 1});
  const auto variance = tape.watch(tensor<double>({0, 4}));
  const auto losses = gaussian_nll_loss(x, t, variance, {Reduction::none, false, 0.25});
  CHECK(losses(0) == Approx((std::log(0.25) + 4) / 2));
  CHECK(losses(1) == Approx(std::log(4.0) / 2));
  const auto d = tape.gradients(sum(losses))[variance];
  CHECK(d(0) == Approx((4 - 16) / 2.0));
  CHECK(d(1) == Approx(1.0 / 8));
}

TEST_CASE("Stirling's term of poisson_nll_loss is only added above 1", "[ops][regression_loss]") {
  const auto x = zeros<double>({3}), t = tensor<double>({0, 1, 10});
  const auto losses = poisson_nll_loss(x, t, {.reduction = Reduction::none, .full = true});
  CHECK(losses(0) == 1);
  CHECK(losses(1) == 1);
  CHECK(losses(2) == Approx(1 + std::lgamma(11.0)).epsilon(1e-3));
  Tape tape;
  const auto leaf = tape.watch(t);
  const auto dt = tape.gradients(poisson_nll_loss(x, leaf, {.full = true}))[leaf];
  CHECK(dt(0) == 0);
  CHECK(std::isfinite(dt(2)));
}

TEST_CASE("Losses as objects work for float and double", "[nn][loss]") {
  const auto x = random_tensor({4, 3}, 1), t = random_tensor({4, 3}, 2);
  const auto xf = x.to<float>(), tf = t.to<float>();
  const auto v = random_tensor({4, 1}, 3, 0.5, 2);
  CHECK(nn::L1Loss{Reduction::sum}(x, t).item() == l1_loss(x, t, Reduction::sum).item());
  CHECK(nn::SmoothL1Loss{{.beta = 2}}(xf, tf).item() == smooth_l1_loss(xf, tf, {.beta = 2}).item());
  CHECK(nn::HuberLoss{{.delta = 2}}(x, t).item() == huber_loss(x, t, {.delta = 2}).item());
  CHECK(nn::PoissonNLLLoss{}(x, t).item() == poisson_nll_loss(x, t).item());
  CHECK(nn::GaussianNLLLoss{}(x, t, v).item() == gaussian_nll_loss(x, t, v).item());
}

TEST_CASE("Regression losses explain what does not fit", "[ops][regression_loss]") {
  const auto x = zeros({4, 3});
  CHECK(error_of<ShapeError>([&] {
          l1_loss(x, zeros({4, 3, 1}));
        }).starts_with("[l1_loss] x and target must have one shape but have (4, 3) and (4, 3, 1)"));
  CHECK_THROWS_AS(smooth_l1_loss(x, zeros({4})), ShapeError);
  CHECK_THROWS_AS(poisson_nll_loss(x, zeros({4})), ShapeError);
  CHECK_THROWS_AS(huber_loss(x, Tensor()), ValueError);
  CHECK(error_of<ValueError>([&] { huber_loss(x, x, {.delta = 0}); }) ==
        "[huber_loss] delta must be more than 0 but is 0; hint: leave it out for the default");
  CHECK_THROWS_AS(smooth_l1_loss(x, x, {.beta = -1}), ValueError);
  CHECK_THROWS_AS(smooth_l1_loss(x, x, {.beta = std::nan("")}), ValueError);
  CHECK_THROWS_AS(poisson_nll_loss(x, x, {.eps = 0}), ValueError);
  CHECK(error_of<ShapeError>([&] { gaussian_nll_loss(x, x, zeros({3})); }) ==
        "[gaussian_nll_loss] variance must have x's shape (4, 3), or (4, 1) or (4) for one "
        "variance a sample, but has (3); hint: a net with two outputs a target gives both");
  CHECK(error_of<ValueError>([&] {
          gaussian_nll_loss(x, x, full({4, 1}, -1));
        }) ==
        "[gaussian_nll_loss] variance(0, 0) is -1 but must not be negative; hint: exp of the net's "
        "output, or its square");
}
