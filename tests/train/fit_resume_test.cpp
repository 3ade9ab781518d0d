#include <string>
#include <vector>

#include "catch.hpp"
#include "invariants/training_support.hpp"
#include "temporary_folder.hpp"
#include "tenon/train/accuracy.hpp"
#include "tenon/train/trainer.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Result {
  History history;
  std::uint64_t hash = 0;
};

/// Trains a small network for three epochs of five steps; stops after `last` steps if that is not
/// 0.
Result train(const std::string& checkpoint, Index every, Index last = 0, Index accumulate = 1) {
  manual_seed(4);
  nn::Sequential net = small_cnn();
  const data::Dataset images = random_images(80), held_out = random_images(20);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 1e-2}),
                  {.metrics = {Accuracy()}});
  FitOptions<data::Dataset> options{.epochs = 3,
                                    .batch_size = 16 / accumulate,
                                    .validation = &held_out,
                                    .accumulate = accumulate,
                                    .schedule = optim::CosineAnnealingLR{.lr = 1e-2, .t_max = 15},
                                    .verbose = Verbose::silent,
                                    .checkpoint = checkpoint,
                                    .checkpoint_every = every};
  if (last > 0) {
    // As a program that ends on the spot would: nothing of the run is tidied up.
    options.callbacks = {on_step_end([last](FitState& fit) {
      if (fit.step == last) throw ValueError("power cut");
    })};
  }
  Result result;
  try {
    result.history = trainer.fit(images, options);
  } catch (const ValueError&) {
  }
  result.hash = weights_hash(net);
  return result;
}

void check_same(const Result& a, const Result& b) {
  CHECK(a.hash == b.hash);
  CHECK(a.history.steps["loss"] == b.history.steps["loss"]);
  for (const char* name : {"loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}) {
    CHECK(a.history[name] == b.history[name]);
  }
}

}  // namespace

TEST_CASE("fit() resumed at any step ends with the same weights and history", "[train][resume]") {
  const Result whole = train("", 0);
  REQUIRE(whole.history.epochs.size() == 3);
  for (Index every : {0, 1, 2, 5, 7}) {
    for (Index last : {1, 4, 5, 6, 10, 14, 15}) {
      CAPTURE(every, last);
      TemporaryFolder folder;
      train(folder.file("run"), every, last);
      const Result resumed = train(folder.file("run"), every);
      check_same(resumed, whole);
      const bool has_file = resumed.history.resumed_from_step >= 0;
      CHECK(has_file == (every > 0 ? last > every : last > 5));
      if (has_file) {
        CHECK(resumed.history.resumed_from_step < last);
        const Index lost = every > 0 ? every : 5;
        CHECK(resumed.history.resumed_from_step >= last - 1 - lost);
      }
      // What is finished is not trained again.
      const Result again = train(folder.file("run"), every);
      check_same(again, whole);
      CHECK(again.history.resumed_from_step == 15);
    }
  }
}

TEST_CASE("fit() with accumulated gradients resumes between steps", "[train][resume]") {
  const Result whole = train("", 0, 0, 4);
  TemporaryFolder folder;
  train(folder.file("run"), 3, 8, 4);
  const Result resumed = train(folder.file("run"), 3, 0, 4);
  CHECK(resumed.history.resumed_from_step == 6);
  check_same(resumed, whole);
}

TEST_CASE("A training that a callback stopped stays stopped", "[train][resume]") {
  TemporaryFolder folder;
  const auto run = [&] {
    manual_seed(4);
    nn::Sequential net{nn::Linear(4, 3)};
    const data::TensorDataset<Tensor, LongTensor> data(randn({32, 4}), randint(0, 3, {32}));
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
    return trainer.fit(data, {.epochs = 9,
                              .batch_size = 8,
                              .callbacks = {on_epoch_end([](FitState& fit) {
                                if (fit.epoch == 2) fit.stop("enough");
                              })},
                              .verbose = Verbose::silent,
                              .checkpoint = folder.file("run")});
  };
  CHECK(run().epochs.size() == 3);
  const History again = run();
  CHECK(again.epochs.size() == 3);
  CHECK(again.stop_reason == "enough");
  CHECK(again.resumed_from_step == 12);
}

TEST_CASE("A checkpoint of another training is refused by fit()", "[train][resume]") {
  TemporaryFolder folder;
  train(folder.file("run"), 1, 3);
  nn::Sequential net{nn::Linear(4, 3)};
  const Tensor before = nn::parameters(net)[0]->clone();
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  const data::TensorDataset<Tensor, LongTensor> data(randn({32, 4}), randint(0, 3, {32}));
  CHECK_THAT(message_of<ValueError>([&] {
               trainer.fit(data, {.verbose = Verbose::silent, .checkpoint = folder.file("run")});
             }),
             ContainsSubstring("hint: add the parts that were there when it was saved"));
  CHECK(equal(*nn::parameters(net)[0], before));
}
