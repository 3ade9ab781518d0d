#pragma once

#include <concepts>
#include <string>

#include "tenon/nn/key_value_cache.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/module.hpp"
#include "tenon/ops/attention.hpp"

namespace tenon::nn {

struct MultiheadAttentionOptions {
  Index num_kv_heads = 0;  ///< heads of keys and values, a divisor of num_heads; 0: num_heads
  bool bias = true;        ///< of all projections
  double dropout = 0;      ///< probability in [0, 1) that a weight is dropped, in training
};

/// Attention of several heads, each of which sees projections of its own:
///   y = concat(head_1 ... head_H) w_o^T + b_o,
///   head_h = scaled_dot_product_attention(q w_q,h^T + b, k w_k,h^T + b, v w_v,h^T + b)
///
///   attention(x)                          // self-attention, x (N, L, E) -> (N, L, E)
///   attention(x, {.causal = true})        // its options: AttentionOptions
///   attention(q, kv, {.key_lengths = n})  // q (N, Lq, E), kv (N, Lk, E) -> (N, Lq, E)
///
/// Parameters have torch.nn.MultiheadAttention's names, shapes and initialisation (with
/// batch_first = True), so that its weights fit. A boolean mask, though, says which keys take part,
/// as in torch.nn.functional.scaled_dot_product_attention. Calls throw ShapeError where sizes do
/// not fit together, ValueError for options out of their range.
/// Source: Vaswani et al., "Attention is all you need", 2017, section 3.2.2.
template <class T>
class TENON_API BasicMultiheadAttention : public BasicModule<T> {
 public:
  using BasicModule<T>::operator();

  /// embed_dim E, a multiple of num_heads, >= 1. Throws ValueError.
  BasicMultiheadAttention(Index embed_dim, Index num_heads,
                          const MultiheadAttentionOptions& options = {});

  /// Self-attention.
  BasicTensor<T> forward(const BasicTensor<T>& x) override;
  BasicTensor<T> operator()(const BasicTensor<T>& x, const BasicAttentionOptions<T>& options);
  /// Queries attend to the keys and values of other steps; k and v have one length Lk.
  template <std::derived_from<BasicTensor<T>> X>
  BasicTensor<T> operator()(const BasicTensor<T>& q, const X& kv,
                            const BasicAttentionOptions<T>& options = {}) {
    return attend(q, kv, kv, options);
  }
  template <std::derived_from<BasicTensor<T>> X>
  BasicTensor<T> operator()(const BasicTensor<T>& q, const X& k, const BasicTensor<T>& v,
                            const BasicAttentionOptions<T>& options = {}) {
    return attend(q, k, v, options);
  }

  /// Decoding step by step, without a tape. Causal self-attention of new steps x (N, L, E) to those
  /// in the cache and to themselves: as rows of the whole sequence's attention, within rounding.
  BasicTensor<T> operator()(const BasicTensor<T>& x, BasicKeyValueCache<T>& cache,
                            const BasicAttentionOptions<T>& options = {});
  /// Attention to kv, of which keys and values are computed while the cache is empty, and taken
  /// from it afterwards.
  BasicTensor<T> operator()(const BasicTensor<T>& q, const BasicTensor<T>& kv,
                            BasicKeyValueCache<T>& cache,
                            const BasicAttentionOptions<T>& options = {});

  /// Each head's weights (N, H, Lq, Lk), rows of which sum to 1, or are 0 where a query sees no
  /// key. What PyTorch gives for need_weights = True is mean(weights, 1).
  BasicTensor<T> weights(const BasicTensor<T>& q, const BasicTensor<T>& kv,
                         const BasicAttentionOptions<T>& options = {});
  BasicTensor<T> weights(const BasicTensor<T>& x, const BasicAttentionOptions<T>& options = {}) {
    return weights(x, x, options);
  }

  void visit(BasicVisitor<T>& v) override;
  std::string description() const override;

  Index embed_dim() const { return embed_dim_; }
  Index num_heads() const { return num_heads_; }
  Index num_kv_heads() const { return num_kv_heads_; }

  BasicParameter<T> in_proj_weight;  ///< (E + 2 Hk D, E): of queries, keys, values; (3 E, E)
  BasicParameter<T> in_proj_bias;    ///< (E + 2 Hk D), undefined without a bias
  BasicLinear<T> out_proj;           ///< E -> E

 private:
  /// Rows of in_proj_weight.
  struct Rows {
    Index first, count;
  };
  Rows query_rows() const { return {0, embed_dim_}; }
  Rows key_rows() const { return {embed_dim_, kv_dim()}; }
  Rows value_rows() const { return {embed_dim_ + kv_dim(), kv_dim()}; }
  Rows key_value_rows() const { return {embed_dim_, 2 * kv_dim()}; }
  Index kv_dim() const { return embed_dim_ / num_heads_ * num_kv_heads_; }

  BasicTensor<T> attend(const BasicTensor<T>& q, const BasicTensor<T>& k, const BasicTensor<T>& v,
                        const BasicAttentionOptions<T>& options);
  BasicTensor<T> project(const BasicTensor<T>& x, const Rows& rows) const;
  BasicTensor<T> heads(const BasicTensor<T>& x, const Rows& rows, Index count) const;
  BasicAttentionOptions<T> in_this_mode(const BasicAttentionOptions<T>& options) const;
  void check(const BasicTensor<T>& q, const BasicTensor<T>& k, const BasicTensor<T>& v) const;

  Index embed_dim_, num_heads_, num_kv_heads_;
  double dropout_;
};

extern template class BasicMultiheadAttention<float>;
extern template class BasicMultiheadAttention<double>;

using MultiheadAttention = BasicMultiheadAttention<float>;

}  // namespace tenon::nn
