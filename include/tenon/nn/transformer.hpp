#pragma once

#include "tenon/nn/transformer_decoder.hpp"
#include "tenon/nn/transformer_encoder.hpp"

namespace tenon::nn {

/// With torch.nn.Transformer's names and defaults.
struct TransformerOptions {
  Index d_model = 512;  ///< features E of a step
  Index nhead = 8;      ///< heads, which divide d_model
  Index num_encoder_layers = 6;
  Index num_decoder_layers = 6;
  Index dim_feedforward = 2048;  ///< and what follows: see TransformerLayerOptions
  double dropout = 0.1;
  Activation activation = Activation::relu;
  double layer_norm_eps = 1e-5;
  bool norm_first = false;
  bool bias = true;
};

/// Which steps are attended to.
template <class T>
struct BasicTransformerMasks {
  BasicAttentionOptions<T> source = {};  ///< in the encoder
  BasicAttentionOptions<T> target = {};  ///< in the decoder: {.causal = true} for a language
  BasicAttentionOptions<T> memory = {};  ///< of the encoder's steps in the decoder
};
using TransformerMasks = BasicTransformerMasks<float>;

/// An encoder of one sequence and a decoder of another, each with a norm behind its layers.
///
///   nn::Transformer net({.d_model = 128, .nhead = 4});
///   Tensor y = net(source, target, {.target = {.causal = true}});
///   source (N, M, E)   target (N, L, E)   ->   (N, L, E)
///
/// Names, shapes and initialisation (matrices by init::xavier_uniform_) are torch.nn.Transformer's
/// (with batch_first = True). To decode step by step: `memory = net.encoder(source)`, then
/// net.decoder with a cache. Source: Vaswani et al., "Attention is all you need", 2017.
template <class T>
class TENON_API BasicTransformer : public BasicModule<T> {
 public:
  using BasicModule<T>::operator();

  /// Throws ValueError for sizes or options out of their ranges.
  explicit BasicTransformer(const TransformerOptions& options = {});

  BasicTensor<T> operator()(const BasicTensor<T>& source, const BasicTensor<T>& target,
                            const BasicTransformerMasks<T>& masks = {});
  void visit(BasicVisitor<T>& v) override;

  BasicTransformerEncoder<T> encoder;
  BasicTransformerDecoder<T> decoder;
};

extern template class BasicTransformer<float>;
extern template class BasicTransformer<double>;

using Transformer = BasicTransformer<float>;

}  // namespace tenon::nn
