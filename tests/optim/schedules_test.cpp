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
  if (op == "WarmupConstant") return optim::WarmupConstant{lr, warmup}(step);
  if (op == "WarmupLinear") return optim::WarmupLinear{lr, warmup, total}(step);
  if (op == "WarmupCosine") return optim::WarmupCosine{lr, warmup, total}(step);
  if (op == "WarmupInverseSqrt") return optim::WarmupInverseSqrt{lr, warmup}(step);
  FAIL("the test does not know the schedule " << op);
  return 0;
}

}  // namespace

TEST_CASE("schedules give PyTorch's learning rates", "[optim][schedules][tiny]") {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/schedules.safetensors");
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
  CHECK(cases == 23);
}

TEST_CASE("schedules stay at their end", "[optim][schedules]") {
  const Index late = 1'000'000;
  CHECK(optim::LinearLR{.lr = 0.3, .end_factor = 0.5}(late) == 0.15);
  CHECK(optim::OneCycleLR{.max_lr = 0.25, .total_steps = 10}(late) == Approx(1e-6));
  CHECK(optim::WarmupLinear{.lr = 1, .total_steps = 10, .min_lr = 0.125}(late) == 0.125);
  CHECK(optim::WarmupCosine{.lr = 1, .total_steps = 10, .min_lr = 0.125}(late) == 0.125);
  CHECK(optim::WarmupCosine{.lr = 1, .total_steps = 10, .min_lr = 0.125}(5) == Approx(0.5625));
  CHECK(optim::WarmupConstant{.lr = 0.3}(0) == 0.3);
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
