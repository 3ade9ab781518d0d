// The code of docs/training.md: each region between [name] and [/name] is quoted there, and runs
// here.

#include <cstdio>
#include <memory>
#include <string>
#include <tenon/tenon.hpp>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace tenon;

namespace {

// [metric]
struct ShareRight {
  double right = 0, count = 0;

  std::string name() const { return "share_right"; }
  void reset() { right = count = 0; }
  void update(const Tensor& scores, const LongTensor& labels) {
    for (Index i = 0; i < labels.numel(); ++i) {
      right += (scores(i, 1) > scores(i, 0)) == (labels(i) == 1) ? 1 : 0;
    }
    count += static_cast<double>(labels.numel());
  }
  double result() const { return right / count; }
  std::vector<double> state() const { return {right, count}; }
  void load_state(const std::vector<double>& state) {
    right = state[0];
    count = state[1];
  }
};
// [/metric]

// [callback]
struct WeightDecayByHand : Callback {
  void on_step_end(FitState& fit) override {
    for (const auto& [name, tensor] : fit.weights()) {
      if (!name.ends_with("weight")) continue;
      Tensor weight = tensor.as<float>();
      weight.copy_(weight * 0.999);
    }
  }
};
// [/callback]

/// Two clouds of points, (n, 4), and which of them each belongs to.
data::TensorDataset<Tensor, LongTensor> clouds(Index n) {
  const LongTensor labels = randint(0, 2, {n});
  return {randn({n, 4}) + labels.to<float>().reshape({n, 1}), labels};
}

}  // namespace

TEST_CASE("the training page's way from a loop to callbacks", "[docs]") {
  manual_seed(1);
  const test::TemporaryFolder folder;
  const auto train = clouds(200), held_out = clouds(60), test = clouds(60);
  double last_loss = 0;
  {
    // [loop]
    nn::Sequential net{nn::Linear(4, 16), nn::ReLU(), nn::Linear(16, 2)};
    optim::Adam adam(net, {.lr = 1e-2});
    data::DataLoader loader(train, {.batch_size = 32, .shuffle = true});
    for (int epoch = 0; epoch < 5; ++epoch) {
      for (auto& [points, labels] : loader) {
        Tape tape;
        Tensor loss = cross_entropy(net(points), labels);
        adam.step(tape.gradients(loss));
        last_loss = loss.item();
      }
    }
    // [/loop]
    CHECK(last_loss < 0.7);
  }
  // [trainer]
  nn::Sequential net{nn::Linear(4, 16), nn::ReLU(), nn::Linear(16, 2)};
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 1e-2}),
                  {.metrics = {Accuracy(), ShareRight()}});
  trainer.fit(train, {.epochs = 5, .batch_size = 32});
  // [/trainer]

  // [evaluate]
  Scores scores = trainer.evaluate(test);
  double loss = scores["loss"], accuracy = scores["accuracy"];
  Tensor logits = trainer.predict(test);  // (N, 2)
  // [/evaluate]
  CHECK(loss < 0.7);
  CHECK(accuracy > 0.6);
  CHECK(accuracy == scores["share_right"]);
  CHECK(logits.shape() == Shape{60, 2});

  // [validation]
  trainer.fit(train, {.epochs = 5, .validation = &held_out});
  trainer.fit(train, {.epochs = 5, .validation_split = 0.2, .validate_every = 2});
  // [/validation]

  const std::string log_csv = folder.file("log.csv"), logs = folder.file("logs"),
                    best = folder.file("best.safetensors");
  // [callbacks]
  auto stopping = std::make_shared<EarlyStopping>(
      EarlyStoppingOptions{.patience = 3, .restore_best_weights = true});
  trainer.fit(train, {.epochs = 50,
                      .validation = &held_out,
                      .callbacks = {stopping, ModelCheckpoint(best, {.save_best_only = true}),
                                    CsvLogger(log_csv), TensorBoard(logs), TerminateOnNaN()}});
  std::printf("epoch %d was best\n", static_cast<int>(stopping->best_epoch()) + 1);
  // [/callbacks]
  CHECK(std::filesystem::exists(log_csv));
  CHECK(trainer.evaluate(held_out)["loss"] == Approx(stopping->best()));

  // [functions]
  trainer.fit(train, {.callbacks = {WeightDecayByHand(), on_epoch_end([&](FitState& fit) {
                                      if (fit.history["loss"].back() < 0.01) fit.stop("done");
                                    })}});
  // [/functions]

  // [rates]
  trainer.fit(train,
              {.epochs = 5,
               .batch_size = 20,
               .schedule = optim::WarmupCosine{.lr = 1e-2, .warmup_steps = 10, .total_steps = 50}});
  trainer.fit(train, {.epochs = 5,
                      .schedule = optim::StepLR{.lr = 1e-2, .step_size = 2},
                      .schedule_by = ScheduleBy::epoch});
  trainer.fit(train,
              {.epochs = 5, .callbacks = {LearningRateScheduler([](Index epoch, double rate) {
                              return epoch < 3 ? rate : rate * 0.5;
                            })}});
  // [/rates]

  // [weights]
  trainer.fit(train, {.class_weights = tensor({1, 3})});
  trainer.fit(train, {.sample_weights = rand({200})});
  // [/weights]

  // [accumulate]
  trainer.fit(train, {.batch_size = 8, .accumulate = 4, .clip_norm = 1});
  // [/accumulate]

  const std::string run = folder.file("run.ckpt"), csv = folder.file("history.csv"),
                    json = folder.file("history.json");
  // [resume]
  History history = trainer.fit(train, {.epochs = 20, .checkpoint = run, .checkpoint_every = 100});
  if (history.stop_reason == "interrupted") std::puts("call me again to go on");
  // [/resume]
  CHECK(history.epochs.size() == 20);

  // [history]
  double final_loss = history["loss"].back();
  const std::vector<double>& every_step = history.steps["loss"];
  history.save_csv(csv);
  history.save_json(json);
  // [/history]
  CHECK(final_loss < 0.7);
  CHECK(every_step.size() == 140);
}
