#include "tenon/nn/multihead_attention.hpp"

#include "tenon/base/error.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon::nn {
namespace {

constexpr const char* attention_op = "MultiheadAttention";

/// Throws ValueError unless attention of these sizes can be; gives embed_dim.
Index checked(Index embed_dim, Index heads, const MultiheadAttentionOptions& options) {
  if (embed_dim < 1 || heads < 1 || embed_dim % heads != 0) {
    detail::fail<ValueError>(
        attention_op, "embed_dim must be a multiple of num_heads, both at least 1, but ", embed_dim,
        " and ", heads, " came; hint: each head takes embed_dim / num_heads features");
  }
  if (options.num_kv_heads < 0 || (options.num_kv_heads > 0 && heads % options.num_kv_heads != 0)) {
    detail::fail<ValueError>(attention_op, "num_kv_heads must divide num_heads=", heads, " but is ",
                             options.num_kv_heads,
                             "; hint: each head of keys and values serves as many heads of "
                             "queries; 0 gives every head its own");
  }
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    detail::fail<ValueError>(attention_op, "dropout must lie in [0, 1) but is ", options.dropout,
                             "; hint: it is the probability that a weight is dropped");
  }
  return embed_dim;
}

}  // namespace

template <class T>
BasicMultiheadAttention<T>::BasicMultiheadAttention(Index embed_dim, Index num_heads,
                                                    const MultiheadAttentionOptions& options)
    : out_proj(checked(embed_dim, num_heads, options), embed_dim, {.bias = options.bias}),
      embed_dim_(embed_dim),
      num_heads_(num_heads),
      num_kv_heads_(options.num_kv_heads > 0 ? options.num_kv_heads : num_heads),
      dropout_(options.dropout) {
  const Index rows = embed_dim + 2 * kv_dim();
  in_proj_weight = BasicTensor<T>::empty({rows, embed_dim});
  init::xavier_uniform_<T>(in_proj_weight);
  if (!options.bias) return;
  in_proj_bias = zeros<T>({rows});
  init::constant_<T>(out_proj.bias, 0);
}

template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::forward(const BasicTensor<T>& x) {
  check(x, x, x);
  return out_proj(detail::packed_self_attention(project(x, {0, embed_dim_ + 2 * kv_dim()}),
                                                num_heads_, num_kv_heads_, in_this_mode({})));
}

template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::operator()(const BasicTensor<T>& x,
                                                      const BasicAttentionOptions<T>& options) {
  return attend(x, x, x, options);
}

template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::attend(const BasicTensor<T>& q, const BasicTensor<T>& k,
                                                  const BasicTensor<T>& v,
                                                  const BasicAttentionOptions<T>& options) {
  return this->call([&] {
    check(q, k, v);
    const auto own = in_this_mode(options);
    if (k.is_same(v) && q.is_same(k)) {
      const auto packed = project(q, {0, embed_dim_ + 2 * kv_dim()});
      return out_proj(detail::packed_self_attention(packed, num_heads_, num_kv_heads_, own));
    }
    if (k.is_same(v)) {
      return out_proj(detail::packed_cross_attention(
          project(q, query_rows()), project(k, key_value_rows()), num_heads_, num_kv_heads_, own));
    }
    const auto y = scaled_dot_product_attention(heads(q, query_rows(), num_heads_),
                                                heads(k, key_rows(), num_kv_heads_),
                                                heads(v, value_rows(), num_kv_heads_), own);
    return out_proj(y.transpose(1, 2).reshape(q.shape()));
  });
}

template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::operator()(const BasicTensor<T>& x,
                                                      BasicKeyValueCache<T>& cache,
                                                      const BasicAttentionOptions<T>& options) {
  return this->call([&] {
    check(x, x, x);
    auto own = in_this_mode(options);
    own.causal = true;
    own.query_offset = cache.length();
    const auto packed = project(x, {0, embed_dim_ + 2 * kv_dim()});
    const auto steps = cache.append(packed.narrow(2, embed_dim_, 2 * kv_dim()));
    return out_proj(detail::packed_cross_attention(packed.narrow(2, 0, embed_dim_), steps,
                                                   num_heads_, num_kv_heads_, own));
  });
}

template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::operator()(const BasicTensor<T>& q,
                                                      const BasicTensor<T>& kv,
                                                      BasicKeyValueCache<T>& cache,
                                                      const BasicAttentionOptions<T>& options) {
  return this->call([&] {
    check(q, kv, kv);
    const auto steps =
        cache.length() == 0 ? cache.append(project(kv, key_value_rows())) : cache.steps();
    return out_proj(detail::packed_cross_attention(project(q, query_rows()), steps, num_heads_,
                                                   num_kv_heads_, in_this_mode(options)));
  });
}

template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::weights(const BasicTensor<T>& q,
                                                   const BasicTensor<T>& kv,
                                                   const BasicAttentionOptions<T>& options) {
  return this->call([&] {
    check(q, kv, kv);
    return attention_weights(heads(q, query_rows(), num_heads_),
                             heads(kv, key_rows(), num_kv_heads_), in_this_mode(options));
  });
}

/// x times some rows of in_proj_weight.
template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::project(const BasicTensor<T>& x,
                                                   const Rows& rows) const {
  if (rows.count == in_proj_weight.size(0)) return linear<T>(x, in_proj_weight, in_proj_bias);
  BasicTensor<T> bias;
  if (in_proj_bias.defined()) bias = in_proj_bias.narrow(0, rows.first, rows.count);
  return linear<T>(x, in_proj_weight.narrow(0, rows.first, rows.count), bias);
}

/// The same, (N, count, L, D).
template <class T>
BasicTensor<T> BasicMultiheadAttention<T>::heads(const BasicTensor<T>& x, const Rows& rows,
                                                 Index count) const {
  return project(x, rows)
      .reshape({x.size(0), x.size(1), count, embed_dim_ / num_heads_})
      .transpose(1, 2);
}

template <class T>
BasicAttentionOptions<T> BasicMultiheadAttention<T>::in_this_mode(
    const BasicAttentionOptions<T>& options) const {
  if (options.dropout != 0) {
    detail::fail<ValueError>(
        attention_op, "dropout is the layer's, but a call asks for ", options.dropout,
        "; hint: nn::MultiheadAttention(embed_dim, num_heads, {.dropout = ", options.dropout,
        "}), which train() and eval() turn on and off");
  }
  BasicAttentionOptions<T> own = options;
  if (this->is_training()) own.dropout = dropout_;
  return own;
}

template <class T>
void BasicMultiheadAttention<T>::check(const BasicTensor<T>& q, const BasicTensor<T>& k,
                                       const BasicTensor<T>& v) const {
  if (!in_proj_weight.defined() || !q.defined() || !k.defined() || !v.defined()) {
    detail::fail<ValueError>(attention_op,
                             in_proj_weight.defined() ? "an input" : "the layer's weight",
                             " is undefined; hint: was it moved from?");
  }
  for (const auto* x : {&q, &k, &v}) {
    if (x->rank() == 3 && x->size(2) == embed_dim_) continue;
    detail::fail<ShapeError>(attention_op, "inputs must be (N, L, E=", embed_dim_,
                             ") but one has shape ", x->shape(),
                             "; hint: x.unsqueeze(0) makes a batch of one sequence");
  }
  if (q.size(0) == k.size(0) && k.shape() == v.shape()) return;
  detail::fail<ShapeError>(attention_op, "queries, keys and values do not fit together: q ",
                           to_string(q.shape(), "NLE"), ", k ", to_string(k.shape(), "NLE"), ", v ",
                           to_string(v.shape(), "NLE"),
                           "; hint: one batch size N for all, one length L for keys and values");
}

template <class T>
void BasicMultiheadAttention<T>::visit(BasicVisitor<T>& v) {
  v("in_proj_weight", in_proj_weight);
  if (in_proj_bias.defined()) v("in_proj_bias", in_proj_bias);
  v("out_proj", out_proj);
}

template <class T>
std::string BasicMultiheadAttention<T>::description() const {
  std::string text = this->name() + "(" + std::to_string(embed_dim_) + ", " +
                     std::to_string(num_heads_) + " heads";
  if (num_kv_heads_ != num_heads_) {
    text += ", " + std::to_string(num_kv_heads_) + " of keys and values";
  }
  if (dropout_ > 0) text += ", dropout " + detail::to_text(dropout_);
  return text + (in_proj_bias.defined() || !in_proj_weight.defined() ? ")" : ", bias=false)");
}

template class BasicMultiheadAttention<float>;
template class BasicMultiheadAttention<double>;

}  // namespace tenon::nn
