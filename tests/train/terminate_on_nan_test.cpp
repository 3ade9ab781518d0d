#include "tenon/train/terminate_on_nan.hpp"

#include <cmath>

#include "catch.hpp"
#include "fit_support.hpp"
#include "invariants/training_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("TerminateOnNaN stops after the first step whose loss is no number",
          "[train][terminate_on_nan]") {
  TerminateOnNaN terminate;
  FakeFit fit;
  for (double loss : {1.0, 1e308, 0.0, -3.0}) {
    fit.loss = loss;
    terminate.on_step_end(fit);
  }
  CHECK_FALSE(fit.is_stopping());
  fit.step = 7;
  fit.loss = NAN;
  terminate.on_step_end(fit);
  CHECK(fit.history.stop_reason == "the loss is NaN in step 7");
  FakeFit infinite;
  infinite.loss = -INFINITY;
  terminate.on_step_end(infinite);
  CHECK(infinite.history.stop_reason == "the loss is infinite in step 0");
}

TEST_CASE("A training that ends with NaN leaves the checkpoint before that",
          "[train][terminate_on_nan]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.ckpt");
  const auto train = [&](Index poisoned_step) {
    manual_seed(2);
    nn::Sequential net = point_net();
    const auto points = random_points(48);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
    const auto poison = on_step_end([&](FitState& fit) {
      if (fit.step == poisoned_step) nn::parameters(net)[0]->data()[0] = NAN;
    });
    const History history = trainer.fit(points, {.epochs = 2,
                                                 .batch_size = 16,
                                                 .seed = 1,
                                                 .callbacks = {TerminateOnNaN(), poison},
                                                 .verbose = Verbose::silent,
                                                 .checkpoint = path});
    return std::pair(history, weights_hash(net));
  };
  const auto [stopped, broken] = train(4);
  CHECK(stopped.stop_reason == "the loss is NaN in step 5");
  CHECK(stopped.steps.size() == 5);
  const auto [resumed, weights] = train(-1);
  CHECK(resumed.resumed_from_step == 3);
  CHECK(resumed.stop_reason.empty());
  std::filesystem::remove(path);
  CHECK(train(-1).second == weights);
}
