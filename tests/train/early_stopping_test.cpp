#include "tenon/train/early_stopping.hpp"

#include <cmath>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "fit_support.hpp"
#include "invariants/training_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Epochs of these losses until the training stops; the net's first weight is the epoch.
Index epochs_run(EarlyStopping& stopping, FakeFit& fit, const std::vector<double>& losses,
                 const char* name = "loss") {
  stopping.on_fit_begin(fit);
  for (double loss : losses) {
    fit.weight(0) = static_cast<float>(fit.epoch);
    fit.run_epoch(stopping, {{name, loss}});
    if (fit.is_stopping()) break;
  }
  stopping.on_fit_end(fit);
  return fit.epoch;
}

}  // namespace

TEST_CASE("EarlyStopping stops after patience epochs without a better figure",
          "[train][early_stopping]") {
  struct Case {
    EarlyStoppingOptions options;
    std::vector<double> figures;
    Index epochs, best_epoch;
  };
  const std::vector<double> bumpy{5, 4, 4, 4.5, 3, 3.5, 3.4, 3.3, 2};
  const Case cases[] = {
      {{.monitor = "loss"}, bumpy, 3, 1},
      {{.monitor = "loss", .patience = 1}, bumpy, 3, 1},
      {{.monitor = "loss", .patience = 2}, bumpy, 4, 1},
      {{.monitor = "loss", .patience = 3}, bumpy, 8, 4},
      {{.monitor = "loss", .patience = 4}, bumpy, 9, 8},
      {{.monitor = "loss", .min_delta = 1, .patience = 3}, bumpy, 4, 0},
      {{.monitor = "loss", .patience = 2, .mode = MonitorMode::max}, bumpy, 3, 0},
      {{.monitor = "loss", .patience = 2, .start_from_epoch = 3}, bumpy, 7, 4},
      // Better than before, but never than the baseline.
      {{.monitor = "loss", .patience = 6, .baseline = 2.5}, bumpy, 6, 4},
      {{.monitor = "loss", .patience = 3, .baseline = 4.2}, bumpy, 8, 4},
  };
  for (const Case& c : cases) {
    INFO("patience " << c.options.patience << ", min_delta " << c.options.min_delta);
    EarlyStopping stopping(c.options);
    FakeFit fit;
    CHECK(epochs_run(stopping, fit, c.figures) == c.epochs);
    CHECK(stopping.best_epoch() == c.best_epoch);
    CHECK(stopping.best() == c.figures[static_cast<std::size_t>(c.best_epoch)]);
    CHECK(fit.loads == 0);
  }
  EarlyStopping accuracy({.monitor = "accuracy", .patience = 1});
  FakeFit fit;
  CHECK(epochs_run(accuracy, fit, {0.1, 0.2, 0.3, 0.3, 0.4}, "accuracy") == 4);
  CHECK(fit.history.stop_reason == "no better accuracy in 1 epoch than 0.3 in epoch 3");
}

TEST_CASE("EarlyStopping says why it stopped", "[train][early_stopping]") {
  FakeFit fit, behind, never;
  EarlyStopping plain({.monitor = "loss", .patience = 2});
  epochs_run(plain, fit, {3, 2, 2, 2});
  CHECK(fit.history.stop_reason == "no better loss in 2 epochs than 2 in epoch 2");
  EarlyStopping with_baseline({.monitor = "loss", .patience = 2, .baseline = 1});
  epochs_run(with_baseline, behind, {3, 2, 2, 2});
  CHECK(behind.history.stop_reason == "no loss better than 1 in 3 epochs");
  EarlyStopping nothing({.monitor = "loss", .patience = 2});
  epochs_run(nothing, never, {NAN, NAN, NAN});
  CHECK(never.history.stop_reason == "no loss that is a number in 2 epochs");
  CHECK(nothing.best_epoch() == -1);
  CHECK(std::isnan(nothing.best()));
}

TEST_CASE("NaN counts against the patience and is never the best", "[train][early_stopping]") {
  EarlyStopping stopping({.monitor = "loss", .patience = 2, .restore_best_weights = true});
  FakeFit fit;
  CHECK(epochs_run(stopping, fit, {NAN, 2, NAN, NAN, 1}) == 4);
  CHECK(stopping.best_epoch() == 1);
  CHECK(fit.weight(0) == 1);
}

TEST_CASE("Epochs without a validation do not count", "[train][early_stopping]") {
  EarlyStopping stopping({.patience = 1});
  FakeFit fit;
  fit.has_validation = true;
  stopping.on_fit_begin(fit);
  fit.run_epoch(stopping, {{"loss", 1}});
  fit.is_validated = true;
  fit.run_epoch(stopping, {{"val_loss", 1}});
  fit.is_validated = false;
  fit.run_epoch(stopping, {{"loss", 1}});
  fit.run_epoch(stopping, {{"loss", 1}});
  CHECK_FALSE(fit.is_stopping());
  fit.is_validated = true;
  fit.run_epoch(stopping, {{"val_loss", 2}});
  CHECK(fit.is_stopping());
}

TEST_CASE("The best weights come back, however the training ends", "[train][early_stopping]") {
  EarlyStopping stopping({.monitor = "loss", .patience = 9, .restore_best_weights = true});
  FakeFit fit;
  CHECK(epochs_run(stopping, fit, {3, 1, 2, 2}) == 4);
  CHECK(fit.weight(0) == 1);
  // Another training begins anew.
  FakeFit second;
  CHECK(epochs_run(stopping, second, {30, 20, 10}) == 3);
  CHECK(stopping.best() == 10);
  CHECK(second.weight(0) == 2);
}

TEST_CASE("EarlyStopping goes on with the same bits after a kill", "[train][early_stopping]") {
  const TemporaryFolder folder;
  struct Outcome {
    std::uint64_t weights;
    Index best_epoch, epochs;
    double best;
    std::string reason;
  };
  const auto train = [&](const std::string& checkpoint, Index killed_at) {
    manual_seed(4);
    nn::Sequential net = point_net();
    const auto points = random_points(60), held_out = random_points(20);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 0.03}));
    const auto stopping = std::make_shared<EarlyStopping>(
        EarlyStoppingOptions{.patience = 3, .restore_best_weights = true});
    FitOptions<data::Dataset> options{.epochs = 30,
                                      .batch_size = 16,
                                      .seed = 1,
                                      .validation = &held_out,
                                      .callbacks = {stopping, kill_at_step(killed_at)},
                                      .verbose = Verbose::silent,
                                      .checkpoint = checkpoint,
                                      .checkpoint_every = 3};
    const History history = trainer.fit(points, options);
    return Outcome{weights_hash(net), stopping->best_epoch(), history.epochs.size(),
                   stopping->best(), history.stop_reason};
  };
  const Outcome whole = train("", -1);
  REQUIRE(whole.epochs < 30);
  REQUIRE(whole.best_epoch == whole.epochs - 4);
  const Index steps = 4 * whole.epochs;
  // Before the best epoch, after it, and in the last step.
  for (Index killed_at : {Index{3}, 4 * whole.best_epoch + 6, steps}) {
    INFO("killed at step " << killed_at);
    const std::string path = folder.file("run" + std::to_string(killed_at));
    CHECK_THROWS_AS(train(path, killed_at), Killed);
    // The second call finds a training that has stopped, and returns the same net.
    for (int call = 0; call < 2; ++call) {
      const Outcome resumed = train(path, -1);
      CHECK(resumed.weights == whole.weights);
      CHECK(resumed.best_epoch == whole.best_epoch);
      CHECK(resumed.best == whole.best);
      CHECK(resumed.epochs == whole.epochs);
      CHECK(resumed.reason == whole.reason);
    }
  }
}

TEST_CASE("EarlyStopping refuses what it cannot mean", "[train][early_stopping]") {
  const auto said = [](const EarlyStoppingOptions& options) {
    return message_of<ValueError>([&] { EarlyStopping{options}; });
  };
  CHECK_THAT(
      said({.patience = -1}),
      ContainsSubstring("[EarlyStopping] min_delta 0, patience -1 and start_from_epoch 0 must "
                        "not be negative"));
  CHECK_THAT(said({.min_delta = -0.5}), ContainsSubstring("min_delta -0.5"));
  CHECK_THAT(said({.min_delta = NAN}), ContainsSubstring("min_delta nan"));
  CHECK_THAT(said({.start_from_epoch = -2}), ContainsSubstring("start_from_epoch -2"));
  FakeFit fit;
  EarlyStopping stopping;
  CHECK_THAT(
      message_of<ValueError>([&] {
        fit.run_epoch(stopping, {{"loss", 1}});
      }),
      ContainsSubstring("[EarlyStopping] there is no 'val_loss' to monitor; there are 'loss'"));
}
