#include "ops/attention_call.hpp"

#include <cmath>

#include "tenon/base/error.hpp"

namespace tenon::detail {

using kernels::AttentionDims;
using kernels::AttentionStrides;

namespace {

[[noreturn]] void fail_option(const char* op, const char* what, double value, const char* hint) {
  fail<ValueError>(op, what, " but is ", value, "; hint: ", hint);
}

void check_lengths(const char* op, const LongTensor& lengths, const AttentionDims& d) {
  if (!(lengths.shape() == Shape{d.batch})) {
    fail<ShapeError>(op, "key_lengths must have shape (B=", d.batch, ") but has ", lengths.shape(),
                     "; hint: the number of real keys of each sample");
  }
  for (Index n = 0; n < d.batch; ++n) {
    const std::int64_t length = lengths.data()[n];
    if (length >= 0 && length <= d.k_len) continue;
    fail<ValueError>(op, "key_lengths[", n, "] must lie in [0, Lk=", d.k_len, "] but is ", length,
                     "; hint: keys from it on are padding");
  }
}

/// x with all the keys in its last axis and no more axes than (B, H, Lq, Lk), contiguous.
template <class X>
BasicTensor<X> checked_mask(const char* op, const char* name, const BasicTensor<X>& x,
                            const AttentionDims& d) {
  const Shape whole{d.batch, d.heads, d.q_len, d.k_len}, shape = x.shape();
  bool fits = shape.rank() <= 4;
  for (int i = 1; fits && i <= shape.rank(); ++i) {
    fits = shape.at(-i) == whole.at(-i) || shape.at(-i) == 1;
  }
  if (!fits) {
    fail<ShapeError>(op, name, " must broadcast to ", to_string(whole, "BHQK"),
                     " but its shape is ", shape,
                     "; hint: x.unsqueeze(1) adds an axis for the heads");
  }
  if (shape.rank() > 0 && shape.at(-1) == d.k_len) return x.contiguous();
  Shape rows = shape.rank() == 0 ? Shape{d.k_len} : shape;
  rows[rows.rank() - 1] = d.k_len;
  return x.expand(rows).contiguous();
}

/// How a contiguous tensor that broadcasts to (B, H, Lq, Lk) is walked.
AttentionStrides broadcast_strides(const Shape& shape) {
  Index strides[3] = {}, step = shape[shape.rank() - 1];
  for (int i = 2; i <= shape.rank(); ++i) {
    strides[4 - i] = shape.at(-i) == 1 ? 0 : step;
    step *= shape.at(-i);
  }
  return {strides[0], strides[1], strides[2]};
}

}  // namespace

template <class T>
kernels::AttentionMask<T> AttentionCall<T>::mask() const {
  kernels::AttentionMask<T> m;
  if (key_lengths.defined()) m.key_lengths = key_lengths.data();
  if (keep.defined()) {
    m.keep = keep.data();
    m.keep_strides = broadcast_strides(keep.shape());
  }
  if (bias.defined()) {
    m.bias = bias.data();
    m.bias_strides = broadcast_strides(bias.shape());
  }
  return m;
}

template <class T>
AttentionCall<T> attention_call(const char* op, const AttentionDims& dims,
                                const BasicAttentionOptions<T>& options) {
  AttentionCall<T> call;
  call.dims = dims;
  AttentionDims& d = call.dims;
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    fail_option(op, "dropout must lie in [0, 1)", options.dropout,
                "it is the probability that a weight is dropped");
  }
  d.scale = options.scale.value_or(1 / std::sqrt(static_cast<double>(d.size)));
  if (!std::isfinite(d.scale)) {
    fail_option(op, "scale must be finite", d.scale, "1 / sqrt(D) is usual, for which D > 0");
  }
  d.causal = options.causal;
  d.query_offset = options.query_offset;
  d.dropout = options.dropout;
  if (options.key_lengths.defined()) {
    call.key_lengths = options.key_lengths.contiguous();
    check_lengths(op, call.key_lengths, d);
  }
  if (options.mask.defined()) call.keep = checked_mask(op, "mask", options.mask, d);
  if (options.bias.defined()) call.bias = checked_mask(op, "bias", options.bias, d);
  if (d.dropout > 0) d.key = default_generator().next();
  return call;
}

#define TENON_INSTANTIATE(T)                                                  \
  template struct AttentionCall<T>;                                           \
  template AttentionCall<T> attention_call(const char*, const AttentionDims&, \
                                           const BasicAttentionOptions<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
