#include "tenon/nn/output_hook.hpp"

#include <string>
#include <vector>

#include "nn_support.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/nn/conv2d.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/max_pool2d.hpp"
#include "tenon/nn/relu.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/ops/min.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Seen {
  std::string path, name;
  Shape shape;
};

}  // namespace

TEST_CASE("A hook sees every module's output, inner ones first", "[nn][hook]") {
  nn::Sequential net{nn::Conv2d(1, 2, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Conv2d(2, 3, 2),
                     nn::ReLU()};
  const Tensor x = random_tensor<float>({2, 1, 8, 8}, 1);
  const Tensor before = net(x);
  std::vector<Seen> seen;
  Tensor last, lowest;
  {
    nn::OutputHook hook([&](const nn::Module& layer, const Tensor& y) {
      seen.push_back({net.path_to(&layer), layer.name(), y.shape()});
      last = y;
      if (layer.name() == "Conv2d") lowest = y;
    });
    CHECK(same_bits(net(x), before));
  }
  REQUIRE(seen.size() == 6);
  const char* names[] = {"Conv2d", "ReLU", "MaxPool2d", "Conv2d", "ReLU", "Sequential"};
  for (std::size_t i = 0; i < 6; ++i) CHECK(seen[i].name == names[i]);
  CHECK(seen[3].path == "3");
  CHECK(seen[2].shape == Shape{2, 2, 3, 3});
  CHECK(same_bits(last, before));
  CHECK(min(lowest).item() < 0);  // not what the ReLU behind it makes of it
  net(x);
  CHECK(seen.size() == 6);
}

TEST_CASE("Hooks nest, and an error closes them", "[nn][hook]") {
  nn::Linear layer(2, 2);
  std::string order;
  nn::OutputHook outer([&](const nn::Module&, const Tensor&) { order += 'o'; });
  try {
    nn::OutputHook inner([&](const nn::Module&, const Tensor&) {
      order += 'i';
      throw ValueError("enough");
    });
    layer(ones({1, 2}));
  } catch (const ValueError&) {
  }
  CHECK(order == "i");
  layer(ones({1, 2}));
  CHECK(order == "io");
}

TEST_CASE("What a hook keeps can be differentiated", "[nn][hook]") {
  nn::BasicSequential<double> net{nn::BasicLinear<double>(2, 3), nn::BasicReLU<double>()};
  Tape tape;
  DoubleTensor first;
  nn::DoubleOutputHook hook([&](const nn::BasicModule<double>&, const DoubleTensor& y) {
    if (!first.defined()) first = y;
  });
  net(ones<double>({1, 2}));
  const Gradients g = tape.gradients(sum(first));
  CHECK(equal(g[net.get<nn::BasicLinear<double>>(0).bias], ones<double>({3})));
}
