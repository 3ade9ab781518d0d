// The code of docs/generation.md: each region between [name] and [/name] is quoted there, and runs
// here.

#include <tenon/tenon.hpp>

#include "catch.hpp"

using namespace tenon;

namespace {

// [model]
struct LetterModel : nn::Module {
  nn::Embedding letters{5, 16};
  nn::LearnedPositions positions{32, 16};
  nn::Linear hidden{16, 32}, out{32, 5};
  nn::GELU gelu;

  Tensor forward_ids(const LongTensor& ids) override {  // (N, L) -> logits (N, L, 5)
    return out(gelu(hidden(positions(letters(ids)))));
  }
  void visit(nn::Visitor& v) override {
    v("letters", letters);
    v("positions", positions);
    v("hidden", hidden);
    v("out", out);
  }
};
// [/model]

}  // namespace

TEST_CASE("the generation page's way from a schedule to sequences", "[docs]") {
  manual_seed(1);
  LetterModel net;
  // 0 ends a sequence, 4 starts it; what is to be learned is 4 1 2 3 1 2 0.
  const LongTensor text = tensor<std::int64_t>({{4, 1, 2, 3, 1, 2, 0}});
  const LongTensor inputs = text.narrow(1, 0, 6), targets = text.narrow(1, 1, 6).flatten();
  double loss_value = 0;
  // [schedule]
  optim::AdamW adam(net);
  const optim::WarmupCosine schedule{.lr = 0.02, .warmup_steps = 10, .total_steps = 150};
  for (Index step = 0; step < 150; ++step) {
    adam.set_learning_rate(schedule(step));
    Tape tape;
    Tensor loss = cross_entropy(net(inputs).flatten(0, 1), targets);
    adam.step(tape.gradients(loss));
    loss_value = loss.item();
  }
  // [/schedule]
  CHECK(loss_value < 0.05);

  // [generate]
  auto next = [&](const LongTensor& prefixes) {  // (B, T)
    return net(prefixes).select(1, -1);          // (B, V): what follows the last letter
  };
  LongTensor prompts = tensor<std::int64_t>({{4, 1}, {4, 1}});
  std::vector<std::vector<Index>> texts = nn::generate(prompts, next, {.max_length = 10, .end = 0});
  // [/generate]
  CHECK(texts == std::vector<std::vector<Index>>{{2, 3, 1, 2}, {2, 3, 1, 2}});

  // [sampled]
  Generator generator(42);
  texts = nn::generate(prompts, next,
                       {.max_length = 10, .end = 0, .sampling = {.temperature = 0.8, .top_k = 3}},
                       generator);
  // [/sampled]
  CHECK(texts.size() == 2);

  // [beam]
  auto best = nn::beam_search(prompts[0], next, {.max_length = 10, .end = 0, .count = 3});
  // [/beam]
  for (const nn::Hypothesis& found : best) CHECK(found.score <= best[0].score);
  CHECK(best[0].ids == std::vector<Index>{2, 3, 1, 2});
  CHECK(best[0].ended);
}
