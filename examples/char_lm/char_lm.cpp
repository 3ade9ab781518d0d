// Two language models of characters, a causal Transformer and an LSTM of like size, learn to name
// the next character of a text, and then write one.
//
// Get the data by scripts/download_data.sh --only imdb DIR, then: char_lm --data DIR
// or take a text of your own, a folder with a file text.txt: char_lm --data FOLDER
//
// An epoch is 500 batches of pieces drawn from anywhere in the text; its last twentieth is held
// out. Given are bits per character there: the mean of -log2 p(character | those before).
//
// Expected: 2.3 bits with the Transformer and 2.5 with the LSTM after 4 epochs on the reviews; 8
// would be bytes drawn at random.

#include <cmath>
#include <tenon/tenon.hpp>

#include "example.hpp"
#include "models.hpp"
#include "reviews.hpp"

using namespace tenon;

namespace {

constexpr Index batches = 500;

/// Pieces (count, context + 1) of a text, from the places given.
LongTensor pieces(const LongTensor& text, const LongTensor& places) {
  LongTensor batch = LongTensor::empty({places.numel(), context + 1});
  for (Index i = 0; i < places.numel(); ++i) {
    batch.select(0, i).copy_(text.narrow(0, places(i), context + 1));
  }
  return batch;
}

Tensor loss_of(Model& net, const LongTensor& batch) {
  const Tensor scores = net(batch.narrow(1, 0, context));
  return cross_entropy(scores.reshape({-1, 256}), batch.narrow(1, 1, context).reshape({-1}));
}

/// Over at most 400 pieces one behind the other.
double bits_per_character(Model& net, const LongTensor& text) {
  const Index count = std::min<Index>(400, (text.numel() - 1) / context);
  double sum = 0;
  for (Index i = 0; i < count; ++i) {
    sum += static_cast<double>(loss_of(net, pieces(text, tensor<Index>({i * context}))).item());
  }
  return sum / static_cast<double>(count) / std::log(2.0);
}

double train(Model& net, const LongTensor& text, const LongTensor& held_out,
             const example::Options& options, example::Progress& progress) {
  optim::AdamW adam(net, {.lr = options.lr, .weight_decay = 0.01});
  const optim::WarmupCosine schedule{
      .lr = options.lr, .warmup_steps = 100, .total_steps = options.epochs * batches + 101};
  progress.resume(net, adam);
  while (progress.next_epoch()) {
    for (Index i = 0; i < batches; ++i) {
      const LongTensor places = randint(0, text.numel() - context, {options.batch_size});
      adam.set_learning_rate(schedule(progress.step() + 1));
      Tape tape;
      const Tensor loss = loss_of(net, pieces(text, places));
      Gradients gradients = tape.gradients(loss);
      optim::clip_grad_norm(gradients, 1.0);
      adam.step(gradients);
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
    progress.print();
  }
  return bits_per_character(net, held_out);
}

/// What the model writes behind a few words.
std::string sample_text(Model& net, const std::string& start, Index length) {
  LongTensor prompt = LongTensor::empty({1, static_cast<Index>(start.size())});
  for (std::size_t i = 0; i < start.size(); ++i)
    prompt.data()[i] = static_cast<unsigned char>(start[i]);
  const auto next = [&](const LongTensor& prefixes) {
    const Index shown = std::min(context, prefixes.size(1));
    return net(prefixes.narrow(1, prefixes.size(1) - shown, shown)).select(1, -1);
  };
  const auto written =
      nn::generate(prompt, next, {.max_length = length, .sampling = {.temperature = 0.8}});
  std::string text = start;
  for (Index id : written[0]) text += static_cast<char>(id);
  return text;
}

void char_lm(const example::Options& options) {
  const LongTensor text = example::load_characters(options);
  const Index kept = text.numel() - text.numel() / 20;
  const LongTensor training = text.narrow(0, 0, kept);
  const LongTensor held_out = text.narrow(0, kept, text.numel() - kept);

  manual_seed(options.seed);
  CausalTransformer transformer;
  Recurrent recurrent;
  example::Progress progress(options), other(options, "lstm");
  example::Result result;
  result.metric = "bits_per_character";
  std::printf("a Transformer of %lld parameters\n",
              static_cast<long long>(nn::count_parameters(transformer)));
  result.accuracy = train(transformer, training, held_out, options, progress);
  std::printf("an LSTM of %lld parameters\n",
              static_cast<long long>(nn::count_parameters(recurrent)));
  const double of_lstm = train(recurrent, training, held_out, options, other);

  std::printf("the Transformer writes: %s\n", sample_text(transformer, "This film ", 300).c_str());
  std::printf("the LSTM writes: %s\n", sample_text(recurrent, "This film ", 300).c_str());
  result.loss = result.accuracy * std::log(2.0);
  example::report(options, transformer, result, progress);
  std::printf("bits per character: %.2f with the Transformer, %.2f with the LSTM\n",
              result.accuracy, of_lstm);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "Language models of characters",
                      {.epochs = 4, .batch_size = 32, .lr = 2e-3}, char_lm);
}
