// A bidirectional LSTM over film reviews of 256 words: one step of the optimiser, inference of a
// batch, and of one review.

#include <tenon/tenon.hpp>

#include "case.hpp"

namespace tenon::bench {
namespace {

constexpr Index words = 10000, width = 16, units = 64, batch = 128, steps = 256;

struct BiLSTM : nn::Module {
  nn::Embedding embedding{words, width};
  nn::LSTM lstm{width, units, {.bidirectional = true}};
  nn::Linear hidden{2 * units, 64}, out{64, 1};

  Tensor forward_ids(const LongTensor& ids) override {
    const auto [y, last] = lstm(embedding(ids), {});
    return out(relu(hidden(cat({last.h[0], last.h[1]}, 1))));
  }
  void visit(nn::Visitor& v) override {
    v("embedding", embedding);
    v("lstm", lstm);
    v("hidden", hidden);
    v("out", out);
  }
};

std::function<void()> training() {
  struct State {
    BiLSTM net;
    optim::Adam adam{net};
    LongTensor ids = randint(0, words, {batch, steps});
    Tensor targets = randint(0, 2, {batch, 1}).to<float>();
  };
  return [state = std::make_shared<State>()] {
    Tape tape;
    const Tensor loss = binary_cross_entropy_with_logits(state->net(state->ids), state->targets);
    state->adam.step(tape.gradients(loss));
  };
}

std::function<void()> inference(Index n) {
  auto net = std::make_shared<BiLSTM>();
  net->eval();
  return [net, ids = randint(0, words, {n, steps})] { keep((*net)(ids)); };
}

const bool registered = [] {
  constexpr double flops = 2.0 * 2 * batch * steps * 4 * units * (width + units);
  const std::string name = "imdb_bilstm b128 T256";
  cases().push_back({"model/train_step/" + name, 3 * flops, 0, [] { return training(); }});
  cases().push_back({"model/infer/" + name, flops, 0, [] { return inference(batch); }});
  cases().push_back({"model/infer_one/" + name, flops / batch, 0, [] { return inference(1); }});
  return true;
}();

}  // namespace
}  // namespace tenon::bench
