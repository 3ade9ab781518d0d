// One sequence into another: strings of 4 to 12 letters, written from their end. An LSTM reads a
// string from both ends, another one writes; at each step of the writing, attention looks up the
// letter that it needs among those read.
//
// Taught by showing it all right letters up to each step (teacher forcing); tested by letting it
// write alone, greedily and by a beam of four prefixes.
//
// Expected: at least 99 % of 2,000 strings exactly right, none of them seen in training. Source of
// the attention: Luong et al., "Effective approaches to attention-based neural machine
// translation", EMNLP 2015.

#include <algorithm>
#include <tenon/tenon.hpp>

#include "example.hpp"
#include "strings.hpp"

using namespace tenon;
using example::Letters;

namespace {

constexpr Index features = 32, hidden = 64;

/// What the reader leaves to the writer.
struct Memory {
  Tensor steps;     // (N, L, 2 hidden)
  BoolTensor mask;  // (N, 1, L), true at letters
  LSTMState state;  // to start writing from
};

struct Translator : nn::Module {
  nn::Embedding letters{Letters::count, features, {.padding_idx = Letters::pad}};
  nn::LSTM reader{features, hidden, {.bidirectional = true}};
  nn::LSTM writer{features, 2 * hidden};
  nn::Linear query{2 * hidden, 2 * hidden}, mix{4 * hidden, 2 * hidden};
  nn::Linear out{2 * hidden, Letters::count};

  Memory read(const LongTensor& source, const LongTensor& lengths) {
    const auto [y, state] = reader(letters(source), {}, lengths);
    const auto both = [](const Tensor& s) { return cat({s[0], s[1]}, 1).unsqueeze(0); };
    return {y, sequence_mask(lengths, source.size(1)).unsqueeze(1), {both(state.h), both(state.c)}};
  }
  /// The letters shown (N, T) -> scores (N, T, letters) of the one behind each.
  Tensor write(const Memory& memory, const LongTensor& shown) {
    const auto [y, state] = writer(letters(shown), memory.state);
    const Tensor likeness = matmul(query(y), memory.steps.t());  // (N, T, L)
    const Tensor weights = softmax(where(memory.mask, likeness, -1e9), -1);
    return out(tanh(mix(cat({matmul(weights, memory.steps), y}, -1))));
  }
  void visit(nn::Visitor& v) override {
    v("letters", letters);
    v("reader", reader);
    v("writer", writer);
    v("query", query);
    v("mix", mix);
    v("out", out);
  }
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
      const Tensor scores = net.write(net.read(batch.source, batch.lengths), batch.shown);
      const Tensor loss = cross_entropy(scores.transpose(1, 2), batch.wanted,
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
  Index greedy = 0, beam = 0;
  const Index count = static_cast<Index>(pairs.size());
  for (Index i = 0; i < count; ++i) {
    const auto batch = example::string_batch(pairs, &i, 1);
    const Memory memory = net.read(batch.source, batch.lengths);
    const auto next = [&](const LongTensor& prefixes) {
      const Index n = prefixes.size(0);
      const auto repeat = [n](const Tensor& s) { return s.expand({-1, n, -1}); };
      const Memory all{memory.steps, memory.mask, {repeat(memory.state.h), repeat(memory.state.c)}};
      return net.write(all, prefixes).select(1, -1);
    };
    const example::String& target = pairs[static_cast<std::size_t>(i)].target;
    const LongTensor start = tensor<Index>({Letters::start});
    const Index longest = Letters::longest + 1;  // with the end
    greedy += nn::generate(start.unsqueeze(0), next,
                           {.max_length = longest, .end = Letters::end})[0] == target;
    beam +=
        nn::beam_search(start, next, {.max_length = longest, .end = Letters::end})[0].ids == target;
  }
  const auto share = [&](Index n) { return static_cast<double>(n) / static_cast<double>(count); };
  return {share(greedy), share(beam)};
}

void seq2seq_lstm(const example::Options& options) {
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
  return example::run(argc, argv, "Strings written from their end, by LSTMs with attention",
                      {.epochs = 10, .batch_size = 64, .lr = 3e-3}, seq2seq_lstm);
}
