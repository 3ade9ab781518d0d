#include "tenon/nn/conv_transpose2d.hpp"

#include <algorithm>
#include <cmath>

#include "allocation_counter.hpp"
#include "nn_support.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/optim/sgd.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

double largest(const Tensor& x) {
  double result = 0;
  for (const float v : values_of(x)) result = std::max(result, std::abs(static_cast<double>(v)));
  return result;
}

}  // namespace

TEST_CASE("ConvTranspose2d passes its options on and describes them", "[nn][conv_transpose2d]") {
  nn::ConvTranspose2d layer(
      4, 6, 3, {.stride = 2, .padding = {1, 2}, .output_padding = 1, .dilation = 2, .groups = 2});
  const Tensor x = random_tensor<float>({2, 4, 5, 6}, 1);
  const Tensor expected = conv_transpose2d(
      x, layer.weight, layer.bias,
      ConvTranspose2dOptions{
          .stride = 2, .padding = {1, 2}, .output_padding = 1, .dilation = 2, .groups = 2});
  CHECK(same_bits(layer(x), expected));
  CHECK(layer.description() ==
        "ConvTranspose2d(4 -> 6, kernel 3, stride 2, padding (1, 2), output_padding 1, dilation 2, "
        "groups 2)");
  nn::ConvTranspose2d plain(1, 32, {3, 1}, {.bias = false});
  CHECK(plain.description() == "ConvTranspose2d(1 -> 32, kernel (3, 1), bias=false)");
  CHECK_FALSE(plain.bias.defined());
  CHECK(count_parameters(plain) == 96);
  const nn::ConvTranspose2d moved = std::move(plain);
  CHECK(plain.description() == "ConvTranspose2d(moved from)");
}

TEST_CASE("ConvTranspose2d starts as PyTorch's does", "[nn][conv_transpose2d]") {
  manual_seed(1);
  const nn::ConvTranspose2d layer(40, 16, {3, 5}, {.groups = 4});
  CHECK(layer.weight.shape() == Shape{40, 4, 3, 5});
  CHECK(layer.bias.shape() == Shape{16});
  const double bound = 1 / std::sqrt(60.0);
  CHECK(largest(layer.weight) <= bound);
  CHECK(largest(layer.weight) > 0.99 * bound);
  CHECK(largest(layer.bias) <= bound);
  CHECK(largest(layer.bias) > 0.5 * bound);
}

TEST_CASE("Keras' initialisation knows ConvTranspose2d", "[nn][conv_transpose2d]") {
  nn::Sequential net{nn::ConvTranspose2d(8, 32, 3)};
  nn::init::keras(net);
  const auto state = nn::named_tensors(net);
  const double bound = std::sqrt(6.0 / ((8 + 32) * 9));
  CHECK(largest(state[0].tensor) <= bound);
  CHECK(largest(state[0].tensor) > 0.99 * bound);
  CHECK(largest(state[1].tensor) == 0);
}

TEST_CASE("ConvTranspose2d can be trained and copied", "[nn][conv_transpose2d]") {
  manual_seed(3);
  nn::Sequential net{nn::ConvTranspose2d(2, 3, 4, {.stride = 2, .padding = 1}), nn::ReLU(),
                     nn::Conv2d(3, 1, 3, {.padding = 1})};
  const nn::Sequential before = net;
  optim::SGD sgd(net, {.lr = 0.05});
  const Tensor x = random_tensor<float>({4, 2, 5, 5}, 2),
               y = random_tensor<float>({4, 1, 10, 10}, 3);
  const auto step = [&] {
    Tape tape;
    const Tensor error = net(x) - y;
    const Tensor loss = mean(error * error);
    sgd.step(tape.gradients(loss));
    return loss.item();
  };
  const float first = step();
  for (int i = 0; i < 20; ++i) step();
  const AllocationCounter counter;
  const float last = step();
  const auto allocations = counter.count();
  if (can_count_allocations()) CHECK(allocations == 0);
  CHECK(last < 0.9F * first);
  nn::Sequential copy = before;
  CHECK(nn::named_parameters(copy)[0].name == "0.weight");
  CHECK_FALSE(same_bits<float>(*nn::parameters(copy)[0], *nn::parameters(net)[0]));
}

TEST_CASE("ConvTranspose2d's constructor refuses what cannot be", "[nn][conv_transpose2d]") {
  const auto error_for = [](Index in, Index out, Pair kernel,
                            const nn::ConvTranspose2dOptions& options = {}) {
    return error_of<ValueError>([&] { nn::ConvTranspose2d(in, out, kernel, options); });
  };
  CHECK(error_for(3, 8, {3, 0}) ==
        "[ConvTranspose2d] channels and kernel must be at least 1, not in_channels = 3, "
        "out_channels = 8, kernel = (3, 0); hint: nn::ConvTranspose2d(in_channels, out_channels, "
        "kernel)");
  CHECK(error_for(3, 8, 3, {.groups = 2}) ==
        "[ConvTranspose2d] groups = 2 must divide in_channels = 3 and out_channels = 8; hint: "
        "groups = 1 connects every channel");
  CHECK(error_for(3, 8, 3, {.stride = 0}) ==
        "[ConvTranspose2d] stride and dilation must be at least 1 and padding at least 0, not "
        "stride = (0, 0), dilation = (1, 1), padding = (0, 0)");
  CHECK(error_for(3, 8, 3, {.stride = 2, .output_padding = {1, 2}}) ==
        "[ConvTranspose2d] output_padding = (1, 2) must be at least 0 and smaller than stride = "
        "(2, 2) or dilation = (1, 1); hint: stride 2 doubles an image with kernel 3, padding 1 and "
        "output_padding 1, or with kernel 4 and padding 1");
  CHECK_FALSE(error_for(3, 8, 3, {.output_padding = -1}) == "no error");
}

TEST_CASE("An error of conv_transpose2d names the layer", "[nn][conv_transpose2d]") {
  nn::Sequential net{nn::ReLU(), nn::ConvTranspose2d(2, 3, 3)};
  CHECK_THAT(error_of<ShapeError>([&] {
               net(zeros({1, 4, 5, 5}));
             }),
             Catch::Matchers::ContainsSubstring("weight expects 2 input channels but x has 4") &&
                 Catch::Matchers::ContainsSubstring("1: ConvTranspose2d(2 -> 3, kernel 3)"));
}
