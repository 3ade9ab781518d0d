#pragma once

#include <concepts>
#include <optional>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Which keys a query attends to, and how. Everything that is given must allow a key.
template <class T>
struct BasicAttentionOptions {
  BoolTensor mask = {};         ///< broadcasts to (B, H, Lq, Lk); true: the key takes part
  BasicTensor<T> bias = {};     ///< broadcasts to (B, H, Lq, Lk); added to the scaled scores
  LongTensor key_lengths = {};  ///< (B), in [0, Lk]: keys from that on are padding
  bool causal = false;          ///< query i attends to the keys up to i + query_offset
  Index query_offset = 0;       ///< how many keys came before the first query, as in a cache
  double dropout = 0;           ///< probability that a weight is dropped, in [0, 1); whenever > 0
  std::optional<double> scale = std::nullopt;  ///< of the scores; 1 / sqrt(D) where absent
};
using AttentionOptions = BasicAttentionOptions<float>;

/// Scaled dot-product attention: each query takes a mean of the values, weighted by how well their
/// keys fit it.
///   y_i = sum_j p_ij v_j,   p_i = softmax over j of (scale q_i . k_j + bias_ij)
///   q (B, H, Lq, D)   k (B, Hk, Lk, D)   v (B, Hk, Lk, Dv)   y (B, H, Lq, Dv)
/// B, or B and H, may be left out everywhere. Hk divides H: each head of keys and values serves
/// H / Hk heads of queries, one after another (grouped-query attention). A query that no key is
/// left for gives 0, and has no gradient. Keys that take no part have no influence, provided they
/// are finite; those behind key_lengths may hold anything.
///
/// The scores are never laid out: memory beside the operands is linear in Lq and Lk. Saves q, k, v,
/// y and a number for each query, and computes the weights again for the gradients. Where bias
/// needs a gradient, and for second derivatives, it is composed of other operations and lays out
/// the weights. Dropout draws from default_generator(), one stream a call.
///
/// Throws ShapeError where sizes do not fit together, ValueError for a length or an option out of
/// its range. Source: Vaswani et al., "Attention is all you need", 2017, equation 1; Dao et al.,
/// "FlashAttention", 2022. As torch.nn.functional.scaled_dot_product_attention, whose boolean mask
/// this is, too.
template <std::floating_point T>
TENON_API BasicTensor<T> scaled_dot_product_attention(const BasicTensor<T>& q,
                                                      const BasicTensor<T>& k,
                                                      const BasicTensor<T>& v,
                                                      const BasicAttentionOptions<T>& options = {});

/// The weights p (B, H, Lq, Lk) themselves, composed of other operations; 0 for keys that take no
/// part. Arguments and errors as above, dropout included.
template <std::floating_point T>
TENON_API BasicTensor<T> attention_weights(const BasicTensor<T>& q, const BasicTensor<T>& k,
                                           const BasicAttentionOptions<T>& options = {});

namespace detail {

/// Attention of heads that lie side by side, as projections make them, without copying any:
///   packed (B, Lq, (H + 2 Hk) D): queries, keys and values of each step   y (B, Lq, H D)
template <std::floating_point T>
TENON_API BasicTensor<T> packed_self_attention(const BasicTensor<T>& packed, Index heads,
                                               Index kv_heads,
                                               const BasicAttentionOptions<T>& options);
/// q (B, Lq, H D)   packed (B, Lk, 2 Hk D): keys and values of each step   y (B, Lq, H D)
template <std::floating_point T>
TENON_API BasicTensor<T> packed_cross_attention(const BasicTensor<T>& q,
                                                const BasicTensor<T>& packed, Index heads,
                                                Index kv_heads,
                                                const BasicAttentionOptions<T>& options);

}  // namespace detail
}  // namespace tenon
