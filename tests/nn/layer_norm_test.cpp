#include "tenon/nn/layer_norm.hpp"

#include <utility>

#include "nn_support.hpp"
#include "tenon/nn/rms_norm.hpp"
#include "tenon/ops/layer_norm.hpp"
#include "tenon/ops/rms_norm.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("LayerNorm and RMSNorm are their functions and start as PyTorch's do",
          "[nn][layer_norm]") {
  const Tensor x = random_tensor<float>({2, 3, 5}, 1);
  nn::LayerNorm norm(5);
  CHECK(equal<float>(norm.weight, ones({5})));
  CHECK(equal<float>(norm.bias, zeros({5})));
  CHECK(same_bits(norm(x), layer_norm(x, {5}, ones({5}), zeros({5}))));
  norm.weight = random_tensor<float>({5}, 2);
  norm.bias = random_tensor<float>({5}, 3);
  CHECK(same_bits(norm(x), layer_norm<float>(x, {5}, norm.weight, norm.bias)));
  nn::LayerNorm two({3, 5}, {.eps = 1e-2, .bias = false});
  CHECK(two.weight.shape() == Shape{3, 5});
  CHECK_FALSE(two.bias.defined());
  CHECK(same_bits(two(x), layer_norm(x, {3, 5}, ones({3, 5}), {}, 1e-2)));
  nn::LayerNorm plain(5, {.elementwise_affine = false});
  CHECK(count_parameters(plain) == 0);
  CHECK(same_bits(plain(x), layer_norm(x, {5})));

  nn::RMSNorm rms(5);
  CHECK(count_parameters(rms) == 5);
  CHECK(same_bits(rms(x), rms_norm(x, {5}, ones({5}))));
  nn::RMSNorm other({3, 5}, {.eps = 1e-2, .elementwise_affine = false});
  CHECK(same_bits(other(x), rms_norm(x, {3, 5}, {}, 1e-2)));
}

TEST_CASE("LayerNorm and RMSNorm describe themselves and name their parameters",
          "[nn][layer_norm]") {
  CHECK(nn::LayerNorm(64).description() == "LayerNorm(64)");
  CHECK(nn::LayerNorm({3, 4}, {.eps = 1e-3, .bias = false}).description() ==
        "LayerNorm(3, 4, eps 0.001, bias=false)");
  CHECK(nn::LayerNorm(2, {.elementwise_affine = false}).description() ==
        "LayerNorm(2, elementwise_affine=false)");
  CHECK(nn::RMSNorm(64).description() == "RMSNorm(64)");
  CHECK(nn::RMSNorm({3, 4}, {.eps = 1e-3, .elementwise_affine = false}).description() ==
        "RMSNorm(3, 4, eps 0.001, elementwise_affine=false)");
  nn::Sequential net{nn::LayerNorm(2), nn::RMSNorm(2)};
  std::vector<std::string> names;
  for (const auto& p : nn::named_parameters(net)) names.push_back(p.name);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "1.weight"});
}

TEST_CASE("LayerNorm and RMSNorm refuse what cannot be", "[nn][layer_norm][errors]") {
  CHECK(error_of<ValueError>([] { nn::LayerNorm(0); }) ==
        "[LayerNorm] normalized_shape must name axes of at least 1 element, not (0); hint: it is "
        "the size of the last axis, or {H, W} for the last two");
  CHECK_THROWS_AS(nn::RMSNorm(Shape{}), ValueError);
  CHECK(error_of<ValueError>([] { nn::RMSNorm(3, {.eps = -1.0}); }) ==
        "[RMSNorm] eps must be at least 0, not -1; hint: it keeps the division from one by 0; 1e-5 "
        "is usual");
  nn::LayerNorm norm(3);
  nn::LayerNorm moved = std::move(norm);
  CHECK(error_of<ValueError>([&] { norm(ones({3})); }) ==  // NOLINT: on purpose
        "[LayerNorm] the layer has no weight, since it was moved from; hint: use the layer that it "
        "was moved to, or clone(layer) where both are needed");
  nn::Sequential net{nn::Linear(3, 4), nn::LayerNorm(3)};
  CHECK(error_of<ShapeError>([&] {
          net(ones({2, 3}));
        }) ==
        "[layer_norm] x must end with the sizes (3) that are normalised but its shape is (2, 4); "
        "hint: they are those of the last axes; transpose x where another axis holds the features "
        "(in layer 1: LayerNorm(3))\n"
        "    0 Linear(3 -> 4)  (2, 3) -> (2, 4)\n"
        "  > 1 LayerNorm(3)    expects 3 features\n"
        "  hint: normalized_shape = 4 would fit");
}
