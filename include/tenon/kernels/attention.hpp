#pragma once

#include <cstdint>

#include "tenon/base/random.hpp"
#include "tenon/kernels/dims.hpp"

namespace tenon::kernels {

/// Where the vectors of one operand lie: distances between samples, heads and steps, in elements.
/// The elements of one vector are contiguous.
struct AttentionStrides {
  Index batch, head, step;
};

/// Sizes of
///   y[n,h,i] = sum_j p_ij v[n,g,j],   p_ij = softmax over j of (scale q[n,h,i] . k[n,g,j] + bias)
/// for samples n, heads h and queries i; g = h / (heads / kv_heads) is the head of keys and values
/// that heads of queries share.
///   q : (batch, heads, q_len, size)          k : (batch, kv_heads, k_len, size)
///   y : (batch, heads, q_len, value_size)    v : (batch, kv_heads, k_len, value_size)
struct AttentionDims {
  Index batch, heads, kv_heads;  ///< heads a multiple of kv_heads
  Index q_len, k_len, size, value_size;
  AttentionStrides q, k, v, y;
  double scale = 1;
  bool causal = false;  ///< query i sees the keys up to i + query_offset
  Index query_offset = 0;
  double dropout = 0;  ///< probability that a p_ij is dropped, in [0, 1)
  RandomKey key;       ///< which ones
};

/// Which keys count, and what is added to their scores; null pointers say nothing. A key takes part
/// where everything that is given allows it. Rows of keep and bias, k_len long, are contiguous.
template <class T>
struct AttentionMask {
  const std::int64_t* key_lengths = nullptr;  ///< (batch): keys from that on take no part
  const bool* keep = nullptr;
  AttentionStrides keep_strides = {};
  const T* bias = nullptr;
  AttentionStrides bias_strides = {};
};

/// y, and the log of each softmax's denominator
///   lse[n,h,i] = log sum_j exp(scale q . k + bias), -infinity where no key takes part; y is 0
///   there
/// lse : (batch, heads, q_len), or null. Memory beside that is linear in q_len + k_len. Parallel
/// over samples, heads and blocks of queries, whose y and lse are disjoint.
template <class T>
TENON_API void attention_forward(const AttentionDims& dims, const AttentionMask<T>& mask,
                                 const T* q, const T* k, const T* v, T* y, T* lse);

/// The gradients of q, k and v, which lie as these do; each may be null. y and dy lie as dims.y
/// says; y and lse are what attention_forward gave. p is computed again from lse:
///   dv_j = sum_i p_ij dy_i     ds_ij = p_ij (dy_i . v_j - dy_i . y_i)
///   dq_i = scale sum_j ds_ij k_j     dk_j = scale sum_i ds_ij q_i
/// Parallel over samples and heads of keys, whose gradients are disjoint.
/// Source: Dao et al., "FlashAttention", NeurIPS 2022, algorithm 4.
template <class T>
TENON_API void attention_backward(const AttentionDims& dims, const AttentionMask<T>& mask,
                                  const T* q, const T* k, const T* v, const T* y, const T* lse,
                                  const T* dy, T* dq, T* dk, T* dv);

}  // namespace tenon::kernels
