// Writing a sequence step by step through a Transformer's decoder: with the keys and values of the
// steps before kept, and computing everything anew in each step. What counts is tokens/s: a run
// writes samples x steps of them.

#include <tenon/tenon.hpp>

#include "case.hpp"

namespace tenon::bench {
namespace {

constexpr Index features = 256, heads = 8, hidden = 1024, layers = 4, words = 8000;
constexpr Index memory_length = 64, steps = 128;

struct Decoder : nn::Module {
  nn::Embedding embedding{words, features};
  nn::SinusoidalPositions positions{steps, features};
  nn::TransformerDecoder decoder{
      nn::TransformerDecoderLayer(features, heads,
                                  {.dim_feedforward = hidden, .dropout = 0, .norm_first = true}),
      layers, nn::LayerNorm(features)};
  nn::Linear out{features, words};

  void visit(nn::Visitor& v) override {
    v("embedding", embedding);
    v("positions", positions);
    v("decoder", decoder);
    v("out", out);
  }
  Tensor embed(const LongTensor& ids, Index offset) { return positions(embedding(ids), offset); }
};

struct Writing {
  explicit Writing(Index samples) : memory(randn({samples, memory_length, features})) {
    net.eval();
  }

  void run(bool cached) {
    const Index samples = memory.size(0);
    nn::DecoderCache cache = net.decoder.cache(steps);
    const nn::GenerateOptions options{.max_length = steps};
    const auto next = [&](const LongTensor& prefixes) {
      const Index written = cached ? cache.length() : 0;
      const LongTensor last = prefixes.narrow(1, written, prefixes.size(1) - written);
      const Tensor x = net.embed(last, written);
      const Tensor y = cached ? net.decoder(x, memory, cache)
                              : net.decoder(x, memory, {.self = {.causal = true}});
      return net.out(y.select(1, -1));
    };
    keep(nn::generate(zeros<Index>({samples, 1}), next, options));
  }

  Decoder net;
  Tensor memory;
};

/// Multiplications and additions of a token, but for those with the keys and values.
constexpr double flops_of_token =
    2.0 * layers * features * (6 * features + 2 * hidden) + 2.0 * features * words;

bool add(Index samples, bool cached) {
  const std::string name = std::string(cached ? "decoding/cached/" : "decoding/anew/") +
                           std::to_string(samples) + "x" + std::to_string(steps) + " of d" +
                           std::to_string(features);
  const double flops = cached ? static_cast<double>(samples * steps) * flops_of_token : 0;
  cases().push_back({name, flops, 0, [=] {
                       auto writing = std::make_shared<Writing>(samples);
                       return [=] { writing->run(cached); };
                     }});
  return true;
}

const bool registered[] = {add(1, true), add(1, false), add(16, true), add(16, false)};

}  // namespace
}  // namespace tenon::bench
