#include "tenon/optim/schedules.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "../nn/nn_support.hpp"
#include "nlohmann/json.hpp"
#include "tenon/io/safetensors.hpp"

using namespace tenon;
using namespace tenon::test;
using Json = nlohmann::json;

namespace {

double rate(const Json& a, Index step) {
  const std::string op = a.at("op");
  const double lr = a.at("lr");
  const Index warmup = a.value("warmup", Index{0}), total = a.value("total", Index{0});
  if (op == "StepLR") {
    return optim::StepLR{lr, a.at("step_size"), a.value("gamma", 0.1)}(step);
  }
  if (op == "LinearLR") {
    optim::LinearLR schedule{.lr = lr};
    if (a.contains("total_iters")) schedule = {lr, 0.1, 0.5, a.at("total_iters")};
    return schedule(step);
  }
  if (op == "CosineAnnealingLR") {
    return optim::CosineAnnealingLR{lr, a.at("T_max"), a.value("eta_min", 0.0)}(step);
  }
  if (op == "OneCycleLR") {
    const bool linear = a.value("anneal_strategy", "cos") == "linear";
    return optim::OneCycleLR{
        .max_lr = lr,
        .total_steps = a.at("total_steps"),
        .pct_start = a.value("pct_start", 0.3),
        .anneal_strategy = linear ? optim::Anneal::linear : optim::Anneal::cosine,
        .div_factor = a.value("div_factor", 25.0),
        .final_div_factor = a.value("final_div_factor", 1e4)}(step);
  }
  if (op == "MultiStepLR") {
    return optim::MultiStepLR{lr, a.at("milestones"), a.value("gamma", 0.1)}(step);
  }
  if (op == "ExponentialLR") return optim::ExponentialLR{lr, a.at("gamma")}(step);
  if (op == "PolynomialLR") {
    return optim::PolynomialLR{lr, a.value("total_iters", Index{5}), a.value("power", 1.0)}(step);
  }
  if (op == "CosineAnnealingWarmRestarts") {
    return optim::CosineAnnealingWarmRestarts{lr, a.at("T_0"), a.value("T_mult", Index{1}),
                                              a.value("eta_min", 0.0)}(step);
  }
  const optim::LinearLR rising{.lr = lr, .start_factor = 0.1, .total_iters = 4};
  if (op == "sequence") {
    return optim::SequentialLR{rising, 6, optim::ExponentialLR{.lr = lr, .gamma = 0.9}}(step);
  }
  if (op == "chain") {
    return optim::ChainedLR{rising, optim::ExponentialLR{.lr = 1, .gamma = 0.9}}(step);
  }
  if (op == "WarmupConstant") return optim::WarmupConstant{lr, warmup}(step);
  if (op == "WarmupLinear") return optim::WarmupLinear{lr, warmup, total}(step);
  if (op == "WarmupCosine") return optim::WarmupCosine{lr, warmup, total}(step);
  if (op == "WarmupInverseSqrt") return optim::WarmupInverseSqrt{lr, warmup}(step);
  FAIL("the test does not know the schedule " << op);
  return 0;
}

}  // namespace

TEST_CASE("schedules give PyTorch's learning rates", "[optim][schedules][tiny]") {
  const auto [stem, count] =
      GENERATE(table<std::string, int>({{"schedules", 23}, {"more_schedules", 9}}));
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/" + stem + ".safetensors");
  int cases = 0;
  for (const auto& [name, text] : file.metadata) {
    if (name == "torch") continue;
    CAPTURE(name, text);
    const Json arguments = Json::parse(text);
    const auto expected = file.get<double>(name);
    for (Index step = 0; step < expected.numel(); ++step) {
      CAPTURE(step);
      // PyTorch multiplies from step to step, which rounds each time.
      CHECK(std::abs(rate(arguments, step) - expected(step)) <= 1e-14);
    }
    ++cases;
  }
  CHECK(cases == count);
}

TEST_CASE("schedules stay at their end", "[optim][schedules]") {
  const Index late = 1'000'000;
  CHECK(optim::LinearLR{.lr = 0.3, .end_factor = 0.5}(late) == 0.15);
  CHECK(optim::OneCycleLR{.max_lr = 0.25, .total_steps = 10}(late) == Approx(1e-6));
  CHECK(optim::WarmupLinear{.lr = 1, .total_steps = 10, .min_lr = 0.125}(late) == 0.125);
  CHECK(optim::WarmupCosine{.lr = 1, .total_steps = 10, .min_lr = 0.125}(late) == 0.125);
  CHECK(optim::WarmupCosine{.lr = 1, .total_steps = 10, .min_lr = 0.125}(5) == Approx(0.5625));
  CHECK(optim::WarmupConstant{.lr = 0.3}(0) == 0.3);
  CHECK(optim::MultiStepLR{.lr = 0.5, .milestones = {9, 2}, .gamma = 0.5}(late) == 0.125);
  CHECK(optim::ExponentialLR{.lr = 0.3}(late) == 0);
  CHECK(optim::PolynomialLR{.lr = 0.3, .power = 0}(late) == 0);
  const optim::CosineAnnealingWarmRestarts restarts{.lr = 0.5, .t_0 = 3, .t_mult = 3};
  Index start = 0;
  for (Index length = 3; start < late * late; length *= 3) {
    CHECK(restarts(start) == 0.5);
    CHECK(restarts(start + length - 1) < 0.2);  // the last step before the next restart
    start += length;
  }
}

TEST_CASE("schedules follow each other and multiply, however many", "[optim][schedules]") {
  using namespace optim;
  const SequentialLR three{StepLR{.lr = 1}, 2,
                           SequentialLR{LinearLR{.lr = 2, .start_factor = 1}, 3,
                                        [](Index step) { return static_cast<double>(step); }}};
  const double expected[] = {1, 0.1, 2, 2, 2, 0, 1, 2};
  for (Index step = 0; step < 8; ++step) CHECK(three(step) == Approx(expected[step]));
  const ChainedLR product{ChainedLR{StepLR{.lr = 1}, StepLR{.lr = 1}}, StepLR{.lr = 3}};
  CHECK(product(2) == Approx(3e-6));
  CHECK(SequentialLR{StepLR{.lr = 1}, 0, StepLR{.lr = 2}}(0) == 2);
  CHECK_THROWS_AS(three(-1), ValueError);
  CHECK_THROWS_AS(product(-1), ValueError);
}

TEST_CASE("WarmupInverseSqrt is the schedule of the Transformer", "[optim][schedules]") {
  const double d_model = 512;
  const Index warmup = 4000;
  const optim::WarmupInverseSqrt schedule{1 / std::sqrt(d_model * 4000), warmup};
  for (const Index step : {1, 100, 3999, 4000, 4001, 100'000}) {
    const double s = static_cast<double>(step);
    CHECK(schedule(step) ==
          Approx(std::min(1 / std::sqrt(s), s * std::pow(4000, -1.5)) / std::sqrt(d_model)));
  }
}

TEST_CASE("schedules say what is wrong", "[optim][schedules][errors]") {
  using namespace optim;
  CHECK(error_of<ValueError>([] { StepLR{}(-1); }) ==
        "[StepLR] step must be at least 0, not -1; hint: it is the number of optimiser steps taken "
        "before, 0 at first");
  CHECK(error_of<ValueError>([] { StepLR{.step_size = 0}(1); }) ==
        "[StepLR] step_size must be at least 1, not 0");
  CHECK(error_of<ValueError>([] { StepLR{.lr = -1}(1); }) ==
        "[StepLR] lr must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { StepLR{.gamma = std::nan("")}(1); }) ==
        "[StepLR] gamma must be finite and at least 0, not nan");
  CHECK(error_of<ValueError>([] {
          MultiStepLR{.milestones = {3, -2}}(1);
        }) == "[MultiStepLR] each of the milestones must be at least 0, not -2");
  CHECK(error_of<ValueError>([] { MultiStepLR{.lr = -1}(1); }) ==
        "[MultiStepLR] lr must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { MultiStepLR{.gamma = -1}(1); }) ==
        "[MultiStepLR] gamma must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { ExponentialLR{.lr = -1}(1); }) ==
        "[ExponentialLR] lr must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { ExponentialLR{.gamma = -1}(1); }) ==
        "[ExponentialLR] gamma must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { PolynomialLR{.total_iters = 0}(1); }) ==
        "[PolynomialLR] total_iters must be at least 1, not 0");
  CHECK(error_of<ValueError>([] { PolynomialLR{.power = -1}(1); }) ==
        "[PolynomialLR] power must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { PolynomialLR{.lr = -1}(1); }) ==
        "[PolynomialLR] lr must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { CosineAnnealingWarmRestarts{.t_0 = 0}(1); }) ==
        "[CosineAnnealingWarmRestarts] t_0 must be at least 1, not 0");
  CHECK(error_of<ValueError>([] { CosineAnnealingWarmRestarts{.t_mult = 0}(1); }) ==
        "[CosineAnnealingWarmRestarts] t_mult must be at least 1, not 0");
  CHECK(error_of<ValueError>([] { CosineAnnealingWarmRestarts{.eta_min = -1}(1); }) ==
        "[CosineAnnealingWarmRestarts] eta_min must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { CosineAnnealingWarmRestarts{.lr = -1}(1); }) ==
        "[CosineAnnealingWarmRestarts] lr must be finite and at least 0, not -1");
  CHECK_THROWS_AS((MultiStepLR{}(-1)), ValueError);
  CHECK_THROWS_AS((ExponentialLR{}(-1)), ValueError);
  CHECK_THROWS_AS((PolynomialLR{}(-1)), ValueError);
  CHECK_THROWS_AS((CosineAnnealingWarmRestarts{}(-1)), ValueError);
  CHECK(error_of<ValueError>([] { LinearLR{.total_iters = 0}(1); }) ==
        "[LinearLR] total_iters must be at least 1, not 0");
  CHECK(error_of<ValueError>([] { LinearLR{.start_factor = -0.5}(1); }) ==
        "[LinearLR] start_factor must be finite and at least 0, not -0.5");
  CHECK(error_of<ValueError>([] { LinearLR{.end_factor = -0.5}(1); }) ==
        "[LinearLR] end_factor must be finite and at least 0, not -0.5");
  CHECK(error_of<ValueError>([] { CosineAnnealingLR{.t_max = 0}(1); }) ==
        "[CosineAnnealingLR] t_max must be at least 1, not 0");
  CHECK(error_of<ValueError>([] { CosineAnnealingLR{.eta_min = -1}(1); }) ==
        "[CosineAnnealingLR] eta_min must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([] { OneCycleLR{.total_steps = 0}(0); }) ==
        "[OneCycleLR] total_steps must be at least 1, not 0");
  CHECK(
      error_of<ValueError>([] { OneCycleLR{.pct_start = 30}(0); }) ==
      "[OneCycleLR] pct_start must lie in [0, 1], not 30; hint: it is a fraction, 0.3 for 30 % of "
      "the steps");
  CHECK(error_of<ValueError>([] { OneCycleLR{.div_factor = 0}(0); }) ==
        "[OneCycleLR] div_factor must be finite and greater than 0, not 0; hint: the learning rate "
        "is divided by it");
  CHECK_THROWS_AS((OneCycleLR{.final_div_factor = -1}(0)), ValueError);
  CHECK_THROWS_AS((OneCycleLR{.max_lr = std::numeric_limits<double>::infinity()}(0)), ValueError);
  CHECK(error_of<ValueError>([] { WarmupConstant{.warmup_steps = -1}(0); }) ==
        "[WarmupConstant] warmup_steps must be at least 0, not -1");
  CHECK(error_of<ValueError>([] { WarmupInverseSqrt{.warmup_steps = 0}(0); }) ==
        "[WarmupInverseSqrt] warmup_steps must be at least 1, not 0");
  CHECK(error_of<ValueError>([] { WarmupCosine{.warmup_steps = 100, .total_steps = 100}(0); }) ==
        "[WarmupCosine] total_steps must be greater than warmup_steps, 100, but is 100; hint: "
        "total_steps counts all steps of the training, those of the warm-up among them");
  CHECK(error_of<ValueError>([] { WarmupLinear{.warmup_steps = 5}(0); }) ==
        "[WarmupLinear] total_steps must be greater than warmup_steps, 5, but is 1; hint: "
        "total_steps counts all steps of the training, those of the warm-up among them");
  CHECK_THROWS_AS((WarmupLinear{.min_lr = -1}(0)), ValueError);
  CHECK_THROWS_AS((WarmupCosine{.min_lr = -1}(0)), ValueError);
  CHECK_THROWS_AS((WarmupCosine{}(-5)), ValueError);
}
