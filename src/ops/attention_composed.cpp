#include <limits>

#include "kernels/attention_rows.hpp"
#include "ops/attention_call.hpp"
#include "tenon/kernels/dropout.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/softmax.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::detail {
namespace {

/// What masks make of the scores: -infinity is added for keys that take no part; a query that sees
/// none at all is left alone, and its weights are multiplied by 0 afterwards.
template <class T>
struct Masking {
  BasicTensor<T> added, sees;

  explicit Masking(const AttentionCall<T>& call) {
    const auto& d = call.dims;
    const auto mask = call.mask();
    added = zeros<T>({d.batch, d.heads, d.q_len, d.k_len});
    sees = ones<T>({d.batch, d.heads, d.q_len, 1});
    T *row = added.data(), *sees_any = sees.data();
    for (Index n = 0; n < d.batch; ++n) {
      for (Index head = 0; head < d.heads; ++head) {
        for (Index i = 0; i < d.q_len; ++i, row += d.k_len)
          fill(mask, d, n, head, i, row, *sees_any++);
      }
    }
  }

 private:
  static void fill(const kernels::AttentionMask<T>& mask, const kernels::AttentionDims& d, Index n,
                   Index head, Index i, T* row, T& sees_any) {
    constexpr T lowest = -std::numeric_limits<T>::infinity();
    const bool* keep = kernels::keep_row(mask, n, head, i);
    const T* bias = kernels::bias_row(mask, n, head, i);
    const Index visible = kernels::visible_keys(d, mask, n, i);
    Index seen = 0;
    for (Index j = 0; j < d.k_len; ++j) {
      const bool takes_part =
          j < visible && (keep == nullptr || keep[j]) && (bias == nullptr || bias[j] != lowest);
      row[j] = takes_part ? T(0) : lowest;
      seen += takes_part;
    }
    if (seen > 0) return;
    std::fill_n(row, d.k_len, T(0));
    sees_any = 0;
  }
};

/// The factors of dropout, (B, H, Lq, Lk), the same as the kernels draw.
template <class T>
BasicTensor<T> dropout_factors(const kernels::AttentionDims& d) {
  auto factors = BasicTensor<T>::empty({d.batch, d.heads, d.q_len, kernels::dropout_row(d)});
  kernels::dropout_mask(factors.numel(), d.key, d.dropout, factors.data());
  return factors.slice(3, {0, d.k_len});
}

/// (B, H, L, D) as (B, Hk, H / Hk, L, D).
template <class T>
BasicTensor<T> grouped(const BasicTensor<T>& x, Index kv_heads) {
  const Shape& s = x.shape();
  return x.reshape({s[0], kv_heads, s[1] / kv_heads, s[2], s[3]});
}
template <class T>
BasicTensor<T> ungrouped(const BasicTensor<T>& x) {
  const Shape& s = x.shape();
  return x.reshape({s[0], s[1] * s[2], s[3], s[4]});
}

}  // namespace

template <class T>
BasicTensor<T> composed_weights(const AttentionCall<T>& call, const BasicTensor<T>& bias,
                                const BasicTensor<T>& q, const BasicTensor<T>& k) {
  const auto& d = call.dims;
  const Masking<T> masking(call);
  auto scores = ungrouped(matmul(grouped(q, d.kv_heads), k.unsqueeze(2).t())) * T(d.scale);
  // The lowest number instead of -infinity, of which nothing could be subtracted.
  if (bias.defined()) scores = scores + maximum(bias, full<T>({}, T(-1e30)));
  auto weights = softmax(scores + masking.added, -1) * masking.sees;
  return d.dropout > 0 ? weights * dropout_factors<T>(d) : weights;
}

template <class T>
BasicTensor<T> composed_attention(const AttentionCall<T>& call, const BasicTensor<T>& bias,
                                  const BasicTensor<T>& q, const BasicTensor<T>& k,
                                  const BasicTensor<T>& v) {
  const auto weights = composed_weights(call, bias, q, k);
  return ungrouped(matmul(grouped(weights, call.dims.kv_heads), v.unsqueeze(2)));
}

#define TENON_INSTANTIATE(T)                                                                 \
  template BasicTensor<T> composed_weights(const AttentionCall<T>&, const BasicTensor<T>&,   \
                                           const BasicTensor<T>&, const BasicTensor<T>&);    \
  template BasicTensor<T> composed_attention(const AttentionCall<T>&, const BasicTensor<T>&, \
                                             const BasicTensor<T>&, const BasicTensor<T>&,   \
                                             const BasicTensor<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon::detail
