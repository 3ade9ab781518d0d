#include "tenon/nn/init.hpp"

#include <cmath>

#include "nn_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Moments {
  double mean = 0, stddev = 0, largest = 0;
};

Moments moments_of(const Tensor& x) {
  Moments m;
  const auto values = values_of(x);
  const auto n = static_cast<double>(values.size());
  for (const float v : values) {
    m.mean += static_cast<double>(v) / n;
    m.largest = std::max(m.largest, std::abs(static_cast<double>(v)));
  }
  for (const float v : values) m.stddev += std::pow(static_cast<double>(v) - m.mean, 2) / n;
  m.stddev = std::sqrt(m.stddev);
  return m;
}

void check_uniform(const Tensor& x, double bound) {
  const Moments m = moments_of(x);
  CHECK(m.largest <= bound);
  CHECK(m.largest > 0.99 * bound);
  CHECK(m.stddev == Approx(bound / std::sqrt(3.0)).epsilon(0.03));
  CHECK(std::abs(m.mean) < 0.05 * bound);
}

void check_normal(const Tensor& x, double stddev) {
  const Moments m = moments_of(x);
  CHECK(m.stddev == Approx(stddev).epsilon(0.03));
  CHECK(m.largest > 2.5 * stddev);
  CHECK(std::abs(m.mean) < 0.05 * stddev);
}

}  // namespace

TEST_CASE("initialisations have the scale of their formulas", "[nn][init]") {
  manual_seed(1);
  nn::Conv2d conv(20, 30, {3, 2});  // fan_in 120, fan_out 180
  nn::init::xavier_uniform_(conv.weight);
  check_uniform(conv.weight, std::sqrt(6.0 / 300));
  nn::init::xavier_normal_(conv.weight, 2);
  check_normal(conv.weight, 2 * std::sqrt(2.0 / 300));
  nn::init::kaiming_uniform_(conv.weight);
  check_uniform(conv.weight, std::sqrt(6.0 / 120));
  nn::init::kaiming_uniform_(conv.weight, {.a = std::sqrt(5.0)});
  check_uniform(conv.weight, 1 / std::sqrt(120.0));
  nn::init::kaiming_normal_(conv.weight, {.fan = nn::init::Fan::out});
  check_normal(conv.weight, std::sqrt(2.0 / 180));
  nn::init::uniform_(conv.weight, -3, 3);
  check_uniform(conv.weight, 3);
  nn::init::normal_(conv.weight, 0, 0.02);
  check_normal(conv.weight, 0.02);
  nn::init::constant_(conv.bias, 0.5);
  CHECK(equal<float>(conv.bias, full({30}, 0.5f)));
}

TEST_CASE("initialising writes in place, views included", "[nn][init]") {
  nn::Linear layer(4, 4);
  const auto* leaf = layer.weight.impl();
  const auto version = leaf->version;
  nn::init::normal_(layer.weight);
  CHECK(layer.weight.impl() == leaf);
  CHECK(leaf->version != version);
  Tensor column = layer.weight.select(1, 2);
  nn::init::constant_(column, 7);
  CHECK(layer.weight(3, 2) == 7);
  CHECK(layer.weight(3, 1) != 7);
}

TEST_CASE("init::keras starts every Linear and Conv2d, however deep", "[nn][init]") {
  manual_seed(2);
  Model model;
  model.encoder.append(nn::Conv2d(10, 20, 3)).append(nn::Linear(50, 80, {.bias = false}));
  nn::init::keras(model);
  for (const auto& [name, parameter] : nn::named_parameters(model)) {
    INFO(name);
    if (name.ends_with("bias")) CHECK(moments_of(*parameter).largest == 0);
  }
  check_uniform(model.encoder.get<nn::Conv2d>(3).weight, std::sqrt(6.0 / 270));
  check_uniform(model.encoder.get<nn::Linear>(4).weight, std::sqrt(6.0 / 130));
  CHECK(equal<float>(model.encoder.get<Block>(0).scale, ones({3})));
  nn::Linear alone(300, 300);
  nn::init::keras(alone);
  check_uniform(alone.weight, std::sqrt(6.0 / 600));
  CHECK(moments_of(alone.bias).largest == 0);
}

TEST_CASE("a mistake in initialising is named", "[nn][init][errors]") {
  nn::Linear layer(2, 2, {.bias = false});
  Tensor vector = ones({3});
  CHECK(error_of<ShapeError>([&] { nn::init::xavier_uniform_(vector); }) ==
        "[xavier_uniform_] a weight has at least two axes, (outputs, inputs, ...), but this tensor "
        "has shape (3); hint: initialise biases with init::constant_ or init::uniform_");
  const std::string undefined =
      "the tensor to initialise is undefined; hint: was the layer moved from, or made without a "
      "bias?";
  CHECK(error_of<ValueError>([&] { nn::init::kaiming_normal_(layer.bias); }) ==
        "[kaiming_normal_] " + undefined);
  CHECK(error_of<ValueError>([&] { nn::init::uniform_(layer.bias); }) == "[uniform_] " + undefined);
  CHECK(error_of<ValueError>([&] { nn::init::normal_(layer.bias); }) == "[normal_] " + undefined);
  CHECK(error_of<ValueError>([&] { nn::init::constant_(layer.bias, 0); }) ==
        "[constant_] " + undefined);
  CHECK_THROWS_AS(nn::init::xavier_normal_(vector), ShapeError);
  CHECK_THROWS_AS(nn::init::kaiming_uniform_(vector), ShapeError);
}
