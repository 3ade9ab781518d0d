// What each layer computes, how it starts, how it describes itself, what it refuses.

#include <algorithm>
#include <cmath>

#include "nn_support.hpp"
#include "tenon/nn/adaptive_avg_pool2d.hpp"
#include "tenon/nn/avg_pool2d.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/gelu.hpp"
#include "tenon/nn/loss.hpp"
#include "tenon/nn/prepack.hpp"
#include "tenon/nn/sigmoid.hpp"
#include "tenon/nn/silu.hpp"
#include "tenon/nn/softmax.hpp"
#include "tenon/nn/tanh.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/pad.hpp"
#include "tenon/ops/sigmoid.hpp"
#include "tenon/ops/silu.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/ops/tanh.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class T>
double largest(const BasicTensor<T>& x) {
  double result = 0;
  for (const T v : values_of(x)) result = std::max(result, std::abs(static_cast<double>(v)));
  return result;
}

/// The gradients of all parameters against central differences, |a - n| <= 1e-6 max(1, |a|, |n|).
template <class Layer>
void check_layer_gradients(Layer& layer, const DoubleTensor& x) {
  const DoubleTensor weights = random_tensor(layer(x).shape(), 99);
  const auto loss_of = [&] { return sum(layer(x) * weights); };
  Tape tape;
  const Gradients g = tape.gradients(loss_of());
  const NoTape numeric_only;
  for (const auto& [name, parameter] : nn::named_parameters(layer)) {
    const DoubleTensor analytic = g[*parameter];
    for (Index i = 0; i < parameter->numel(); ++i) {
      double& value = parameter->data()[i];
      const double old = value;
      value = old + 1e-5;
      const double above = loss_of().item();
      value = old - 1e-5;
      const double below = loss_of().item();
      value = old;
      const double numeric = (above - below) / 2e-5, a = analytic.data()[i];
      INFO(name << " " << i);
      CHECK(std::abs(a - numeric) <= 1e-6 * std::max({1.0, std::abs(a), std::abs(numeric)}));
    }
  }
}

}  // namespace

TEST_CASE("Linear computes x w^T + b", "[nn][linear]") {
  nn::Linear layer(2, 3);
  layer.weight = tensor({{1, 2}, {3, 4}, {5, 6}});
  layer.bias = tensor({10, 20, 30});
  CHECK(equal(layer(tensor({{1, 1}, {2, 0}})), tensor({{13, 27, 41}, {12, 26, 40}})));
  CHECK(layer(ones({4, 5, 2})).shape() == Shape{4, 5, 3});
  nn::Linear plain(2, 3, {.bias = false});
  CHECK_FALSE(plain.bias.defined());
  CHECK(count_parameters(plain) == 6);
  CHECK(plain.description() == "Linear(2 -> 3, bias=false)");
  CHECK(plain(ones({1, 2})).shape() == Shape{1, 3});
  nn::Dense dense(2, 3);
  CHECK(dense.description() == "Linear(2 -> 3)");
}

TEST_CASE("Linear and Conv2d start as PyTorch's do", "[nn][linear][conv2d]") {
  manual_seed(1);
  const auto check = [](const Tensor& x, double bound) {
    INFO("bound " << bound);
    CHECK(largest(x) <= bound);
    CHECK(largest(x) > 0.9 * bound);
  };
  nn::Linear layer(100, 50);
  check(layer.weight, 0.1);
  check(layer.bias, 0.1);
  nn::Conv2d conv(16, 40, {3, 5}, {.groups = 4});
  CHECK(conv.weight.shape() == Shape{40, 4, 3, 5});
  check(conv.weight, 1 / std::sqrt(60.0));
  check(conv.bias, 1 / std::sqrt(60.0));
}

TEST_CASE("layers start from the seed alone", "[nn][linear][conv2d]") {
  const auto make = [](std::uint64_t seed) {
    manual_seed(seed);
    return nn::Sequential{nn::Conv2d(1, 2, 3), nn::Linear(8, 3)};
  };
  auto a = make(1), b = make(1), c = make(2);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto pa = nn::parameters(a)[i], pb = nn::parameters(b)[i], pc = nn::parameters(c)[i];
    CHECK(same_bits<float>(*pa, *pb));
    CHECK_FALSE(same_bits<float>(*pa, *pc));
  }
  CHECK_FALSE(same_bits<float>(nn::Linear(3, 3).weight, nn::Linear(3, 3).weight));
}

TEST_CASE("Conv2d passes its options on and describes them", "[nn][conv2d]") {
  nn::Conv2d conv(4, 6, 3, {.stride = 2, .padding = {1, 2}, .dilation = 2, .groups = 2});
  const Tensor x = random_tensor<float>({2, 4, 9, 9}, 1);
  const Tensor expected =
      conv2d(x, conv.weight, conv.bias,
             Conv2dOptions{.stride = 2, .padding = {1, 2}, .dilation = 2, .groups = 2});
  CHECK(same_bits(conv(x), expected));
  CHECK(conv.description() ==
        "Conv2d(4 -> 6, kernel 3, stride 2, padding (1, 2), dilation 2, groups 2)");
  CHECK(nn::Conv2d(1, 32, {3, 1}, {.bias = false}).description() ==
        "Conv2d(1 -> 32, kernel (3, 1), bias=false)");
}

TEST_CASE("Conv2d's padding may mirror, repeat and go around", "[nn][conv2d]") {
  const Tensor x = random_tensor<float>({2, 4, 9, 8}, 1);
  for (const PadMode mode : {PadMode::reflect, PadMode::replicate, PadMode::circular}) {
    nn::Conv2d conv(4, 6, 3, {.stride = 2, .padding = {1, 2}, .padding_mode = mode});
    const Tensor around = pad(x, {1, 2}, {.mode = mode});
    CHECK(same_bits(conv(x), conv2d(around, conv.weight, conv.bias, {.stride = 2})));
    nn::Conv2d same(4, 6, {4, 3}, {.padding = Padding::same, .dilation = 2, .padding_mode = mode});
    CHECK(same(x).shape() == Shape{2, 6, 9, 8});
    CHECK(same_bits(
        same(x), conv2d(pad(x, {3, 2}, {.mode = mode}), same.weight, same.bias, {.dilation = 2})));
    const Tensor y = relu(same(x));
    nn::Sequential net{std::move(same), nn::ReLU()};  // in one pass
    CHECK(same_bits(net(x), y));
    net.eval();
    nn::prepack(net, x);
    CHECK(same_bits(net(x), y));
  }
  nn::Conv2d zeros(4, 6, 3, {.padding = 1, .padding_mode = PadMode::constant});
  CHECK(same_bits(zeros(x), conv2d(x, zeros.weight, zeros.bias, {.padding = 1})));
  CHECK(nn::Conv2d(1, 2, 3, {.padding = 1, .padding_mode = PadMode::reflect}).description() ==
        "Conv2d(1 -> 2, kernel 3, padding 1, padding_mode reflect)");
  CHECK(error_of<ValueError>([] {
          nn::Conv2d(1, 2, 3,
                     {.stride = 2, .padding = Padding::same, .padding_mode = PadMode::circular});
        }) == "[Conv2d] padding same needs stride 1; hint: give the padding as a number");
}

TEST_CASE("MaxPool2d passes its options on and describes them", "[nn][max_pool2d]") {
  const Tensor x = random_tensor<float>({2, 3, 9, 7}, 1);
  nn::MaxPool2d pool(2), other({3, 2}, {.stride = 1, .padding = 1, .dilation = {1, 2}});
  CHECK(same_bits(pool(x), max_pool2d(x, 2)));
  CHECK(same_bits(
      other(x),
      max_pool2d(x, {3, 2}, MaxPool2dOptions{.stride = 1, .padding = 1, .dilation = {1, 2}})));
  CHECK(pool.description() == "MaxPool2d(kernel 2)");
  CHECK(other.description() == "MaxPool2d(kernel (3, 2), stride 1, padding 1, dilation (1, 2))");
}

TEST_CASE("AvgPool2d passes its options on and describes them", "[nn][avg_pool2d]") {
  const Tensor x = random_tensor<float>({2, 3, 9, 7}, 1);
  const AvgPool2dOptions options{.stride = {1, 2},
                                 .padding = 1,
                                 .ceil_mode = true,
                                 .count_include_pad = false,
                                 .divisor_override = 7};
  nn::AvgPool2d pool(2), other({3, 2}, options);
  CHECK(same_bits(pool(x), avg_pool2d(x, 2)));
  CHECK(same_bits(other(x), avg_pool2d(x, {3, 2}, options)));
  CHECK(pool.description() == "AvgPool2d(kernel 2)");
  CHECK(other.description() ==
        "AvgPool2d(kernel (3, 2), stride (1, 2), padding 1, ceil_mode=true, "
        "count_include_pad=false, divisor_override 7)");
}

TEST_CASE("AdaptiveAvgPool2d gives images of one size", "[nn][avg_pool2d]") {
  const Tensor x = random_tensor<float>({2, 3, 9, 7}, 1);
  nn::AdaptiveAvgPool2d whole(1), other({0, 3});
  CHECK(same_bits(whole(x), adaptive_avg_pool2d(x, 1)));
  CHECK(same_bits(other(x), adaptive_avg_pool2d(x, {0, 3})));
  CHECK(whole.description() == "AdaptiveAvgPool2d(1)");
  CHECK(other.description() == "AdaptiveAvgPool2d((0, 3))");
}

TEST_CASE("activations are their functions", "[nn][relu][tanh][sigmoid][softmax]") {
  const Tensor x = random_tensor<float>({3, 4}, 1);
  CHECK(same_bits(nn::ReLU()(x), relu(x)));
  CHECK(same_bits(nn::Tanh()(x), tanh(x)));
  CHECK(same_bits(nn::Sigmoid()(x), sigmoid(x)));
  CHECK(same_bits(nn::Softmax()(x), softmax(x, -1)));
  CHECK(same_bits(nn::Softmax(0)(x), softmax(x, 0)));
  CHECK(same_bits(nn::GELU()(x), gelu(x)));
  CHECK(same_bits(nn::GELU({.approximate = GeluApproximation::tanh})(x),
                  gelu(x, {.approximate = GeluApproximation::tanh})));
  CHECK(same_bits(nn::SiLU()(x), silu(x)));
  CHECK(nn::GELU().description() == "GELU()");
  CHECK(nn::GELU({.approximate = GeluApproximation::tanh}).description() ==
        "GELU(approximate tanh)");
  CHECK(nn::Softmax(0).description() == "Softmax(0)");
  CHECK(nn::Tanh().description() == "Tanh()");
}

TEST_CASE("Flatten keeps the batch axis", "[nn][flatten]") {
  const Tensor x = random_tensor<float>({2, 3, 4, 5}, 1);
  CHECK(nn::Flatten()(x).shape() == Shape{2, 60});
  CHECK(nn::Flatten()(x).shares_storage(x));
  CHECK(nn::Flatten(0, 1)(x).shape() == Shape{6, 4, 5});
  CHECK(nn::Flatten(0, 1).description() == "Flatten(0, 1)");
  CHECK(nn::Flatten().description() == "Flatten()");
}

TEST_CASE("Dropout drops in training only", "[nn][dropout]") {
  manual_seed(3);
  nn::Dropout drop(0.25);
  const Tensor x = ones({1000});
  Index zeros_seen = 0;
  for (const float v : values_of(drop(x))) {
    CHECK((v == 0.0f || v == Approx(4.0 / 3)));
    zeros_seen += v == 0;
  }
  CHECK(zeros_seen > 180);
  CHECK(zeros_seen < 320);
  CHECK_FALSE(same_bits(drop(x), drop(x)));
  drop.eval();
  CHECK(same_bits(drop(x), x));
  CHECK(drop.description() == "Dropout(0.25)");
}

TEST_CASE("layers of double have right gradients", "[nn][linear][conv2d]") {
  manual_seed(4);
  nn::BasicLinear<double> linear_layer(4, 3);
  check_layer_gradients(linear_layer, random_tensor({5, 4}, 1));
  nn::BasicConv2d<double> conv(2, 4, 3, {.stride = 2, .padding = 1, .groups = 2});
  check_layer_gradients(conv, random_tensor({2, 2, 5, 6}, 2));
  nn::BasicSequential<double> net{nn::BasicLinear<double>(3, 4), nn::BasicTanh<double>(),
                                  nn::BasicLinear<double>(4, 2), nn::BasicSoftmax<double>()};
  check_layer_gradients(net, random_tensor({3, 3}, 3));
}

TEST_CASE("losses are their functions", "[nn][loss]") {
  const Tensor logits = random_tensor<float>({4, 3}, 1);
  const LongTensor labels = tensor<std::int64_t>({0, 2, 1, 1});
  CHECK(same_bits(nn::CrossEntropyLoss()(logits, labels), cross_entropy(logits, labels)));
  CHECK(same_bits(
      nn::CrossEntropyLoss{{.reduction = Reduction::sum, .label_smoothing = 0.1}}(logits, labels),
      cross_entropy(logits, labels, {.reduction = Reduction::sum, .label_smoothing = 0.1})));
  const Tensor p = sigmoid(logits), target = random_tensor<float>({4, 3}, 2, 0, 1);
  CHECK(same_bits(nn::CrossEntropyLoss()(logits, target), cross_entropy(logits, target)));
  CHECK(same_bits(nn::MSELoss()(p, target), mse_loss(p, target)));
  CHECK(same_bits(nn::MSELoss{Reduction::sum}(p, target), mse_loss(p, target, Reduction::sum)));
  CHECK(same_bits(nn::BCELoss()(p, target), binary_cross_entropy(p, target)));
  CHECK(same_bits(nn::BCEWithLogitsLoss()(logits, target),
                  binary_cross_entropy_with_logits(logits, target)));
}

TEST_CASE("a layer's constructor refuses what cannot be", "[nn][errors]") {
  CHECK(error_of<ValueError>([] { nn::Linear(0, 3); }) ==
        "[Linear] in_features and out_features must be at least 1, not 0 and 3; hint: "
        "nn::Linear(in_features, out_features)");
  CHECK(error_of<ValueError>([] {
          nn::Conv2d(3, 8, {3, 0});
        }) ==
        "[Conv2d] channels and kernel must be at least 1, not in_channels = 3, out_channels = 8, "
        "kernel = (3, 0); hint: nn::Conv2d(in_channels, out_channels, kernel)");
  CHECK(error_of<ValueError>([] { nn::Conv2d(3, 8, 3, {.groups = 2}); }) ==
        "[Conv2d] groups = 2 must divide in_channels = 3 and out_channels = 8; hint: groups = 1 "
        "connects every channel, groups = in_channels convolves each by itself");
  CHECK(error_of<ValueError>([] { nn::Conv2d(3, 8, 3, {.stride = 0}); }) ==
        "[Conv2d] stride and dilation must be at least 1 and padding at least 0, not stride = (0, "
        "0), dilation = (1, 1), padding = (0, 0)");
  CHECK(error_of<ValueError>([] { nn::MaxPool2d(0); }) ==
        "[MaxPool2d] the kernel must be at least 1, not (0, 0); hint: nn::MaxPool2d(2) halves "
        "height and width");
  CHECK(error_of<ValueError>([] { nn::AvgPool2d(0); }) ==
        "[AvgPool2d] the kernel must be at least 1, not (0, 0); hint: nn::AvgPool2d(2) halves "
        "height and width");
  CHECK(error_of<ValueError>([] {
          nn::AdaptiveAvgPool2d({1, -1});
        }) ==
        "[AdaptiveAvgPool2d] the output size must be at least 0, not (1, -1); hint: "
        "nn::AdaptiveAvgPool2d(1) averages each plane");
  CHECK(error_of<ValueError>([] { nn::Dropout(1.5); }) ==
        "[Dropout] the probability p must lie in [0, 1], not 1.5; hint: p is the fraction of "
        "elements to drop, 0.2 for a fifth");
  CHECK_THROWS_AS(nn::Dropout(std::nan("")), ValueError);
}
