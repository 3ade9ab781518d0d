#pragma once

// The two language models.

#include <tenon/tenon.hpp>

/// Characters that are looked at, and features of each.
constexpr tenon::Index context = 128, features = 128;

/// Gives scores (N, L, 256) of what follows each of the characters (N, L).
struct Model : tenon::nn::Module {
  virtual tenon::Tensor operator()(const tenon::LongTensor& ids) = 0;
};

struct CausalTransformer : Model {
  tenon::nn::Embedding embedding{256, features};
  tenon::nn::SinusoidalPositions positions{context, features};
  tenon::nn::TransformerEncoder encoder{
      tenon::nn::TransformerEncoderLayer(
          features, 4, {.dim_feedforward = 4 * features, .dropout = 0, .norm_first = true}),
      2, tenon::nn::LayerNorm(features)};
  tenon::nn::Linear out{features, 256};

  tenon::Tensor operator()(const tenon::LongTensor& ids) override {
    return out(encoder(positions(embedding(ids)), {.causal = true}));
  }
  void visit(tenon::nn::Visitor& v) override {
    v("embedding", embedding);
    v("positions", positions);
    v("encoder", encoder);
    v("out", out);
  }
};

struct Recurrent : Model {
  tenon::nn::Embedding embedding{256, features};
  tenon::nn::LSTM lstm{features, 256};
  tenon::nn::Linear out{256, 256};

  tenon::Tensor operator()(const tenon::LongTensor& ids) override {
    return out(lstm(embedding(ids)));
  }
  void visit(tenon::nn::Visitor& v) override {
    v("embedding", embedding);
    v("lstm", lstm);
    v("out", out);
  }
};
