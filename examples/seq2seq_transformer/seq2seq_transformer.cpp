// One sequence into another: strings of 4 to 12 letters, written from their end. The encoder of a
// Transformer reads a string, all letters at once; its decoder writes, and attends to the letters
// read and to those that it has written.
//
// Taught by showing it all right letters up to each step (teacher forcing); tested by letting it
// write alone, greedily and by a beam of four prefixes, with the keys and values of earlier steps
// kept from step to step.
//
// Expected: at least 99 % of 2,000 strings exactly right, none of them seen in training.

#include <algorithm>
#include <cmath>
#include <tenon/tenon.hpp>

#include "example.hpp"
#include "strings.hpp"

using namespace tenon;
using example::Letters;

namespace {

constexpr Index features = 64, longest = Letters::longest + 1;

struct Translator : nn::Module {
  nn::Embedding letters{Letters::count, features, {.padding_idx = Letters::pad}};
  nn::SinusoidalPositions positions{longest, features};
  nn::Transformer transformer{{.d_model = features,
                               .nhead = 4,
                               .num_encoder_layers = 2,
                               .num_decoder_layers = 2,
                               .dim_feedforward = 2 * features,
                               .dropout = 0,
                               .norm_first = true}};
  nn::Linear out{features, Letters::count};

  Tensor embed(const LongTensor& ids, Index offset = 0) { return positions(letters(ids), offset); }

  /// The letters shown (N, T) -> scores (N, T, letters) of the one behind each.
  Tensor operator()(const example::StringBatch& batch) {
    const AttentionOptions real{.key_lengths = batch.lengths};
    return out(transformer(embed(batch.source), embed(batch.shown),
                           {.source = real, .target = {.causal = true}, .memory = real}));
  }
  void visit(nn::Visitor& v) override {
    v("letters", letters);
    v("positions", positions);
    v("transformer", transformer);
    v("out", out);
  }
};

/// Names what follows prefixes of some strings, computing only what their last letters add.
class Writer {
 public:
  Writer(Translator& net, const example::StringBatch& batch)
      : net_(net),
        memory_(net.transformer.encoder(net.embed(batch.source), {.key_lengths = batch.lengths})),
        lengths_(batch.lengths),
        cache_(net.transformer.decoder.cache(longest)) {}

  Tensor operator()(const LongTensor& prefixes, const LongTensor& parents) {
    const Index written = cache_.length(), rows = prefixes.size(0);
    if (written > 0) cache_.select(parents);
    // A beam's prefixes are those of one string.
    const bool one = lengths_.numel() == 1;
    const LongTensor lengths = one ? lengths_.expand({rows}) : lengths_;
    const Tensor memory = one ? memory_.expand({rows, -1, -1}) : memory_;
    const LongTensor last = prefixes.narrow(1, written, prefixes.size(1) - written);
    const Tensor y = net_.transformer.decoder(net_.embed(last, written), memory, cache_,
                                              {.memory = {.key_lengths = lengths}});
    return net_.out(y.select(1, -1));
  }

 private:
  Translator& net_;
  Tensor memory_;
  LongTensor lengths_;
  nn::DecoderCache cache_;
};

void train(Translator& net, const std::vector<example::StringPair>& pairs,
           const example::Options& options, example::Progress& progress) {
  optim::Adam adam(net, {.lr = options.lr});
  const LongTensor numbers = arange<Index>(static_cast<double>(pairs.size()));
  data::DataLoader loader(data::TensorDataset(numbers, numbers),
                          {.batch_size = options.batch_size, .shuffle = true});
  const optim::WarmupCosine schedule{
      .lr = options.lr, .warmup_steps = 100, .total_steps = options.epochs * loader.size() + 101};
  progress.resume(net, adam, loader);
  while (progress.next_epoch()) {
    for (auto& [places, same] : loader) {
      const auto batch = example::string_batch(pairs, places.data(), places.numel());
      adam.set_learning_rate(schedule(progress.step() + 1));
      Tape tape;
      const Tensor loss = cross_entropy(net(batch).transpose(1, 2), batch.wanted,
                                        {.ignore_index = Letters::pad, .label_smoothing = 0.1});
      Gradients gradients = tape.gradients(loss);
      optim::clip_grad_norm(gradients, 1.0);
      adam.step(gradients);
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
    progress.print();
  }
}

/// The shares of the strings that come out exactly right, greedily and by beam.
std::pair<double, double> test(Translator& net, const std::vector<example::StringPair>& pairs) {
  const Index count = static_cast<Index>(pairs.size());
  Index greedy = 0, beam = 0;
  net.eval();
  const LongTensor order = arange<Index>(static_cast<double>(count));
  const auto all = example::string_batch(pairs, order.data(), count);
  const auto written = nn::generate(full<Index>({count, 1}, Letters::start), Writer(net, all),
                                    {.max_length = longest, .end = Letters::end});
  for (Index i = 0; i < count; ++i) {
    const auto& target = pairs[static_cast<std::size_t>(i)].target;
    greedy += written[static_cast<std::size_t>(i)] == target;
    const auto found = nn::beam_search(tensor<Index>({Letters::start}),
                                       Writer(net, example::string_batch(pairs, &i, 1)),
                                       {.max_length = longest, .end = Letters::end});
    beam += found[0].ids == target;
  }
  const auto share = [&](Index n) { return static_cast<double>(n) / static_cast<double>(count); };
  return {share(greedy), share(beam)};
}

void seq2seq_transformer(const example::Options& options) {
  const Index count = options.limit > 0 ? options.limit : 20000;
  const auto strings = example::make_strings(count, 2000, options.seed);
  manual_seed(options.seed);
  Translator net;
  example::Progress progress(options);
  train(net, strings.train, options, progress);
  const auto [greedy, beam] = test(net, strings.test);
  example::report(options, net, {greedy, progress.loss()}, progress);
  std::printf("expected: 99 %% or more exactly right\n");
  std::printf("exactly right: %s greedily, %s by beam\n", example::percent(greedy).c_str(),
              example::percent(beam).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "Strings written from their end, by a Transformer",
                      {.epochs = 10, .batch_size = 64, .lr = 2e-3}, seq2seq_transformer);
}
