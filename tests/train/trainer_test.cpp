#include "tenon/train/trainer.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "allocation_counter.hpp"
#include "catch.hpp"
#include "invariants/training_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Counts labels that were predicted, as any metric of a user's might.
struct Hits {
  double hits = 0, count = 0;
  std::string name() const { return "hits"; }
  void reset() { hits = count = 0; }
  void update(const Tensor& prediction, const LongTensor& target) {
    for (Index i = 0; i < target.numel(); ++i) {
      Index best = 0;
      for (Index c = 1; c < prediction.size(1); ++c) {
        if (prediction(i, c) > prediction(i, best)) best = c;
      }
      hits += best == target(i) ? 1 : 0;
      count += 1;
    }
  }
  double result() const { return hits / count; }
  std::vector<double> state() const { return {hits, count}; }
  void load_state(const std::vector<double>& state) {
    hits = state[0];
    count = state[1];
  }
};

constexpr Index samples = 70;

nn::Sequential small_mlp() {
  return nn::Sequential{nn::Linear(5, 8), nn::ReLU(), nn::Dropout(0.3), nn::Linear(8, 3)};
}

data::TensorDataset<Tensor, LongTensor> points(Index n = samples) {
  return {randn({n, 5}), randint(0, 3, {n})};
}

using Options = FitOptions<data::Dataset>;

Options silent(Index epochs) {
  return {.epochs = epochs, .batch_size = 16, .verbose = Verbose::silent};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.numel()) * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("fit() trains to the same bits as a loop written by hand", "[train][trainer]") {
  manual_seed(3);
  nn::Sequential by_hand = small_cnn();
  const data::Dataset images = random_images(samples);
  {
    optim::Adam adam(by_hand, {.lr = 1e-2});
    data::DataLoader loader(images, {.batch_size = 32, .shuffle = true, .seed = 9});
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (auto& [x, labels] : loader) {
        Tape tape;
        adam.step(tape.gradients(cross_entropy(by_hand(x), labels)));
      }
    }
  }
  manual_seed(3);
  nn::Sequential net = small_cnn();
  const data::Dataset same = random_images(samples);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 1e-2}),
                  {.metrics = {Hits()}});
  trainer.fit(same, {.epochs = 3, .batch_size = 32, .seed = 9, .verbose = Verbose::silent});
  CHECK(weights_hash(net) == weights_hash(by_hand));
}

TEST_CASE("The history holds losses and metrics of all samples", "[train][trainer]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(5, 3)};
  const auto train = points(), held_out = points(11);
  // A learning rate of 0 leaves the net as it is, so that the figures can be computed afterwards.
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0}), {.metrics = {Hits()}});
  Options options = silent(2);
  options.validation = &held_out;
  const History history = trainer.fit(train, options);

  REQUIRE(history.epochs.size() == 2);
  REQUIRE(history.steps.size() == 10);
  const auto [x, labels] = train.all();
  const auto [vx, vlabels] = held_out.all();
  CHECK(history["loss"][1] == Approx(cross_entropy(net(x), labels).item()));
  CHECK(history["val_loss"][1] == Approx(cross_entropy(net(vx), vlabels).item()));
  Hits hits;
  hits.update(net(x), labels);
  CHECK(history["hits"][0] == hits.result());
  hits.reset();
  hits.update(net(vx), vlabels);
  CHECK(history["val_hits"][0] == hits.result());
  CHECK(history["learning_rate"][0] == 0);
  CHECK(history["seconds"][0] > 0);
  CHECK(history["samples_per_second"][0] > 0);
  CHECK(history.stop_reason.empty());
  CHECK(history.resumed_from_step == -1);
  CHECK_THAT(message_of<IndexError>([&] { history["val_accuracy"]; }),
             ContainsSubstring("has no column 'val_accuracy'; there are 'loss', 'hits'"));
}

TEST_CASE("evaluate() and predict() do not depend on the size of batches", "[train][trainer]") {
  manual_seed(1);
  nn::Sequential net = small_mlp();
  const auto data = points(37);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}), {.metrics = {Hits()}});
  const Scores at_once = trainer.evaluate(data, 100);
  const Scores in_pieces = trainer.evaluate(data, 5);
  CHECK(at_once["hits"] == in_pieces["hits"]);
  CHECK(at_once["loss"] == Approx(in_pieces["loss"]).epsilon(1e-6));
  CHECK(net.is_training());
  net.eval();
  const Tensor wanted = net(data.all().inputs);
  CHECK(allclose(trainer.predict(data, 5), wanted));
  CHECK(allclose(trainer.predict(data.all().inputs, 36), wanted));
  CHECK(same_bits(trainer.predict(data.all().inputs, 37), wanted));
  CHECK_FALSE(net.is_training());
  CHECK(trainer.predict(zeros({0, 5})).shape() == Shape{0, 3});
  CHECK_THAT(message_of<IndexError>([&] { at_once["accuracy"]; }),
             ContainsSubstring("there is no 'accuracy'; there are 'loss', 'hits'"));
}

TEST_CASE("Gradients of accumulated batches are those of one large batch", "[train][trainer]") {
  const auto train_with = [](Index batch_size, Index accumulate) {
    manual_seed(1);
    nn::Sequential net{nn::Linear(5, 3)};
    const auto data = points(50);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.5}));
    const History history = trainer.fit(data, {.epochs = 3,
                                               .batch_size = batch_size,
                                               .shuffle = false,
                                               .accumulate = accumulate,
                                               .verbose = Verbose::silent});
    CHECK(history.steps.size() == 9);
    return std::pair(nn::parameters(net)[0]->clone(), history.steps["loss"]);
  };
  const auto [large, large_losses] = train_with(24, 1);
  const auto [small, small_losses] = train_with(8, 3);  // 24, 24, and a last step of 2
  CHECK(allclose(large, small, 1e-5, 1e-6));
  for (std::size_t i = 0; i < large_losses.size(); ++i) {
    CHECK(large_losses[i] == Approx(small_losses[i]).epsilon(1e-5));
  }
}

TEST_CASE("Weights of classes and samples multiply the losses", "[train][trainer]") {
  manual_seed(1);
  const auto data = points(20);
  const auto [x, labels] = data.all();
  const Tensor class_weights = tensor({0.5, 2, 0});
  Tensor sample_weights = ones({20});
  for (Index i = 0; i < 20; ++i) sample_weights(i) = static_cast<float>(i % 4);

  nn::Sequential net{nn::Linear(5, 3)};
  nn::Sequential expected = net;
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  trainer.fit(data, {.batch_size = 20,
                     .class_weights = class_weights,
                     .sample_weights = sample_weights,
                     .verbose = Verbose::silent});
  optim::SGD sgd(expected, {.lr = 0.1});
  {
    Tape tape;
    const Tensor each = cross_entropy(expected(x), labels, {.reduction = Reduction::none});
    Tensor w = ones({20});
    for (Index i = 0; i < 20; ++i) w(i) = sample_weights(i) * class_weights(labels(i));
    sgd.step(tape.gradients(sum(each * w) * (1.0 / 20)));
  }
  CHECK(allclose(*nn::parameters(net)[0], *nn::parameters(expected)[0], 1e-6, 1e-7));

  Options options = silent(1);
  options.class_weights = ones({2});
  CHECK_THAT(message_of<ShapeError>([&] { trainer.fit(data, options); }),
             ContainsSubstring("class_weights has shape (2)"));
  options.class_weights = {};
  options.sample_weights = ones({19});
  CHECK_THAT(message_of<ShapeError>([&] { trainer.fit(data, options); }),
             ContainsSubstring("sample_weights has shape (19), but there are 20 samples"));

  Trainer without_reduction(
      net, [](const Tensor& y, const LongTensor& t) { return cross_entropy(y, t); },
      optim::SGD(net, {.lr = 0.1}));
  options.sample_weights = ones({20});
  CHECK_THAT(message_of<ValueError>([&] { without_reduction.fit(data, options); }),
             ContainsSubstring("need a loss of one number a sample"));
}

TEST_CASE("A schedule counts steps or epochs", "[train][trainer]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(5, 3)};
  const auto data = points(40);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 1}));
  Options options = silent(3);
  options.schedule = [](Index i) { return 1.0 / static_cast<double>(i + 1); };
  const History by_step = trainer.fit(data, options);
  for (Index i = 0; i < 9; ++i) {
    CHECK(by_step.steps["learning_rate"][static_cast<std::size_t>(i)] ==
          1.0 / static_cast<double>(i + 1));
  }
  options.schedule_by = ScheduleBy::epoch;
  const History by_epoch = trainer.fit(data, options);
  CHECK(by_epoch["learning_rate"] == std::vector<double>{1, 0.5, 1.0 / 3});
  options.schedule = optim::StepLR{.lr = 0.25, .step_size = 2, .gamma = 0.5};
  CHECK(trainer.fit(data, options)["learning_rate"] == std::vector<double>{0.25, 0.25, 0.125});
}

TEST_CASE("Batches are augmented before they are trained on, and only those", "[train][trainer]") {
  manual_seed(1);
  nn::Sequential net{nn::Flatten(), nn::Linear(9, 3)};
  const data::TensorDataset<Tensor, LongTensor> images(rand({20, 1, 3, 3}), randint(0, 3, {20}));
  const Tensor before = images.all().inputs.clone();
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0}));
  Options options = silent(2);
  const double plain = trainer.fit(images, options)["loss"][0];
  options.validation = &images;
  options.augment =
      data::Compose(data::RandomHorizontalFlip{.p = 1}, data::RandomCrop{.padding = 1});
  const History augmented = trainer.fit(images, options);
  CHECK(augmented["loss"][0] != Approx(plain));
  CHECK(augmented["loss"][0] != augmented["loss"][1]);  // other draws
  CHECK(augmented["val_loss"][0] == Approx(plain));
  options.augment = [](Tensor& x, RandomKey) { x.fill_(0); };
  nn::parameters(net)[1]->fill_(0);
  CHECK(trainer.fit(images, options)["loss"][0] == Approx(std::log(3.0)));
  CHECK(equal(images.all().inputs, before));
}

TEST_CASE("Clipping limits what a step may change", "[train][trainer]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(5, 3)};
  const auto data = points(16);
  const Tensor before = nn::parameters(net)[0]->clone();
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 1}));
  Options options = silent(1);
  options.clip_norm = 1e-3;
  trainer.fit(data, options);
  double moved = 0;
  for (Index i = 0; i < before.numel(); ++i) {
    moved += std::pow(nn::parameters(net)[0]->data()[i] - before.data()[i], 2);
  }
  CHECK(moved > 0);
  CHECK(std::sqrt(moved) < 1.001e-3);
}

TEST_CASE("Losses of numbers, nets of ids and nets of doubles train, too", "[train][trainer]") {
  manual_seed(1);
  {
    nn::Sequential net{nn::Linear(4, 1)};
    Trainer trainer(net, nn::MSELoss(), optim::SGD(net, {.lr = 0.1}));
    const data::TensorDataset<Tensor, Tensor> data(randn({30, 4}), randn({30, 1}));
    const History history =
        trainer.fit(data, {.epochs = 4, .validation_split = 0.2, .verbose = Verbose::silent});
    CHECK(history["loss"].back() < history["loss"].front());
    CHECK(history["val_loss"].size() == 4);
  }
  {
    struct Bag : nn::Module {
      nn::Embedding embedding{20, 6};
      nn::Linear out{6, 3};
      Tensor forward_ids(const LongTensor& ids) override { return out(mean(embedding(ids), 1)); }
      void visit(nn::Visitor& v) override {
        v("embedding", embedding);
        v("out", out);
      }
    } net;
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 0.05}));
    const data::TensorDataset<LongTensor, LongTensor> data(randint(0, 20, {30, 7}),
                                                           randint(0, 3, {30}));
    const History history = trainer.fit(data, {.epochs = 8, .verbose = Verbose::silent});
    CHECK(history["loss"].back() < history["loss"].front());
    CHECK(trainer.predict(data).shape() == Shape{30, 3});
  }
  {
    nn::BasicSequential<double> net{nn::BasicLinear<double>(4, 3)};
    BasicTrainer<double> trainer(net, nn::CrossEntropyLoss(),
                                 optim::BasicSGD<double>(net, {.lr = 0.5}));
    const data::TensorDataset<DoubleTensor, LongTensor> data(randn<double>({30, 4}),
                                                             randint(0, 3, {30}));
    const History history = trainer.fit(data, {.epochs = 8, .verbose = Verbose::silent});
    CHECK(history["loss"].back() < history["loss"].front());
  }
}

TEST_CASE("Sequences of different lengths train with their lengths", "[train][trainer]") {
  struct Mean : nn::Module {
    nn::Embedding embedding{20, 6};
    nn::Linear out{6, 3};
    Tensor forward_sequences(const LongTensor& ids, const LongTensor& lengths) override {
      return out(masked_mean(embedding(ids), lengths));
    }
    void visit(nn::Visitor& v) override {
      v("embedding", embedding);
      v("out", out);
    }
  };
  std::vector<std::vector<Index>> texts;
  for (Index i = 0; i < 50; ++i)
    texts.push_back(std::vector<Index>(static_cast<std::size_t>(1 + i % 7), i % 20));
  manual_seed(2);
  const data::SequenceDataset<LongTensor> data(texts, randint(0, 3, {50}));
  const auto trained = [&](Index batch_size, Index accumulate) {
    manual_seed(1);
    Mean net;
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.5}),
                    {.metrics = {Hits()}});
    const History history = trainer.fit(data, {.epochs = 4,
                                               .batch_size = batch_size,
                                               .shuffle = false,
                                               .accumulate = accumulate,
                                               .verbose = Verbose::silent});
    CHECK(history["loss"].back() < history["loss"].front());
    CHECK(trainer.evaluate(data, 7)["hits"] == trainer.evaluate(data, 50)["hits"]);
    CHECK(trainer.predict(data, 7).shape() == Shape{50, 3});
    return net.out.weight.clone();
  };
  CHECK(allclose(trained(16, 1), trained(4, 4), 1e-5, 1e-6));

  nn::Sequential net{nn::Embedding(20, 6)};
  CHECK_THAT(message_of<ValueError>([&] { net(data.all().ids, data.all().lengths); }),
             ContainsSubstring("has no forward_sequences() and takes no lengths"));
}

TEST_CASE("Callbacks are called in order and can end the training", "[train][callback]") {
  manual_seed(1);
  nn::Sequential net = small_mlp();
  const auto data = points(40);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  std::string said;
  struct Diary : Callback {
    std::string* text;
    explicit Diary(std::string* t) : text(t) {}
    void on_fit_begin(FitState& fit) override { *text += "begin" + std::to_string(fit.epochs); }
    void on_epoch_begin(FitState& fit) override { *text += " e" + std::to_string(fit.epoch); }
    void on_step_end(FitState& fit) override { *text += "." + std::to_string(fit.step); }
    void on_epoch_end(FitState& fit) override {
      *text += " end" + std::to_string(fit.history.epochs.size());
      if (fit.epoch == 1) fit.stop("enough");
    }
    void on_fit_end(FitState&) override { *text += " over"; }
  };
  Options options = silent(5);
  options.callbacks = {Diary(&said), on_epoch_end([&](FitState& fit) {
                         fit.history.epochs.set("twice_the_loss", 2 * fit.loss);
                       })};
  const History history = trainer.fit(data, options);
  CHECK(said == "begin5 e0.1.2.3 end1 e1.4.5.6 end2 over");
  CHECK(history.stop_reason == "enough");
  CHECK(history["twice_the_loss"].size() == 2);

  Index steps = 0;
  options.callbacks = {on_step_end([&](FitState& fit) {
    if (++steps == 4) fit.stop("in the middle");
  })};
  const History stopped = trainer.fit(data, options);
  CHECK(stopped.steps.size() == 4);
  CHECK(stopped.epochs.size() == 1);
  CHECK(stopped.stop_reason == "in the middle");
}

TEST_CASE("A training that is to be stopped early may ask for any number of epochs",
          "[train][trainer]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(5, 3)};
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  Options options = silent(std::numeric_limits<Index>::max() / 2);
  options.callbacks = {on_epoch_end([](FitState& fit) { fit.stop("enough"); })};
  CHECK(trainer.fit(points(), options).epochs.size() == 1);
}

TEST_CASE("A parameter without a gradient is reported", "[train][trainer]") {
  struct Forgetful : nn::Module {
    nn::Linear used{5, 3}, forgotten{5, 3};
    Tensor forward(const Tensor& x) override { return used(x); }
    void visit(nn::Visitor& v) override {
      v("used", used);
      v("forgotten", forgotten);
    }
  } net;
  manual_seed(1);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  const History history = trainer.fit(points(), silent(2));
  REQUIRE(history.warnings.size() == 1);
  CHECK_THAT(history.warnings[0],
             ContainsSubstring("in 5 steps:\nforgotten.weight, forgotten.bias: no gradient; the "
                               "layer is not used in forward()"));
}

TEST_CASE("A value that is not finite is traced to its step, samples and layer",
          "[train][trainer]") {
  TemporaryFolder folder;
  manual_seed(1);
  nn::Sequential net{nn::Linear(5, 4), nn::Dropout(0.5), nn::Linear(4, 3)};
  Tensor x = randn({40, 5});
  x(23, 2) = std::numeric_limits<float>::infinity();
  const data::TensorDataset<Tensor, LongTensor> data(x, randint(0, 3, {40}));
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  Options options = silent(2);
  options.batch_size = 10;
  options.shuffle = false;
  options.detect_anomaly = true;
  options.replay = folder.file("replay");
  const std::string message = message_of<NonFiniteError>([&] { trainer.fit(data, options); });
  CHECK_THAT(message, ContainsSubstring("[linear]") && ContainsSubstring("(in layer 0: Linear") &&
                          ContainsSubstring("in step 3, epoch 1, batch 3 of samples 20 21 22 23") &&
                          ContainsSubstring("load_replay"));
  CHECK_FALSE(DetectAnomaly::is_enabled());

  const io::Replay replay = io::load_replay(folder.file("replay"));
  CHECK(replay.step == 2);
  CHECK(replay.indices(3) == 23);
  io::load_state_dict(net, replay.state);
  default_generator().set_state(replay.generator);
  const std::string again = message_of<NonFiniteError>([&] {
    DetectAnomaly guard;
    Tape tape;
    tape.gradients(
        cross_entropy(net(replay.inputs.get<float>("x")), replay.targets.get<std::int64_t>("y")));
  });
  CHECK(again == replay.message);
}

TEST_CASE("A warm step of fit() allocates nothing", "[train][trainer]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("allocations are not counted under a sanitizer");
  manual_seed(1);
  nn::Sequential net = small_mlp();
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net), {.metrics = {Hits()}});
  std::vector<std::size_t> counts;
  counts.reserve(100);
  const AllocationCounter counter;
  Options options = silent(4);
  options.callbacks = {on_step_end([&](FitState&) { counts.push_back(counter.count()); })};
  trainer.fit(points(64), options);
  REQUIRE(counts.size() == 16);
  // Steps of the second epoch and later, within an epoch.
  for (std::size_t i = 4; i < counts.size(); ++i) {
    if (i % 4 != 0) CHECK(counts[i] == counts[i - 1]);
  }
}

TEST_CASE("What cannot be trained is said", "[train][trainer]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(5, 3)};
  nn::Sequential copy = net;
  CHECK_THAT(message_of<ValueError>(
                 [&] { Trainer(net, nn::CrossEntropyLoss(), optim::SGD(copy, {.lr = 0.1})); }),
             ContainsSubstring("[Trainer] the optimiser trains none of the parameters of") &&
                 ContainsSubstring("make it from the net that is trained"));
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  const auto data = points(8);
  const auto said = [&](auto change) {
    Options options = silent(1);
    change(options);
    return message_of<ValueError>([&] { trainer.fit(data, options); });
  };
  CHECK_THAT(said([](Options& o) { o.epochs = -1; }),
             ContainsSubstring("epochs must be at least 0, not -1"));
  CHECK_THAT(said([](Options& o) { o.batch_size = 0; }),
             ContainsSubstring("batch_size must be at least 1"));
  CHECK_THAT(said([](Options& o) { o.accumulate = -1; }),
             ContainsSubstring("accumulate must be at least 1, not -1"));
  CHECK_THAT(said([](Options& o) { o.validation_split = 1; }),
             ContainsSubstring("validation_split must lie in [0, 1)"));
  CHECK_THAT(said([&](Options& o) {
               o.validation = &data;
               o.validation_split = 0.5;
             }),
             ContainsSubstring("both validation and validation_split"));
  CHECK_THAT(said([](Options& o) { o.clip_norm = -1; }), ContainsSubstring("clip_norm -1"));
  CHECK_THAT(message_of<ValueError>([&] { trainer.fit(points(0), silent(1)); }),
             ContainsSubstring("the data set has no samples"));

  Trainer numbers(net, nn::MSELoss(), optim::SGD(net, {.lr = 0.1}));
  CHECK_THAT(message_of<TypeError>([&] { numbers.fit(data, silent(1)); }),
             ContainsSubstring("[fit] the loss takes no int64 targets"));
  Trainer unreduced(net, nn::CrossEntropyLoss{{.reduction = Reduction::none}},
                    optim::SGD(net, {.lr = 0.1}));
  CHECK_THAT(message_of<ShapeError>([&] { unreduced.fit(data, silent(1)); }),
             ContainsSubstring("the loss has shape (8), not one element"));
  CHECK_THAT(
      message_of<ShapeError>([&] {
        const data::TensorDataset<Tensor, LongTensor> wide(randn({4, 6}), randint(0, 3, {4}));
        trainer.fit(wide, silent(1));
      }),
      ContainsSubstring("in layer 0"));
}
