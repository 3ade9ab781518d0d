// A small dense network that tells benign tumours from malignant ones by 30 measurements of a cell
// sample (the Wisconsin table in examples/data), judged by cross-validation: the table is cut into
// five parts, and each is predicted by a net trained on the other four.
//
// The net begins with the scaler, fitted on the training part alone, so that --save keeps it and no
// user of the file can forget it.
//
// Expected: a mean accuracy of 96.5 % or more over the 5 parts (97.5 % with PyTorch).

#include <tenon/tenon.hpp>

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

void train(nn::Sequential& net, const Dataset& dataset, const example::Options& options,
           example::Progress& progress) {
  optim::Adam adam(net, {.lr = options.lr});
  data::DataLoader loader(dataset, {.batch_size = options.batch_size, .shuffle = true});
  progress.resume(net, adam, loader);
  while (progress.next_epoch()) {
    for (auto& [x, y] : loader) {
      Tape tape;
      Tensor loss = binary_cross_entropy(net(x), y);
      adam.step(tape.gradients(loss));
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
  }
}

example::Result test(nn::Sequential& net, const Dataset& dataset) {
  const auto [x, y] = dataset.all();
  net.eval();
  const Tensor p = net(x);
  example::Result result;
  result.loss = binary_cross_entropy(p, y).item();
  result.predicted = (p + 0.5).select(1, 0).to<std::int64_t>();  // truncates: 1 from 0.5 on
  result.expected = y.select(1, 0).to<std::int64_t>();
  result.accuracy = example::accuracy(result.predicted, result.expected);
  return result;
}

void medical_mlp(const example::Options& options) {
  const Tensor table = io::load_npy(example::small_set(options, "medical", "medical_data.npy"));
  const Dataset dataset = data::TensorDataset(table.slice(1, {0, -1}),
                                              table.slice(1, {-1}));  // the last column: labels

  // Every row is tested once, by the net that has not seen it.
  example::Result all{0, 0, LongTensor::empty({dataset.size()}),
                      table.select(1, -1).to<std::int64_t>()};
  nn::Sequential net;
  std::optional<example::Progress> progress;
  for (Index fold = 0; fold < options.folds; ++fold) {
    const auto [rest, test_part] = example::split_every(dataset, options.folds, fold);
    const Dataset train_part = example::limited(rest, options);
    manual_seed(options.seed);
    net = make_net(train_part.all().inputs);
    progress.emplace(options, std::to_string(fold + 1));
    train(net, train_part, options, *progress);

    const example::Result result = test(net, test_part);
    all.accuracy += result.accuracy / static_cast<double>(options.folds);
    all.loss += result.loss / static_cast<double>(options.folds);
    all.predicted.slice(0, {.start = fold, .step = options.folds}).copy_(result.predicted);
    progress->print("part " + std::to_string(fold + 1) + ": " + example::percent(result.accuracy));
  }

  example::report(options, net, all, *progress);  // of the last net: its weights and scaler
  std::printf("expected: 96.5 %% or more after 10 epochs\n");
  std::printf("mean test accuracy: %s\n", example::percent(all.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A dense network on the Wisconsin breast-cancer table",
                      {.epochs = 10, .batch_size = 32, .lr = 1e-3, .folds = 5}, medical_mlp);
}
