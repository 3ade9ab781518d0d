// A small Transformer that classifies texts: one step of the optimiser, inference of a batch, and
// of one text.

#include <tenon/tenon.hpp>

#include "case.hpp"

namespace tenon::bench {
namespace {

constexpr Index words = 10000, features = 128, heads = 4, hidden = 256, layers = 2;
constexpr Index batch = 32, length = 128;

struct TextTransformer : nn::Module {
  nn::Embedding embedding{words, features};
  nn::TransformerEncoder encoder{
      nn::TransformerEncoderLayer(features, heads, {.dim_feedforward = hidden, .dropout = 0}),
      layers};
  nn::Linear out{features, 2};

  Tensor forward_ids(const LongTensor& ids) override {
    return out(mean(encoder(embedding(ids)), 1));
  }
  void visit(nn::Visitor& v) override {
    v("embedding", embedding);
    v("encoder", encoder);
    v("out", out);
  }
};

std::function<void()> training() {
  struct State {
    TextTransformer net;
    optim::Adam adam{net};
    LongTensor ids = randint(0, words, {batch, length}), labels = randint(0, 2, {batch});
  };
  return [state = std::make_shared<State>()] {
    Tape tape;
    const Tensor loss = cross_entropy(state->net(state->ids), state->labels);
    state->adam.step(tape.gradients(loss));
  };
}

std::function<void()> inference(Index texts) {
  auto net = std::make_shared<TextTransformer>();
  net->eval();
  return [net, ids = randint(0, words, {texts, length})] { keep((*net)(ids)); };
}

// Multiplications and additions of a text: projections, feed-forward parts, scores and means.
constexpr double flops_of_text =
    2.0 * layers * length * features * (4 * features + 2 * hidden + 2 * length);

const Register train_step({"model/train_step/text_transformer b32 T128", 3 * batch* flops_of_text,
                           0, training});
const Register infer({"model/infer/text_transformer b32 T128", batch* flops_of_text, 0,
                      [] { return inference(batch); }});
const Register infer_one({"model/infer_one/text_transformer b32 T128", flops_of_text, 0,
                          [] { return inference(1); }});

}  // namespace
}  // namespace tenon::bench
