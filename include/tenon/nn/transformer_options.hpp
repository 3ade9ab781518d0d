#pragma once

#include "tenon/base/shape.hpp"
#include "tenon/ops/attention.hpp"

namespace tenon::nn {

/// What stands between the two products of a feed-forward part.
enum class Activation { relu, gelu };

/// Of one layer of an encoder or decoder, with torch.nn's names and defaults.
struct TransformerLayerOptions {
  Index dim_feedforward = 2048;  ///< features between the two products
  double dropout = 0.1;  ///< of attention weights, between the products, and of what is added
  Activation activation = Activation::relu;
  double layer_norm_eps = 1e-5;
  bool norm_first = false;  ///< normalise what enters each part, not the sum behind it
  bool bias = true;         ///< of products and norms
};

/// Which steps a decoder attends to: of its own target, and of memory.
template <class T>
struct BasicDecoderOptions {
  BasicAttentionOptions<T> self = {};    ///< {.causal = true} where each step sees those before it
  BasicAttentionOptions<T> memory = {};  ///< {.key_lengths = n} where memory is padded
};
using DecoderOptions = BasicDecoderOptions<float>;

}  // namespace tenon::nn
