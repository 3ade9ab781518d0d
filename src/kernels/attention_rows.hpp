#pragma once

#include <algorithm>
#include <cstdint>

#include "tenon/kernels/attention.hpp"

// What both implementations of attention ask of its sizes.

namespace tenon::kernels {

inline Index at(const AttentionStrides& s, Index n, Index head, Index step) {
  return n * s.batch + head * s.head + step * s.step;
}

/// Keys [0, count) of a sample that causality and the sample's length leave to query i.
template <class T>
Index visible_keys(const AttentionDims& d, const AttentionMask<T>& mask, Index n, Index i) {
  Index count = d.k_len;
  if (mask.key_lengths != nullptr) {
    count = std::min(count, static_cast<Index>(mask.key_lengths[n]));
  }
  if (d.causal) count = std::min(count, i + d.query_offset + 1);
  return std::max<Index>(0, count);
}

/// The row of keep and of bias for a query, or null.
template <class T>
const bool* keep_row(const AttentionMask<T>& mask, Index n, Index head, Index i) {
  return mask.keep == nullptr ? nullptr : mask.keep + at(mask.keep_strides, n, head, i);
}
template <class T>
const T* bias_row(const AttentionMask<T>& mask, Index n, Index head, Index i) {
  return mask.bias == nullptr ? nullptr : mask.bias + at(mask.bias_strides, n, head, i);
}

/// Elements of a row of dropout's mask, which is (batch, heads, q_len, k_len); even, so that every
/// row begins as dropout_mask_part demands.
inline Index dropout_row(const AttentionDims& d) { return (d.k_len + 1) / 2 * 2; }
/// The position of a query's first key.
inline Index dropout_position(const AttentionDims& d, Index n, Index head, Index i) {
  return ((n * d.heads + head) * d.q_len + i) * dropout_row(d);
}

}  // namespace tenon::kernels
