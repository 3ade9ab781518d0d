#include "tenon/train/reduce_lr_on_plateau.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "fit_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Keras' rule, epoch by epoch, for a figure of which less is better.
std::vector<double> keras_rates(const ReduceLROnPlateauOptions& options,
                                const std::vector<double>& figures, double rate) {
  std::vector<double> rates;
  double best = INFINITY;
  Index waited = 0, cooling = 0;
  for (double figure : figures) {
    if (cooling > 0) {
      --cooling;
      waited = 0;
    }
    if (figure < best - options.min_delta) {
      best = figure;
      waited = 0;
    } else if (cooling == 0 && ++waited >= options.patience && rate > options.min_lr) {
      rate = std::max(rate * options.factor, options.min_lr);
      cooling = options.cooldown;
      waited = 0;
    }
    rates.push_back(rate);
  }
  return rates;
}

std::vector<double> rates_of(ReduceLROnPlateau callback, const std::vector<double>& figures,
                             const char* name = "loss") {
  FakeFit fit;
  callback.on_fit_begin(fit);
  std::vector<double> rates;
  for (double figure : figures) {
    fit.run_epoch(callback, {{name, figure}});
    rates.push_back(fit.rate);
  }
  return rates;
}

}  // namespace

TEST_CASE("ReduceLROnPlateau counts as Keras does", "[train][reduce_lr_on_plateau]") {
  manual_seed(1);
  const Tensor noise = rand({60});
  std::vector<double> figures;
  for (Index i = 0; i < 60; ++i)
    figures.push_back(std::round(10.0 * static_cast<double>(noise(i))) / 10 +
                      3.0 / static_cast<double>(i + 1));
  figures[20] = NAN;
  for (Index patience : {0, 1, 2, 5}) {
    for (Index cooldown : {0, 1, 2, 4}) {
      INFO("patience " << patience << ", cooldown " << cooldown);
      const ReduceLROnPlateauOptions options{.monitor = "loss",
                                             .factor = 0.5,
                                             .patience = patience,
                                             .min_delta = 0.05,
                                             .cooldown = cooldown,
                                             .min_lr = 1e-4};
      const auto wanted = keras_rates(options, figures, 0.1);
      CHECK(wanted.back() < 0.1);
      CHECK(rates_of(ReduceLROnPlateau(options), figures) == wanted);
    }
  }
}

TEST_CASE("ReduceLROnPlateau goes by the optimiser's rate and the figure's direction",
          "[train][reduce_lr_on_plateau]") {
  const ReduceLROnPlateau rising({.monitor = "accuracy", .factor = 0.5, .patience = 1});
  CHECK(rates_of(rising, {0.1, 0.2, 0.2, 0.3}, "accuracy") ==
        std::vector<double>{0.1, 0.1, 0.05, 0.05});
  ReduceLROnPlateau callback({.monitor = "loss", .factor = 0.5, .patience = 1});
  FakeFit fit;
  fit.run_epoch(callback, {{"loss", 1}});
  fit.rate = 8;
  fit.run_epoch(callback, {{"loss", 1}});
  CHECK(fit.rate == 4);
  // Epochs that were not judged do not count.
  fit.has_validation = true;
  ReduceLROnPlateau unjudged({.patience = 1});
  for (int i = 0; i < 5; ++i) fit.run_epoch(unjudged, {{"loss", 1}});
  CHECK(fit.rate == 4);
}

TEST_CASE("ReduceLROnPlateau goes on after a kill", "[train][reduce_lr_on_plateau]") {
  const TemporaryFolder folder;
  const auto rates = [&](const std::string& checkpoint, Index killed_at) {
    manual_seed(1);
    nn::Sequential net{nn::Linear(5, 3)};
    const auto points = random_points(32);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 1}));
    const ReduceLROnPlateau reduce(
        {.monitor = "loss", .factor = 0.5, .patience = 3, .min_delta = 100, .cooldown = 2});
    return trainer
        .fit(points, {.epochs = 12,
                      .batch_size = 16,
                      .seed = 1,
                      .callbacks = {reduce, kill_at_step(killed_at)},
                      .verbose = Verbose::silent,
                      .checkpoint = checkpoint,
                      .checkpoint_every = 1})
        .epochs["learning_rate"];
  };
  const std::vector<double> whole = rates("", -1);
  CHECK(whole.back() < 1);
  for (Index killed_at : {6, 7, 8, 9, 15}) {
    const std::string path = folder.file(std::to_string(killed_at));
    CHECK_THROWS_AS(rates(path, killed_at), Killed);
    CHECK(rates(path, -1) == whole);
  }
}

TEST_CASE("ReduceLROnPlateau refuses what it cannot mean", "[train][reduce_lr_on_plateau]") {
  const auto said = [](const ReduceLROnPlateauOptions& options) {
    return message_of<ValueError>([&] { ReduceLROnPlateau{options}; });
  };
  CHECK_THAT(said({.factor = 1.5}), ContainsSubstring("[ReduceLROnPlateau] factor"));
  CHECK_THAT(said({.patience = -1}), ContainsSubstring("patience must be at least 0, not -1"));
  CHECK_THAT(said({.cooldown = -2}), ContainsSubstring("cooldown must be at least 0, not -2"));
  CHECK_THAT(said({.min_lr = -1}), ContainsSubstring("min_lr"));
  FakeFit fit;
  ReduceLROnPlateau callback;
  CHECK_THAT(message_of<ValueError>([&] {
               fit.run_epoch(callback, {{"loss", 1}});
             }),
             ContainsSubstring("[ReduceLROnPlateau] there is no 'val_loss' to monitor"));
}
