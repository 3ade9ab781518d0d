#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tenon/nn/dropout.hpp"
#include "tenon/nn/key_value_cache.hpp"
#include "tenon/nn/layer_norm.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/multihead_attention.hpp"
#include "tenon/nn/transformer_options.hpp"

namespace tenon::nn {

/// What a decoder has computed of the steps before: one pair for each layer.
template <class T>
class TENON_API BasicDecoderCache {
 public:
  struct Layer {
    BasicKeyValueCache<T> self, memory;
  };

  /// Room for max_length >= 1 steps of the target. Throws ValueError.
  BasicDecoderCache(Index num_layers, Index max_length);

  /// Steps of the target so far.
  Index length() const { return layers.empty() ? 0 : layers[0].self.length(); }
  /// Forgets the target and the memory.
  void clear();
  /// Goes on with other samples; see KeyValueCache::select(). Throws alike.
  void select(const LongTensor& samples);

  std::vector<Layer> layers;
};

/// Self-attention, attention to memory (what an encoder gave), and a feed-forward part, each added
/// to what entered it:
///   y = norm1(x + self_attn(x)),  z = norm2(y + multihead_attn(y, memory)),  norm3(z + ff(z))
/// or, with norm_first, each norm in front of its part.
///   x (N, L, E)   memory (N, M, E)   ->   (N, L, E)
/// Parameters have torch.nn.TransformerDecoderLayer's names, shapes and initialisation (with
/// batch_first = True); as there, self-attention is causal only where the call says so. Source:
/// Vaswani et al., "Attention is all you need", 2017, section 3.1.
template <class T>
class TENON_API BasicTransformerDecoderLayer : public BasicModule<T> {
 public:
  using BasicModule<T>::operator();

  /// d_model E, a multiple of the nhead heads. Throws ValueError.
  BasicTransformerDecoderLayer(Index d_model, Index nhead,
                               const TransformerLayerOptions& options = {});

  /// layer(x, memory, {.self = {.causal = true}})
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& memory,
                            const BasicDecoderOptions<T>& options = {});
  /// Of new steps x only, always causal, without a tape.
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& memory,
                            typename BasicDecoderCache<T>::Layer& cache,
                            const BasicDecoderOptions<T>& options = {});
  void visit(BasicVisitor<T>& v) override;

  BasicMultiheadAttention<T> self_attn, multihead_attn;
  BasicLinear<T> linear1;
  BasicDropout<T> dropout;
  BasicLinear<T> linear2;
  BasicLayerNorm<T> norm1, norm2, norm3;
  BasicDropout<T> dropout1, dropout2, dropout3;

 private:
  template <class Self, class Cross>
  BasicTensor<T> run(const BasicTensor<T>& x, const Self& self, const Cross& cross);

  Activation activation_;
  bool norm_first_;
};

/// Layers one behind the other, and a norm behind them where there is one.
///
///   nn::TransformerDecoder decoder(nn::TransformerDecoderLayer(128, 4), 2);
///   Tensor y = decoder(x, memory, {.self = {.causal = true}});     // all steps at once
///
///   auto cache = decoder.cache(100);                                // or step by step
///   Tensor y0 = decoder(x0, memory, cache), y1 = decoder(x1, memory, cache);
template <class T>
class TENON_API BasicTransformerDecoder : public BasicModule<T> {
 public:
  using BasicModule<T>::operator();

  /// num_layers >= 0 copies of layer, which therefore start alike, as PyTorch's. Throws ValueError.
  BasicTransformerDecoder(const BasicTransformerDecoderLayer<T>& layer, Index num_layers,
                          std::optional<BasicLayerNorm<T>> norm = std::nullopt);

  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& memory,
                            const BasicDecoderOptions<T>& options = {});
  /// Of new steps x (N, L, E) only, L = 1 usually, as rows of the whole causal pass within
  /// rounding. Memory is looked at in the first call. Throws TapeError under a tape, ValueError
  /// where the cache is full or of another number of layers.
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicTensor<T>& memory,
                            BasicDecoderCache<T>& cache,
                            const BasicDecoderOptions<T>& options = {});
  /// An empty cache for up to max_length steps.
  BasicDecoderCache<T> cache(Index max_length) const {
    return BasicDecoderCache<T>(static_cast<Index>(layers.size()), max_length);
  }
  void visit(BasicVisitor<T>& v) override;

  std::vector<BasicTransformerDecoderLayer<T>> layers;
  std::optional<BasicLayerNorm<T>> norm;
};

extern template class BasicDecoderCache<float>;
extern template class BasicDecoderCache<double>;
extern template class BasicTransformerDecoderLayer<float>;
extern template class BasicTransformerDecoderLayer<double>;
extern template class BasicTransformerDecoder<float>;
extern template class BasicTransformerDecoder<double>;

using DecoderCache = BasicDecoderCache<float>;
using TransformerDecoderLayer = BasicTransformerDecoderLayer<float>;
using TransformerDecoder = BasicTransformerDecoder<float>;

}  // namespace tenon::nn
