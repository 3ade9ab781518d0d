#include "tenon/train/learning_rate_scheduler.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "fit_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("LearningRateScheduler makes the rate of an epoch from the one before",
          "[train][learning_rate_scheduler]") {
  const TemporaryFolder folder;
  const auto rates = [&](const std::string& checkpoint, Index killed_at) {
    manual_seed(1);
    nn::Sequential net{nn::Linear(5, 3)};
    const auto points = random_points(32);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 1}));
    const LearningRateScheduler halve(
        [](Index epoch, double rate) { return epoch % 2 == 1 ? rate / 2 : rate; });
    return trainer
        .fit(points, {.epochs = 5,
                      .batch_size = 16,
                      .seed = 1,
                      .callbacks = {halve, kill_at_step(killed_at)},
                      .verbose = Verbose::silent,
                      .checkpoint = checkpoint,
                      .checkpoint_every = 1})
        .epochs["learning_rate"];
  };
  const std::vector<double> wanted{1, 0.5, 0.5, 0.25, 0.25};
  CHECK(rates("", -1) == wanted);
  // In the middle of an epoch and at its end: no rate is halved twice.
  for (Index killed_at : {3, 4, 5}) {
    const std::string path = folder.file(std::to_string(killed_at));
    CHECK_THROWS_AS(rates(path, killed_at), Killed);
    CHECK(rates(path, -1) == wanted);
  }
}

TEST_CASE("A learning rate is a number that is not negative", "[train][learning_rate_scheduler]") {
  FakeFit fit;
  fit.epoch = 3;
  for (double rate : {-0.1, double{NAN}, double{INFINITY}}) {
    LearningRateScheduler scheduler([rate](Index, double) { return rate; });
    CHECK_THAT(message_of<ValueError>([&] { scheduler.on_epoch_begin(fit); }),
               ContainsSubstring("[LearningRateScheduler] the function gave") &&
                   ContainsSubstring("for epoch 3; hint: a learning rate is a number >= 0"));
  }
  CHECK(fit.rate == 0.1);
}
