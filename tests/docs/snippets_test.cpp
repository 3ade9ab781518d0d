// The code of README.md and docs/: each region between [name] and [/name] is quoted there, and runs
// here.

#include <cmath>
#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace tenon;

namespace {

// [custom-module]
struct Residual : nn::Module {  // no macro, no registry: members are named once, in visit()
  nn::Conv2d conv{8, 8, 3, {.padding = 1}};

  Tensor forward(const Tensor& x) override { return relu(conv(x)) + x; }
  void visit(nn::Visitor& v) override { v("conv", conv); }
};
// [/custom-module]

data::Dataset bright_halves() {
  Tensor images = rand({64, 1, 12, 12}) * 0.1;
  LongTensor labels = LongTensor::empty({64});
  for (Index i = 0; i < 64; ++i) {
    labels(i) = i % 2;
    images[i].narrow(2, 6 * (i % 2), 6).fill_(1.0F);
  }
  return data::TensorDataset(images, labels);
}

}  // namespace

TEST_CASE("the README's example trains", "[docs]") {
  manual_seed(1);
  const auto train = bright_halves();
  double last = 1;
  // [readme]
  manual_seed(42);
  nn::Sequential net{nn::Conv2d(1, 8, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                     nn::Linear(200, 2)};
  optim::Adam adam(net, {.lr = 1e-2});
  data::DataLoader loader(train, {.batch_size = 16, .shuffle = true});

  for (int epoch = 0; epoch < 10; ++epoch) {
    for (auto& [images, labels] : loader) {
      Tape tape;  // records until the scope ends
      Tensor loss = cross_entropy(net(images), labels);
      adam.step(tape.gradients(loss));
      last = loss.item();
    }
  }
  // [/readme]
  REQUIRE(last < 0.1);
}

TEST_CASE("the guide's tensors", "[docs]") {
  // [tensors]
  Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});   // float; tensor<double>(...) for double
  Tensor column = x.index({all, 1});           // 2, 5: a view, as NumPy's x[:, 1]
  Tensor scaled = 10 * x + tensor({1, 2, 3});  // broadcasts
  Tensor means = mean(x, {1});                 // 2, 5
  column.fill_(0);                             // writes into x
  float corner = x(0, -1);                     // 3
  // [/tensors]
  REQUIRE(equal(x, tensor({{1, 0, 3}, {4, 0, 6}})));
  REQUIRE(equal(scaled, tensor({{11, 22, 33}, {41, 52, 63}})));
  REQUIRE(equal(means, tensor({2, 5})));
  REQUIRE(corner == 3);
}

TEST_CASE("the guide's gradients", "[docs]") {
  // [gradients]
  Tensor x = tensor({1, 2, 3});
  Tape tape;
  auto v = tape.watch(x);  // what is no nn::Parameter has to be watched
  Gradients g = tape.gradients(sum(v * v));
  Tensor dx = g[v];  // 2, 4, 6
  // [/gradients]
  REQUIRE(equal(dx, tensor({2, 4, 6})));
}

TEST_CASE("the guide's second derivative", "[docs]") {
  Tensor x = tensor({0, 1, 2});
  // [second-derivative]
  Tape outer;
  auto v = outer.watch(x);
  Tensor first;
  {
    Tape inner;
    first = inner.gradients(sum(sin(v)))[v];  // cos(x)
  }
  Tensor second = outer.gradients(sum(first))[v];  // -sin(x)
  // [/second-derivative]
  REQUIRE(allclose(second, -sin(x), 1e-5, 1e-6));
}

TEST_CASE("the guide's own module", "[docs]") {
  manual_seed(1);
  // [use-custom-module]
  nn::Sequential net{nn::Conv2d(1, 8, 3), Residual(), nn::Flatten(), nn::Linear(800, 2)};
  Tensor logits = net(rand({4, 1, 12, 12}));  // (4, 2)
  // [/use-custom-module]
  REQUIRE(logits.shape() == Shape{4, 2});
}

TEST_CASE("the guide's inference", "[docs]") {
  manual_seed(1);
  nn::Sequential net{nn::Conv2d(1, 8, 3), nn::ReLU(), nn::Flatten(), nn::Linear(800, 2)};
  const Tensor image = rand({1, 1, 12, 12});
  const Tensor expected = net(image);
  // [prepack]
  net.eval();
  nn::prepack(net, image);     // weights as the kernels read them, for images of this size
  Tensor logits = net(image);  // the same bits, sooner
  // [/prepack]
  REQUIRE(equal(logits, expected));
}

TEST_CASE("the guide's file", "[docs]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("net.safetensors");
  manual_seed(1);
  nn::Sequential net{nn::Linear(4, 2)};
  nn::Sequential other{nn::Linear(4, 2)};
  // [save]
  io::save(net, path);    // safetensors: Python reads it too
  io::load(other, path);  // says what is missing, unexpected or of another shape
  // [/save]
  const Tensor x = rand({3, 4});
  REQUIRE(equal(net(x), other(x)));
}
