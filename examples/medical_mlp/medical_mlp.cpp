// A small dense network that tells benign tumours from malignant ones by 30 measurements of a cell
// sample (the Wisconsin table in examples/data), judged by cross-validation: the table is cut into
// five parts, and each is predicted by a net trained on the other four.
//
// The net begins with the scaler, fitted on the training part alone, so that --save keeps it and no
// user of the file can forget it.
//
// Expected: a mean accuracy of 96.5 % or more over the 5 parts (97.5 % with PyTorch).

#include <chrono>
#include <tenon/tenon.hpp>
#include <vector>

#include "example.hpp"
#include "samples.hpp"

using namespace tenon;

namespace {

/// Features (N, 30) and labels (N, 1): 0 malignant, 1 benign.
using Dataset = data::BasicDataset<Tensor, Tensor>;

nn::Sequential make_net(const Tensor& x) {
  return nn::Sequential{nn::StandardScaler(30).fit(x),
                        nn::Linear(30, 64),
                        nn::ReLU(),
                        nn::Linear(64, 32),
                        nn::ReLU(),
                        nn::Linear(32, 1),
                        nn::Sigmoid()};
}

void medical_mlp(const example::Options& options) {
  const Tensor table = io::load_npy(example::small_set(options, "medical", "medical_data.npy"));
  const Dataset dataset = data::TensorDataset(table.slice(1, {0, -1}),
                                              table.slice(1, {-1}));  // the last column: labels

  // Every row is tested once, by the net that has not seen it.
  std::vector<Metric> metrics{Accuracy(), Precision(), Recall(),
                              F1Score(),  RocAuc(),    ConfusionMatrix(2)};
  example::Result all{0, 0, LongTensor::empty({dataset.size()}),
                      table.select(1, -1).to<std::int64_t>()};
  nn::Sequential net;
  History history;
  double seconds = 0;
  for (Index fold = 0; fold < options.folds; ++fold) {
    const auto [rest, test] = example::split_every(dataset, options.folds, fold);
    const Dataset train = example::limited(rest, options);
    manual_seed(options.seed);
    net = make_net(train.all().inputs);
    Trainer trainer(net, nn::BCELoss(), optim::Adam(net, {.lr = options.lr}),
                    {.metrics = {Accuracy()}});
    history = trainer.fit(train, {.epochs = options.epochs,
                                  .batch_size = options.batch_size,
                                  .verbose = Verbose::silent,
                                  .checkpoint = example::checkpoint_of(options, fold),
                                  .checkpoint_every = options.checkpoint_every});

    const Scores scores = trainer.evaluate(test);
    std::printf("part %lld: %s\n", static_cast<long long>(fold + 1),
                example::percent(scores["accuracy"]).c_str());
    all.accuracy += scores["accuracy"] / static_cast<double>(options.folds);
    all.loss += scores["loss"] / static_cast<double>(options.folds);

    const auto start = std::chrono::steady_clock::now();
    const Tensor p = trainer.predict(test);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    for (Metric& metric : metrics) metric.update(p, test.all().labels);
    const LongTensor benign =
        (p + 0.5).select(1, 0).to<std::int64_t>();  // truncates: 1 from 0.5 on
    all.predicted.slice(0, {.start = fold, .step = options.folds}).copy_(benign);
  }

  for (const Metric& metric : metrics) {
    if (metric.get<ConfusionMatrix>() != nullptr) continue;
    std::printf("%-10s %.4f\n", metric.name().c_str(), metric.result());
    if (metric.name() != "accuracy") all.more.emplace_back(metric.name(), metric.result());
  }
  std::printf("%s", to_string(*metrics.back().get<ConfusionMatrix>()).c_str());
  const double per_row = seconds / static_cast<double>(dataset.size());
  all.more.emplace_back("prediction_seconds_per_row", per_row);
  std::printf("a prediction takes %.2f us\n", 1e6 * per_row);

  example::report(options, net, all, history);  // of the last net: its weights and scaler
  std::printf("expected: 96.5 %% or more after 10 epochs\n");
  std::printf("mean test accuracy: %s\n", example::percent(all.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A dense network on the Wisconsin breast-cancer table",
                      {.epochs = 10, .batch_size = 32, .lr = 1e-3, .folds = 5}, medical_mlp);
}
