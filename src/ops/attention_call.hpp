#pragma once

#include "tenon/kernels/attention.hpp"
#include "tenon/ops/attention.hpp"

namespace tenon::detail {

/// A checked call of attention: everything but the operands.
template <class T>
struct AttentionCall {
  kernels::AttentionDims dims;
  BoolTensor keep;         ///< contiguous, or undefined
  BasicTensor<T> bias;     ///< contiguous, or undefined
  LongTensor key_lengths;  ///< contiguous, or undefined

  kernels::AttentionMask<T> mask() const;
};

/// Of operands with these sizes; strides are the caller's to fill in. Draws the stream of dropout.
template <class T>
AttentionCall<T> attention_call(const char* op, const kernels::AttentionDims& dims,
                                const BasicAttentionOptions<T>& options);

/// The same by other operations, which lays out the weights and has derivatives of every order.
///   q (B, H, Lq, D)   k (B, Hk, Lk, D)   v (B, Hk, Lk, Dv)
template <class T>
BasicTensor<T> composed_weights(const AttentionCall<T>& call, const BasicTensor<T>& bias,
                                const BasicTensor<T>& q, const BasicTensor<T>& k);
template <class T>
BasicTensor<T> composed_attention(const AttentionCall<T>& call, const BasicTensor<T>& bias,
                                  const BasicTensor<T>& q, const BasicTensor<T>& k,
                                  const BasicTensor<T>& v);

}  // namespace tenon::detail
