// Activations as layers, Identity, Bilinear and the similarities: what they compute, how they
// describe themselves, what they hold.

#include "tenon/nn/activations.hpp"

#include "nn_support.hpp"
#include "tenon/nn/bilinear.hpp"
#include "tenon/nn/identity.hpp"
#include "tenon/nn/similarity.hpp"
#include "tenon/ops/activations.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("Activation layers compute their functions and say their options", "[nn][activations]") {
  const auto x = random_tensor<float>({3, 4}, 1, -8, 8);
  const auto check = [&](nn::Module&& layer, const Tensor& y, const char* description) {
    CHECK(equal(layer(x), y));
    CHECK(layer.description() == description);
  };
  check(nn::LeakyReLU(), leaky_relu(x, 0.01), "LeakyReLU(0.01)");
  check(nn::LeakyReLU(0.3), leaky_relu(x, 0.3), "LeakyReLU(0.3)");
  check(nn::ELU(2), elu(x, 2), "ELU(2)");
  check(nn::SELU(), selu(x), "SELU()");
  check(nn::CELU(0.5), celu(x, 0.5), "CELU(0.5)");
  check(nn::ReLU6(), relu6(x), "ReLU6()");
  check(nn::Hardtanh(-2, 3), hardtanh(x, -2, 3), "Hardtanh(-2, 3)");
  check(nn::Hardtanh(), hardtanh(x, -1, 1), "Hardtanh(-1, 1)");
  check(nn::Hardsigmoid(), hardsigmoid(x), "Hardsigmoid()");
  check(nn::Hardswish(), hardswish(x), "Hardswish()");
  check(nn::Softplus(2, 5), softplus(x, 2, 5), "Softplus(2, 5)");
  check(nn::Mish(), mish(x), "Mish()");
  check(nn::Softsign(), softsign(x), "Softsign()");
  check(nn::LogSigmoid(), logsigmoid(x), "LogSigmoid()");
  check(nn::PReLU(), leaky_relu(x, 0.25), "PReLU(1)");
  check(nn::Identity(), x, "Identity()");
}

TEST_CASE("PReLU has one slope for all or one for each channel, 0.25 at first",
          "[nn][activations]") {
  nn::PReLU layer(3);
  CHECK(equal(layer.weight, full<float>({3}, 0.25f)));
  CHECK(count_parameters(layer) == 3);
  CHECK(nn::named_parameters(layer)[0].name == "weight");
  layer.weight = tensor({1, 2, 3});
  Tape tape;
  const auto y = layer(full<float>({2, 3, 4}, -1));
  CHECK(y(1, 2, 3) == -3);
  CHECK(equal(tape.gradients(sum(y))[layer.weight], tensor({-8, -8, -8})));
  CHECK_THAT(error_of<ShapeError>([&] {
               layer(zeros({2, 4}));
             }),
             ContainsSubstring("[prelu] w must have shape (1) or (C=4) but has (3)"));
  CHECK_THAT(error_of<ValueError>([] { nn::PReLU(0); }),
             ContainsSubstring("[PReLU] num_parameters must be at least 1, not 0; hint: "));
  nn::PReLU moved = std::move(layer);
  CHECK(moved.weight.size(0) == 3);
  CHECK(layer.description() == "PReLU(moved from)");
}

TEST_CASE("Bilinear starts as PyTorch's and takes two inputs", "[nn][bilinear]") {
  manual_seed(1);
  nn::Bilinear layer(16, 5, 3);
  double most = 0;
  for (const float v : values_of<float>(layer.weight)) most = std::max(most, std::abs(double{v}));
  CHECK(most <= 0.25);
  CHECK(most > 0.24);
  CHECK(layer.weight.shape() == Shape{3, 16, 5});
  CHECK(layer.bias.shape() == Shape{3});
  const auto x1 = random_tensor<float>({2, 16}, 1), x2 = random_tensor<float>({2, 5}, 2);
  CHECK(equal(layer(x1, x2), bilinear<float>(x1, x2, layer.weight, layer.bias)));
  CHECK(layer.description() == "Bilinear(16 x 5 -> 3)");
  nn::Bilinear plain(2, 3, 4, {.bias = false});
  CHECK_FALSE(plain.bias.defined());
  CHECK(plain.description() == "Bilinear(2 x 3 -> 4, bias=false)");
  CHECK_THAT(error_of<ShapeError>([&] { layer(x2, x1); }),
             ContainsSubstring("[bilinear] w expects 16 features of x1, which has 5"));
  CHECK_THAT(error_of<ValueError>([] { nn::Bilinear(0, 2, 3); }),
             ContainsSubstring("[Bilinear] in1_features, in2_features and out_features must be at "
                               "least 1, not 0, 2 and 3; hint: "));
}

TEST_CASE("CosineSimilarity and PairwiseDistance carry their options", "[nn][similarity]") {
  const auto a = random_tensor<float>({4, 5}, 1), b = random_tensor<float>({4, 5}, 2);
  CHECK(equal(nn::CosineSimilarity()(a, b), cosine_similarity(a, b)));
  CHECK(equal(nn::CosineSimilarity{{.dim = 0}}(a, b), cosine_similarity(a, b, {.dim = 0})));
  CHECK(equal(nn::PairwiseDistance()(a, b), pairwise_distance(a, b)));
  CHECK(equal(nn::PairwiseDistance{{.p = 1}}(a, b), pairwise_distance(a, b, {.p = 1})));
}
