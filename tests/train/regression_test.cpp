#include "tenon/train/regression.hpp"

#include "metric_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("Errors of regression counted by hand", "[train][regression][tiny]") {
  const Tensor prediction = tensor({1, 2, 3, 4}), target = tensor({1, 2, 3, 8});
  CHECK(result_of(MeanSquaredError(), prediction, target) == 4);
  CHECK(result_of(RootMeanSquaredError(), prediction, target) == 2);
  CHECK(result_of(MeanAbsoluteError(), prediction, target) == 1);
  CHECK(result_of(R2Score(), prediction, target) == Approx(1 - 16.0 / 29));
  for (auto& metric : metrics_of_numbers<float>()) {
    CHECK(result_of(metric, prediction.unsqueeze(1), target) ==
          result_of(metric, prediction, target));
  }
}

TEST_CASE("A NaN or an infinite value makes the error so", "[train][regression][tiny]") {
  Tensor prediction = tensor({1, 2, 3});
  prediction(1) = static_cast<float>(not_a_number);
  for (auto& metric : metrics_of_numbers<float>()) {
    INFO(metric.name());
    CHECK(std::isnan(result_of(metric, prediction, tensor({1, 2, 3}))));
    CHECK(std::isnan(result_of(metric, prediction, tensor({5, 5, 5}))));
    CHECK(std::isnan(result_of(metric, tensor({1, 2, 3}), prediction)));
  }
  prediction(1) = std::numeric_limits<float>::infinity();
  CHECK(std::isinf(result_of(MeanSquaredError(), prediction, tensor({1, 2, 3}))));
}

TEST_CASE("R2 does not cancel far from zero", "[train][regression][tiny]") {
  const DoubleTensor target = tensor<double>({1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4});
  const DoubleTensor prediction = tensor<double>({1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 5});
  CHECK(result_of(R2Score(), prediction, target) == Approx(0.8).epsilon(1e-12));
  CHECK(std::isnan(result_of(R2Score(), tensor({1}), tensor({1}))));
}

TEST_CASE("Shapes of regression that do not fit are explained", "[train][regression][tiny]") {
  const std::string expected =
      " prediction (4, 2) and target (4) must have one shape; hint: nothing is broadcast here; "
      "reshape one of them";
  const auto error = [](auto metric) {
    return error_of<ShapeError>([&] { metric.update(zeros({4, 2}), zeros({4})); });
  };
  CHECK(error(MeanSquaredError()) == "[MeanSquaredError]" + expected);
  CHECK(error(RootMeanSquaredError()) == "[RootMeanSquaredError]" + expected);
  CHECK(error(MeanAbsoluteError()) == "[MeanAbsoluteError]" + expected);
  CHECK(error(R2Score()) == "[R2Score]" + expected);
  R2Score r2;
  r2.update(zeros({2, 3}), zeros({2, 3}));
  CHECK(error_of<ShapeError>([&] {
          r2.update(zeros({2, 4}), zeros({2, 4}));
        }) ==
        "[R2Score] the prediction (2, 4) has 4 outputs a sample but earlier ones had 3; hint: "
        "reset() begins anew");
}
