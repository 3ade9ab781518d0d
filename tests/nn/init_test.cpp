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

TEST_CASE("calculate_gain gives PyTorch's numbers", "[nn][init]") {
  using nn::init::Nonlinearity;
  CHECK(nn::init::calculate_gain(Nonlinearity::linear) == 1);
  CHECK(nn::init::calculate_gain(Nonlinearity::sigmoid) == 1);
  CHECK(nn::init::calculate_gain(Nonlinearity::tanh) == 5.0 / 3);
  CHECK(nn::init::calculate_gain(Nonlinearity::relu) == std::sqrt(2.0));
  CHECK(nn::init::calculate_gain(Nonlinearity::leaky_relu) == std::sqrt(2 / 1.0001));
  CHECK(nn::init::calculate_gain(Nonlinearity::leaky_relu, 1) == 1);
  CHECK(nn::init::calculate_gain(Nonlinearity::selu) == 0.75);
  manual_seed(3);
  Tensor w = zeros({100, 300});
  nn::init::kaiming_normal_(w, {.nonlinearity = Nonlinearity::tanh});
  check_normal(w, 5.0 / 3 / std::sqrt(300.0));
}

TEST_CASE("zeros_, ones_, eye_ and dirac_ write their values", "[nn][init]") {
  Tensor w = random_tensor<float>({2, 3}, 1);
  nn::init::ones_(w);
  CHECK(equal(w, ones({2, 3})));
  nn::init::zeros_(w);
  CHECK(equal(w, zeros({2, 3})));
  nn::init::eye_(w);
  CHECK(equal(w, tensor({{1, 0, 0}, {0, 1, 0}})));
  const Tensor x = random_tensor<float>({2, 4, 5, 5}, 2);
  nn::Conv2d conv(4, 4, 3, {.padding = 1, .groups = 2, .bias = false});
  nn::init::dirac_(conv.weight, 2);
  CHECK(equal(conv(x), x));
  nn::Conv2d wider(4, 6, {5, 1}, {.padding = {2, 0}, .bias = false});
  nn::init::dirac_(wider.weight);
  CHECK(equal(wider(x).narrow(1, 0, 4), x));
  CHECK(equal(wider(x).narrow(1, 4, 2), zeros({2, 2, 5, 5})));
}

TEST_CASE("trunc_normal_ is normal between its bounds", "[nn][init]") {
  manual_seed(4);
  struct Part {
    double mean, std, a, b;
  };
  for (const Part& p : {Part{0, 1, -2, 2}, Part{1, 0.5, 0, 3}, Part{0, 1, 5, 6}, Part{0, 1, -9, -8},
                        Part{0, 1, -1, 30}, Part{0, 0.02, -2, 2}, Part{0, 1, 20, 21}}) {
    CAPTURE(p.a, p.b);
    DoubleTensor w = zeros<double>({40000});
    nn::init::trunc_normal_(w, {p.mean, p.std, p.a, p.b});
    // The density's moments by sums over a grid.
    double mass = 0, mean = 0, second = 0;
    const double low = std::max(p.a, p.mean - 12 * p.std),
                 high = std::min(p.b, p.mean + 12 * p.std);
    const double from = low < high ? low : p.a, to = low < high ? high : p.b;
    for (int i = 0; i < 200000; ++i) {
      const double x = from + (to - from) * (i + 0.5) / 200000;
      const double z = (x - p.mean) / p.std, nearest = (from - p.mean) / p.std;
      const double shift = p.a > p.mean   ? nearest * nearest / 2
                           : p.b < p.mean ? std::pow((p.b - p.mean) / p.std, 2) / 2
                                          : 0;
      const double density = std::exp(shift - z * z / 2);
      mass += density;
      mean += density * x;
      second += density * x * x;
    }
    mean /= mass;
    const double stddev = std::sqrt(second / mass - mean * mean);
    double total = 0, squares = 0;
    for (const double v : values_of(w)) {
      CHECK_FALSE((v < p.a || v > p.b));
      total += v / 40000;
    }
    for (const double v : values_of(w)) squares += (v - total) * (v - total) / 40000;
    CHECK(std::abs(total - mean) < 0.03 * stddev);
    CHECK(std::sqrt(squares) == Approx(stddev).epsilon(0.03));
  }
  Tensor w = zeros({3});
  nn::init::trunc_normal_(w, {.a = 1, .b = 1});
  CHECK(equal(w, ones({3})));
}

TEST_CASE("sparse_ leaves zeros in every column", "[nn][init]") {
  manual_seed(5);
  Tensor w = ones({10, 30});
  nn::init::sparse_(w, 0.25);
  for (Index column = 0; column < 30; ++column) {
    Index count = 0;
    for (Index row = 0; row < 10; ++row) count += w(row, column) == 0;
    CHECK(count == 3);
  }
  CHECK(moments_of(w).largest < 0.06);
}

TEST_CASE("Rare initialisations explain what they want", "[nn][init]") {
  Tensor vector = zeros({3}), matrix = zeros({3, 4}), kernels = zeros({3, 4, 2}), nothing;
  CHECK(error_of<ShapeError>([&] { nn::init::eye_(vector); }) ==
        "[eye_] the tensor must have shape (O, D) but its shape is (3); hint: it is for weights, "
        "not for biases");
  CHECK_THROWS_AS(nn::init::eye_(nothing), ShapeError);
  CHECK_THROWS_AS(nn::init::dirac_(matrix), ShapeError);
  CHECK(error_of<ValueError>([&] { nn::init::dirac_(kernels, 2); }) ==
        "[dirac_] groups must divide the 3 outputs but is 2; hint: give the groups of the "
        "convolution");
  CHECK(error_of<ValueError>([&] { nn::init::trunc_normal_(matrix, {.a = 2, .b = 1}); }) ==
        "[trunc_normal_] std must be more than 0 and a at most b, but std is 1, a 2 and b 1; hint: "
        "a and b are values, not multiples of std");
  CHECK_THROWS_AS(nn::init::trunc_normal_(matrix, {.std = 0}), ValueError);
  CHECK_THROWS_AS(nn::init::trunc_normal_(nothing), ValueError);
  CHECK(error_of<ValueError>([&] { nn::init::sparse_(matrix, 1.5); }) ==
        "[sparse_] sparsity must be in [0, 1] but is 1.5; hint: it is the share of zeros in each "
        "column");
  CHECK_THROWS_AS(nn::init::sparse_(kernels, 0.5), ShapeError);
  CHECK_THROWS_AS(nn::init::zeros_(nothing), ValueError);
}
