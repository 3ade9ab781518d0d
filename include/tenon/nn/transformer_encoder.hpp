#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tenon/nn/dropout.hpp"
#include "tenon/nn/layer_norm.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/multihead_attention.hpp"
#include "tenon/nn/transformer_options.hpp"

namespace tenon::nn {

/// Self-attention and a feed-forward part, each added to what entered it:
///   y = norm1(x + self_attn(x)),  z = norm2(y + ff(y)),  ff(y) = linear2(activation(linear1(y)))
/// or, with norm_first,
///   y = x + self_attn(norm1(x)),  z = y + ff(norm2(y)).
///   x (N, L, E) -> (N, L, E)
/// Parameters have torch.nn.TransformerEncoderLayer's names, shapes and initialisation (with
/// batch_first = True). Source: Vaswani et al., "Attention is all you need", 2017, section 3.1;
/// norm_first: Xiong et al., "On layer normalization in the transformer architecture", 2020.
template <class T>
class TENON_API BasicTransformerEncoderLayer : public BasicModule<T> {
 public:
  using BasicModule<T>::operator();

  /// d_model E, a multiple of the nhead heads. Throws ValueError.
  BasicTransformerEncoderLayer(Index d_model, Index nhead,
                               const TransformerLayerOptions& options = {});

  BasicTensor<T> forward(const BasicTensor<T>& x) override { return run(x, {}); }
  /// layer(x, {.key_lengths = n}): which steps take part.
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicAttentionOptions<T>& options);
  void visit(BasicVisitor<T>& v) override;

  BasicMultiheadAttention<T> self_attn;
  BasicLinear<T> linear1;
  BasicDropout<T> dropout;
  BasicLinear<T> linear2;
  BasicLayerNorm<T> norm1, norm2;
  BasicDropout<T> dropout1, dropout2;

 private:
  BasicTensor<T> run(const BasicTensor<T>& x, const BasicAttentionOptions<T>& options);

  Activation activation_;
  bool norm_first_;
};

/// Layers one behind the other, and a norm behind them where there is one, as norm_first wants it.
///
///   nn::TransformerEncoder encoder(nn::TransformerEncoderLayer(128, 4), 2);
///   Tensor y = encoder(x, {.key_lengths = lengths});      // x (N, L, 128) -> (N, L, 128)
template <class T>
class TENON_API BasicTransformerEncoder : public BasicModule<T> {
 public:
  using BasicModule<T>::operator();

  /// num_layers >= 0 copies of layer, which therefore start alike, as PyTorch's. Throws ValueError.
  BasicTransformerEncoder(const BasicTransformerEncoderLayer<T>& layer, Index num_layers,
                          std::optional<BasicLayerNorm<T>> norm = std::nullopt);

  BasicTensor<T> forward(const BasicTensor<T>& x) override { return run(x, {}); }
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicAttentionOptions<T>& options);
  void visit(BasicVisitor<T>& v) override;

  std::vector<BasicTransformerEncoderLayer<T>> layers;
  std::optional<BasicLayerNorm<T>> norm;

 private:
  BasicTensor<T> run(const BasicTensor<T>& x, const BasicAttentionOptions<T>& options);
};

extern template class BasicTransformerEncoderLayer<float>;
extern template class BasicTransformerEncoderLayer<double>;
extern template class BasicTransformerEncoder<float>;
extern template class BasicTransformerEncoder<double>;

using TransformerEncoderLayer = BasicTransformerEncoderLayer<float>;
using TransformerEncoder = BasicTransformerEncoder<float>;

}  // namespace tenon::nn
