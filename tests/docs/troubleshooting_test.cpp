// The code of docs/troubleshooting.md: each region between [name] and [/name] is quoted there, and
// runs here.

#include <string>
#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Divides by the standard deviation of a row, which may be 0.
struct Standardize : nn::Module {
  Tensor forward(const Tensor& x) override {
    const Tensor centred = x - mean(x, {1}, true);
    return centred / sqrt(mean(centred * centred, {1}, true));
  }
};

nn::Sequential fragile_net() {
  nn::Sequential net{nn::Linear(4, 8), Standardize(), nn::Linear(8, 3)};
  net.get<nn::Linear>(0).weight.fill_(0);
  net.get<nn::Linear>(0).bias.fill_(1);
  return net;
}

}  // namespace

TEST_CASE("the guide's search for NaN, and its replay", "[docs]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("replay.safetensors");
  manual_seed(1);
  nn::Sequential net = fragile_net();
  optim::Adam optimizer(net);
  const Tensor x = randn({2, 4});
  const LongTensor labels = randint(0, 3, {2}), indices = tensor<std::int64_t>({5, 3});
  const Index step = 312;
  std::string said;
  // [nan]
  DetectAnomaly guard;  // slow: take it out again
  const RandomKey generator = default_generator().state();
  try {
    Tape tape;
    optimizer.step(tape.gradients(cross_entropy(net(x), labels)));
  } catch (const NonFiniteError& error) {
    said = error.what();
    io::save_replay(path, {.inputs = {{"x", x}},
                           .targets = {{"y", labels}},
                           .state = io::state_dict(net),
                           .indices = indices,
                           .generator = generator,
                           .step = step,
                           .message = said});
  }
  // [/nan]
  CHECK_THAT(said, ContainsSubstring("[div] forward: the result (2, 8) holds 16 NaN among its 16 "
                                     "values, the first, nan, at (0, 0) (in layer 1: "
                                     "Standardize())"));
  nn::Sequential again = fragile_net();
  std::string message;
  // [replay]
  io::Replay replay = io::load_replay(path);
  io::load_state_dict(again, replay.state);
  default_generator().set_state(replay.generator);
  try {
    Tape tape;
    tape.gradients(
        cross_entropy(again(replay.inputs.get<float>("x")), replay.targets.get<std::int64_t>("y")));
  } catch (const NonFiniteError& error) {
    message = error.what();  // the same as replay.message
  }
  // [/replay]
  CHECK(message == said);
  CHECK(message == replay.message);
}

TEST_CASE("the guide's watch over gradients", "[docs]") {
  struct Net : nn::Module {
    nn::Linear first{4, 8}, forgotten{8, 8}, last{8, 3};
    Tensor forward(const Tensor& x) override { return last(relu(first(x))); }
    void visit(nn::Visitor& v) override {
      v("first", first);
      v("forgotten", forgotten);
      v("last", last);
    }
  } net;
  optim::SGD optimizer(net, {.lr = 0.1});
  const Tensor x = randn({8, 4});
  const LongTensor labels = randint(0, 3, {8});
  std::string report;
  // [watch]
  optim::GradientWatch watch(net);
  for (int step = 0; step < 10; ++step) {
    Tape tape;
    const Gradients g = tape.gradients(cross_entropy(net(x), labels));
    watch.observe(g);
    optimizer.step(g);
  }
  report = watch.report();  // "" where every parameter has had a gradient
  // [/watch]
  CHECK_THAT(report, ContainsSubstring("forgotten.weight, forgotten.bias: no gradient; the layer "
                                       "is not used in forward()"));
}

TEST_CASE("the guide's single batch", "[docs]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(4, 32), nn::ReLU(), nn::Linear(32, 3)};
  const Tensor x = randn({8, 4});
  const LongTensor labels = randint(0, 3, {8});
  // [overfit]
  optim::Adam optimizer(net, {.lr = 1e-2});
  float loss = 0;
  for (int step = 0; step < 300; ++step) {
    Tape tape;
    const Tensor l = cross_entropy(net(x), labels);  // the same batch in every step
    loss = l.item();
    optimizer.step(tape.gradients(l));
  }
  // [/overfit]
  CHECK(loss < 0.05f);
}

TEST_CASE("the guide's memory", "[docs]") {
  Index live = 0;
  const auto train_step = [] { return sum(ones({8})); };
  // [memory]
  train_step();
  const auto before = memory_stats().live_bytes;
  train_step();
  live = static_cast<Index>(memory_stats().live_bytes - before);  // 0 where a step keeps nothing
  // [/memory]
  CHECK(live == 0);
}
