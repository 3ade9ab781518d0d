#include "tenon/nn/summary.hpp"

#include <sstream>

#include "nn_support.hpp"
#include "tenon/base/random.hpp"
#include "tenon/nn/batch_norm.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/embedding.hpp"
#include "tenon/nn/lstm.hpp"
#include "tenon/profile/profiler.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

nn::Sequential image_net() {
  return {nn::Conv2d(3, 8, 3, {.padding = 1}),
          nn::BatchNorm2d(8),
          nn::ReLU(),
          nn::MaxPool2d(2),
          nn::Flatten(),
          nn::Dropout(0.5),
          nn::Linear(8 * 4 * 4, 10),
          nn::ReLU()};
}

}  // namespace

TEST_CASE("summary tells shapes, parameters, memory and multiply-adds", "[nn][summary]") {
  nn::Sequential net = image_net();
  const nn::ModelSummary s = summary(net, {2, 3, 8, 8});
  REQUIRE(s.layers.size() == 9);
  CHECK(s.layers[0].path.empty());
  CHECK(s.layers[0].has_layers);
  CHECK(s.layers[0].output == Shape{2, 10});
  const Shape outputs[] = {{2, 8, 8, 8}, {2, 8, 8, 8}, {2, 8, 8, 8}, {2, 8, 4, 4},
                           {2, 128},     {2, 128},     {2, 10},      {2, 10}};
  for (std::size_t i = 0; i < 8; ++i) {
    CAPTURE(i);
    CHECK(s.layers[i + 1].path == std::to_string(i));
    CHECK(s.layers[i + 1].depth == 1);
    CHECK(s.layers[i + 1].has_output);
    CHECK(s.layers[i + 1].output == outputs[i]);
  }
  CHECK(s.layers[1].multiply_adds() == 2 * 8 * 64 * 27);
  CHECK(s.layers[7].multiply_adds() == 2 * 128 * 10);
  CHECK(s.layers[1].parameters == 8 * 27 + 8);
  CHECK(s.layers[2].parameters == 16);
  CHECK(s.layers[2].buffers == 17);
  CHECK(s.parameters == nn::count_parameters(net));
  CHECK(s.parameter_bytes == 4 * s.parameters);
  CHECK(s.buffers == 17);
  CHECK(s.buffer_bytes == 4 * 16 + 8);
  Index activations = 0;
  for (const auto& layer : s.layers) {
    if (!layer.has_layers) activations += 4 * layer.calls * layer.output.numel();
  }
  CHECK(s.activation_bytes == activations);
  CHECK(activations == 4 * (2 * 1024 + 256 + 256 + 256 + 20));  // both ReLUs are fused
}

TEST_CASE("summary leaves the net and the random numbers as they are", "[nn][summary]") {
  nn::Sequential net = image_net();
  net[1].eval();  // a frozen layer among others
  const auto state_before = default_generator().state();
  std::vector<Tensor> before;
  for (const auto& entry : nn::named_tensors<float>(net)) before.push_back(entry.tensor.clone());
  summary(net, {2, 3, 8, 8});
  std::size_t i = 0;
  for (const auto& entry : nn::named_tensors<float>(net)) {
    CHECK(same_bits(entry.tensor, before[i++]));
  }
  CHECK(net.is_training());
  CHECK_FALSE(net[1].is_training());
  CHECK(net[5].is_training());
  CHECK(default_generator().state().stream == state_before.stream);
  CHECK_THROWS_AS(summary(net, {2, 3, 9, 8, 1}), ShapeError);
  CHECK(net.is_training());
  CHECK_FALSE(net[1].is_training());
}

TEST_CASE("summary records nothing and does not disturb a profile", "[nn][summary]") {
  nn::Linear net(3, 2);
  const Tensor x = ones({1, 3});
  Profiler profiler({.measure_peak = false});
  Tape tape;
  const Tensor y = net(x);
  summary(net, {5, 3});
  CHECK_NOTHROW(tape.gradients(sum(y)));
  profiler.stop();
  const auto lines = profiler.entries(net);
  CHECK(lines[0].description == "Linear(3 -> 2)");
  CHECK(lines[0].forward.calls == 1);
}

TEST_CASE("summary of ids, sequences, shared layers and a layer alone", "[nn][summary]") {
  nn::Sequential ids_net{nn::Embedding(10, 4), nn::ReLU(), nn::LSTM(4, 6), nn::Linear(6, 2)};
  const auto s = summary(ids_net, zeros<std::int64_t>({3, 5}));
  CHECK(s.layers[1].calls == 1);
  CHECK(s.layers[1].output == Shape{3, 5, 4});
  CHECK(s.layers[3].output == Shape{3, 5, 6});
  CHECK(s.layers[3].multiply_adds() >= 3 * 5 * 4 * 6 * (4 + 6));

  struct Twice : nn::Module {
    nn::Linear fc{3, 3};
    Tensor forward(const Tensor& x) override { return fc(fc(x)); }
    void visit(nn::Visitor& v) override { v("fc", fc); }
  } twice;
  const auto t = summary(twice, [&] { twice(ones({2, 3})); });
  CHECK(t.layers[1].calls == 2);
  CHECK(t.layers[1].multiply_adds() == 2 * 2 * 9);
  CHECK(t.activation_bytes == 2 * 2 * 3 * 4);
  CHECK(t.parameters == 12);

  nn::BasicLinear<double> alone(3, 2);
  CHECK(summary(alone, {1, 3}).parameter_bytes == 8 * 8);

  nn::LSTM lstm(4, 6);
  const auto l = summary(lstm, [&] { lstm(zeros({2, 5, 4}), LSTMState()); });
  CHECK(l.layers[0].output == Shape{2, 5, 6});
}

TEST_CASE("summary as text", "[nn][summary]") {
  nn::Sequential net{nn::Linear(100, 2000), nn::ReLU(), nn::Linear(2000, 10)};
  std::ostringstream out;
  out << summary(net, {1, 100});
  CHECK(out.str() ==
        "layer                     output     parameters  buffers  multiply-adds\n"
        "Sequential()              (1, 10)             -        -              -\n"
        "  0  Linear(100 -> 2000)  (1, 2000)     202,000        -        200,000\n"
        "  1  ReLU()               (1, 2000)           -        -              -\n"
        "  2  Linear(2000 -> 10)   (1, 10)        20,010        -         20,000\n"
        "parameters 222,010 (888.0 kB), buffers 0 (0 B), activations 8.0 kB, multiply-adds "
        "220,000\n");
}
