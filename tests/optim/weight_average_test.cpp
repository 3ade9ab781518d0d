#include "tenon/optim/weight_average.hpp"

#include <cmath>
#include <string>

#include "../nn/nn_support.hpp"
#include "allocation_counter.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/io/state_dict.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Net : nn::BasicModule<double> {
  nn::BasicParameter<double> weight{zeros<double>({2, 3})};
  DoubleTensor mean = zeros<double>({3});
  LongTensor batches = LongTensor::empty({});

  Net() { batches.data()[0] = 0; }
  void visit(nn::BasicVisitor<double>& v) override {
    v("weight", weight);
    v.buffer("mean", mean);
    v.buffer("batches", batches);
  }
};

double distance(const DoubleTensor& a, const DoubleTensor& b) {
  double worst = 0;
  for_each_position(a.shape(), [&](const Shape& p) {
    worst = std::max(worst, std::abs(value_at(a, p) - value_at(b, p)));
  });
  return worst;
}

template <class Average, class... Options>
void check(const std::string& label, const Options&... options) {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/averages.safetensors");
  const auto weights = file.get<double>("weights"), means = file.get<double>("means");
  const auto averages = file.get<double>(label + ".weights");
  Net net;
  Average average(net, options...);
  for (Index i = 0; i < weights.size(0); ++i) {
    net.weight = weights[i];
    net.mean.copy_(means[i]);
    net.batches.data()[0] = i + 1;
    average.update();
    CHECK(average.updates() == i + 1);
    net.mean.fill_(-1);
    {
      const auto applied = average.apply();
      CHECK(distance(net.weight, averages[i]) <= 1e-14);
      CHECK(equal<double>(net.mean, means[i]));
      CHECK(net.batches() == i + 1);
    }
    CHECK(equal<double>(net.weight, weights[i]));
    CHECK(equal<double>(net.mean, full<double>({3}, -1)));
  }
}

}  // namespace

TEST_CASE("averages of weights are PyTorch's", "[optim][weight_average]") {
  check<optim::BasicStochasticWeightAverage<double>>("swa");
  check<optim::BasicExponentialMovingAverage<double>>("ema", 0.9);
}

TEST_CASE("an average is saved and loaded as a module, under PyTorch's names",
          "[optim][weight_average]") {
  Net net;
  optim::BasicStochasticWeightAverage<double> average(net);
  net.weight.fill_(1);
  average.update();
  net.weight.fill_(2);
  average.update();
  const io::TensorDict state = io::state_dict(average);
  CHECK(state.get<std::int64_t>("n_averaged").item() == 2);
  CHECK(equal(state.get<double>("module.weight"), full<double>({2, 3}, 1.5)));
  CHECK(state.get<double>("module.mean").numel() == 3);

  Net other;
  optim::BasicStochasticWeightAverage<double> restored(other);
  io::load_state_dict(restored, state);
  CHECK(restored.updates() == 2);
  other.weight.fill_(6);
  restored.update();
  const auto applied = restored.apply();
  CHECK(distance(other.weight, full<double>({2, 3}, 3)) <= 1e-15);
}

TEST_CASE("tied parameters are averaged once", "[optim][weight_average]") {
  TiedModel model;
  optim::ExponentialMovingAverage average(model, 0.5);
  average.update();
  const float before = nn::parameters(model)[0]->data()[0];
  for (auto* p : nn::parameters(model)) p->fill_(0);
  average.update();
  {
    const auto applied = average.apply();
    CHECK(nn::parameters(model)[0]->data()[0] == before / 2);
  }
  CHECK(nn::parameters(model)[0]->data()[0] == 0);
}

TEST_CASE("an average allocates nothing once made", "[optim][weight_average]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  Model model;
  optim::ExponentialMovingAverage average(model);
  average.update();
  const AllocationCounter counter;
  average.update();
  { const auto applied = average.apply(); }
  CHECK(counter.count() == 0);
}

TEST_CASE("an average says what is wrong", "[optim][weight_average][errors]") {
  nn::Linear layer(1, 1);
  for (const double decay : {1.0, -0.5}) {
    CHECK_THROWS_AS(optim::ExponentialMovingAverage(layer, decay), ValueError);
  }
  CHECK(error_of<ValueError>([&] { optim::ExponentialMovingAverage average(layer, 1); }) ==
        "[ExponentialMovingAverage] decay must lie in [0, 1), not 1");
  nn::ReLU nothing;
  CHECK(error_of<ValueError>([&] { optim::StochasticWeightAverage average(nothing); }) ==
        "[StochasticWeightAverage] ReLU() has no parameters to average; hint: its visit() must "
        "name every layer and parameter, as in v(\"conv\", conv)");
  optim::StochasticWeightAverage average(layer);
  const auto applied = average.apply();
  const std::string expected =
      "[StochasticWeightAverage] the average is applied: the net has the averaged weights and the "
      "average those of the net; hint: end the scope of apply() first";
  CHECK(error_of<ValueError>([&] { average.update(); }) == expected);
  CHECK(error_of<ValueError>([&] { const auto again = average.apply(); }) == expected);
  CHECK(error_of<ValueError>([&] { io::state_dict(average); }) == expected);
}
