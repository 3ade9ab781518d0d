// Did the writer of a review like the film? A small Transformer looks at all words at once: each
// attends to every other, and the mean over a review's words decides.
//
// Get the data by scripts/download_data.sh --only imdb DIR, then: imdb_transformer --data DIR
//
// A tenth of the training part is held out. Training stops when the loss there has grown, and the
// weights of the epoch before are tested.
//
// Expected: a test accuracy of 86 % or more.

#include <algorithm>
#include <cmath>
#include <tenon/tenon.hpp>

#include "example.hpp"
#include "reviews.hpp"
#include "samples.hpp"

using namespace tenon;

namespace {

constexpr Index words = 10000, steps = 256, features = 32;

struct Transformer : nn::Module {
  nn::Embedding embedding{words, features};
  nn::SinusoidalPositions positions{steps, features};
  nn::Dropout dropout{0.4};
  nn::TransformerEncoder encoder{
      nn::TransformerEncoderLayer(
          features, 4, {.dim_feedforward = 2 * features, .dropout = 0.1, .norm_first = true}),
      1, nn::LayerNorm(features)};
  nn::Linear out{features, 1};

  Transformer() { nn::init::uniform_(embedding.weight, -0.05, 0.05); }

  /// ids (N, L), lengths (N) -> the logarithm of the odds that the film was liked, (N).
  Tensor operator()(const LongTensor& ids, const LongTensor& lengths) {
    const Tensor x = positions(embedding(ids) * std::sqrt(static_cast<float>(features)));
    const Tensor y = encoder(dropout(x), {.key_lengths = lengths});
    return out(masked_mean(y, lengths)).squeeze(-1);
  }
  void visit(nn::Visitor& v) override {
    v("embedding", embedding);
    v("positions", positions);
    v("dropout", dropout);
    v("encoder", encoder);
    v("out", out);
  }
};

using Dataset = data::SequenceDataset<Tensor>;

/// The last 256 ids of reviews [begin, end).
Dataset make_dataset(const example::ReviewIds& reviews, Index begin, Index end) {
  std::vector<std::vector<Index>> ids(reviews.ids.begin() + begin, reviews.ids.begin() + end);
  for (auto& review : ids) {
    if (static_cast<Index>(review.size()) > steps)
      review.erase(review.begin(), review.end() - steps);
  }
  return Dataset(std::move(ids), reviews.labels.narrow(0, begin, end - begin).to<float>());
}

example::Result test(Transformer& net, const Dataset& dataset) {
  const Index count = dataset.size();
  example::Result result{0, 0, LongTensor::empty({count}), LongTensor::empty({count})};
  data::SequenceLoader loader(dataset, {.batch_size = 100});
  Index begin = 0;
  net.eval();
  for (auto& [ids, lengths, labels] : loader) {
    const Tensor logits = net(ids, lengths);
    const Tensor loss = binary_cross_entropy_with_logits(logits, labels, Reduction::sum);
    result.loss += static_cast<double>(loss.item()) / static_cast<double>(count);
    for (Index i = 0; i < labels.numel(); ++i, ++begin) {
      result.predicted(begin) = logits(i) > 0;
      result.expected(begin) = labels(i) > 0.5F;
    }
  }
  net.train();
  result.accuracy = example::accuracy(result.predicted, result.expected);
  return result;
}

void imdb_transformer(const example::Options& options) {
  const example::Reviews reviews = example::load_reviews(options, words);
  const Index all = static_cast<Index>(reviews.train.ids.size()), kept = all - all / 10;
  const Dataset train = make_dataset(reviews.train, 0, kept);
  const Dataset held_out = make_dataset(reviews.train, kept, all);

  manual_seed(options.seed);
  Transformer net;
  optim::AdamW adam(net, {.lr = options.lr, .weight_decay = 0.01});
  data::SequenceLoader loader(train, {.batch_size = options.batch_size, .shuffle = true});
  const optim::WarmupCosine schedule{
      .lr = options.lr, .warmup_steps = 100, .total_steps = options.epochs * loader.size() + 101};

  example::Progress progress(options);
  Transformer best = net;
  double best_loss = INFINITY;
  progress.resume(net, adam, loader, best, best_loss);
  while (progress.next_epoch()) {
    for (auto& [ids, lengths, labels] : loader) {
      adam.set_learning_rate(schedule(progress.step() + 1));
      Tape tape;
      const Tensor loss = binary_cross_entropy_with_logits(net(ids, lengths), labels);
      Gradients gradients = tape.gradients(loss);
      optim::clip_grad_norm(gradients, 1.0);
      adam.step(gradients);
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
    const example::Result validation = test(net, held_out);
    progress.print("held out: loss " + std::to_string(validation.loss) + ", " +
                   example::percent(validation.accuracy));
    if (validation.loss > best_loss) break;
    best_loss = validation.loss;
    best = net;
  }

  const example::Result result =
      test(best, make_dataset(reviews.test, 0, static_cast<Index>(reviews.test.ids.size())));
  example::report(options, best, result, progress);
  std::printf("expected: 86 %% or more\n");
  std::printf("test accuracy: %s\n", example::percent(result.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A small Transformer on the IMDB reviews",
                      {.epochs = 6, .batch_size = 64, .lr = 1e-3}, imdb_transformer);
}
