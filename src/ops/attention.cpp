#include "tenon/ops/attention.hpp"

#include <string>

#include "ops/attention_call.hpp"
#include "ops/common.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/base/error.hpp"

namespace tenon {
namespace detail {

using kernels::AttentionDims;
using kernels::AttentionStrides;

namespace {

/// Where the queries, keys or values are: in one of the operands, from an element on.
struct Place {
  int operand;
  Index first;
};

/// A call and its operands, which are contiguous wherever gradients are to be made.
template <class T>
struct Attention {
  AttentionCall<T> call;
  int count;  ///< of operands
  BasicTensor<T> operands[3];
  Place q, k, v;
  bool steps_first;  ///< memory is (B, L, H, D), not (B, H, L, D)

  /// (B, H, L, D) of the queries, keys or values, as a view.
  BasicTensor<T> heads(const BasicTensor<T>* x, const Place& place, Index heads, Index size) const {
    const auto& all = x[place.operand];
    if (!steps_first) return all;
    const Index b = all.size(0), l = all.size(1);
    return all.slice(2, {place.first, place.first + heads * size})
        .reshape({b, l, heads, size})
        .transpose(1, 2);
  }

  /// Of other operations, in the layout of y.
  BasicTensor<T> composed(const BasicTensor<T>* x, const BasicTensor<T>& bias) const {
    const AttentionDims& d = call.dims;
    const auto y =
        composed_attention(call, bias, heads(x, q, d.heads, d.size),
                           heads(x, k, d.kv_heads, d.size), heads(x, v, d.kv_heads, d.value_size));
    if (!steps_first) return y;
    return y.transpose(1, 2).reshape({d.batch, d.q_len, d.heads * d.value_size});
  }

  void run(const BasicTensor<T>* x, BasicTensor<T>& y, BasicTensor<T>& lse) const {
    kernels::attention_forward<T>(call.dims, call.mask(), at(x, q), at(x, k), at(x, v), y.data(),
                                  lse.defined() ? lse.data() : nullptr);
  }

  static const T* at(const BasicTensor<T>* x, const Place& p) {
    return x[p.operand].data() + p.first;
  }
};

/// What the rule keeps.
template <class T>
struct SavedAttention {
  Attention<T> attention;  ///< without its operands
  Saved<T> operands[3];
  Saved<T> y, lse;

  void add_gradients(Sweep<T>& sweep) const {
    const BasicTensor<T> x[3] = {*operands[0], *operands[1], *operands[2]};
    if (Recording(  // an enclosing tape differentiates the gradients again
            "attention_backward", sweep.dy(), x[0], x[1], x[2])) {
      return add_composed(sweep, x);
    }
    const auto dy = sweep.dy().contiguous();
    BasicTensor<T> g[3];
    for (int i = 0; i < attention.count; ++i) {
      if (sweep.needs(i)) g[i] = BasicTensor<T>::empty(x[i].shape());
    }
    const auto place = [&](const Place& p) {
      return g[p.operand].defined() ? g[p.operand].data() + p.first : nullptr;
    };
    const auto& [call, count, none, q, k, v, steps_first] = attention;
    kernels::attention_backward<T>(call.dims, call.mask(), attention.at(x, q), attention.at(x, k),
                                   attention.at(x, v), y->data(), lse->data(), dy.data(), place(q),
                                   place(k), place(v));
    for (int i = 0; i < count; ++i) sweep.add(i, std::move(g[i]));
  }

 private:
  void add_composed(Sweep<T>& sweep, const BasicTensor<T>* x) const {
    Tape tape;
    BasicTensor<T> leaves[3];
    for (int i = 0; i < attention.count; ++i) leaves[i] = tape.watch(x[i]);
    const auto gradients =
        tape.gradients(attention.composed(leaves, attention.call.bias), sweep.dy());
    for (int i = 0; i < attention.count; ++i) sweep.add(i, gradients[leaves[i]]);
  }
};

template <class T>
BasicTensor<T> attend(const char* op, Attention<T> a, const Shape& y_shape,
                      const BasicTensor<T>& bias) {
  const OpScope scope(op);
  if (Recording(op, bias)) return a.composed(a.operands, bias);
  auto y = BasicTensor<T>::empty(y_shape);
  const AttentionDims& d = a.call.dims;
  Recording recording{op, a.operands[0], a.operands[1], a.operands[2]};
  BasicTensor<T> lse;
  if (recording) lse = BasicTensor<T>::empty({d.batch, d.heads, d.q_len});
  a.run(a.operands, y, lse);
  if (recording) {
    recording.describe({"heads kv_heads causal", {d.heads, d.kv_heads, d.causal}});
    SavedAttention<T> saved{a,
                            {Saved(a.operands[0]), Saved(a.operands[1]), Saved(a.operands[2])},
                            Saved(y),
                            Saved(lse)};
    for (auto& x : saved.attention.operands) x = {};
    recording.rule(y, [saved = std::move(saved)](Sweep<T>& sweep) { saved.add_gradients(sweep); });
  }
  return y;
}

/// Strides of contiguous (B, H, L, D).
AttentionStrides heads_first(Index heads, Index steps, Index size) {
  return {heads * steps * size, steps * size, size};
}
/// x (B, L, H D) as the kernels read it. Gradients are contiguous and lie as their operands do;
/// where there are none, steps may lie anywhere, as in a cache.
template <class T>
BasicTensor<T> readable(const BasicTensor<T>& x) {
  return !Tape::is_recording() && x.strides()[2] == 1 ? x : x.contiguous();
}
/// Strides of heads of so many elements that lie side by side.
template <class T>
AttentionStrides side_by_side(const BasicTensor<T>& x, Index size) {
  if (x.is_contiguous()) return {x.size(1) * x.size(2), size, x.size(2)};
  return {x.strides()[0], size, x.strides()[1]};
}

/// "q (B=2, H=4, Q=5, D=8)"
std::string named(const char* name, const Shape& shape) {
  static constexpr const char* letters[] = {"", "D", "LD", "HLD", "BHLD"};
  return std::string(name) + " " + to_string(shape, shape.rank() <= 4 ? letters[shape.rank()] : "");
}

template <class... Hint>
[[noreturn]] void fail_shapes(const char* op, const char* what, const Shape& q, const Shape& k,
                              const Shape& v, const Hint&... hint) {
  fail<ShapeError>(op, what, ": ", named("q", q), ", ", named("k", k), ", ", named("v", v),
                   "; hint: ", hint...);
}

void check_shapes(const char* op, const Shape& q, const Shape& k, const Shape& v) {
  if (q.rank() < 2 || q.rank() > 4 || k.rank() != q.rank() || v.rank() != q.rank()) {
    fail_shapes(op, "q, k and v must have the same 2 to 4 axes (B, H, L, D)", q, k, v,
                "x.reshape({B, L, H, D}).transpose(1, 2) makes heads of features");
  }
  if (q.at(-1) != k.at(-1)) {
    fail_shapes(op, "q and k differ in their size D", q, k, v,
                "their dot products are the scores; v may have a size of its own");
  }
  if (k.at(-2) != v.at(-2)) {
    fail_shapes(op, "k and v differ in their length L", q, k, v, "each key belongs to a value");
  }
  if (q.rank() == 4 && (q[0] != k[0] || q[0] != v[0])) {
    fail_shapes(op, "batch sizes differ", q, k, v, "expand() repeats a batch of one");
  }
  if (q.rank() < 3) return;
  const Index heads = q.at(-3), kv_heads = k.at(-3);
  if (kv_heads != v.at(-3) || kv_heads == 0 || heads % kv_heads != 0) {
    fail_shapes(op, "the heads of q must be a multiple of those of k and v", q, k, v,
                "each head of keys and values serves as many heads of queries");
  }
}

/// (B, H, L, D) of a shape from which B and H may be missing.
Shape with_all_axes(const Shape& shape) {
  Shape all{1, 1, shape.at(-2), shape.at(-1)};
  for (int i = 3; i <= shape.rank(); ++i) all[4 - i] = shape.at(-i);
  return all;
}

AttentionDims dims_of(const Shape& q, const Shape& k, const Shape& v) {
  AttentionDims d{};
  d.batch = q[0];
  d.heads = q[1];
  d.kv_heads = k[1];
  d.q_len = q[2];
  d.k_len = k[2];
  d.size = q[3];
  d.value_size = v[3];
  d.q = heads_first(d.heads, d.q_len, d.size);
  d.k = heads_first(d.kv_heads, d.k_len, d.size);
  d.v = heads_first(d.kv_heads, d.k_len, d.value_size);
  d.y = heads_first(d.heads, d.q_len, d.value_size);
  return d;
}

/// Sizes of packed operands, strides included.
template <class T>
AttentionDims packed_dims(const BasicTensor<T>& q, const BasicTensor<T>& kv, Index heads,
                          Index kv_heads, Index size) {
  AttentionDims d{};
  d.batch = q.size(0);
  d.heads = heads;
  d.kv_heads = kv_heads;
  d.q_len = q.size(1);
  d.k_len = kv.size(1);
  d.size = d.value_size = size;
  d.q = side_by_side(q, size);
  d.k = d.v = side_by_side(kv, size);
  d.y = {d.q_len * heads * size, size, heads * size};
  return d;
}

}  // namespace

template <std::floating_point T>
BasicTensor<T> packed_self_attention(const BasicTensor<T>& packed, Index heads, Index kv_heads,
                                     const BasicAttentionOptions<T>& options) {
  const Index size = packed.size(2) / (heads + 2 * kv_heads);
  const auto x = packed.contiguous();
  const auto d = packed_dims(x, x, heads, kv_heads, size);
  const Index keys = heads * size, values = keys + kv_heads * size;
  Attention<T> a{attention_call("attention", d, options),
                 1,
                 {x, {}, {}},
                 {0, 0},
                 {0, keys},
                 {0, values},
                 true};
  return attend("attention", std::move(a), {d.batch, d.q_len, heads * size}, options.bias);
}

template <std::floating_point T>
BasicTensor<T> packed_cross_attention(const BasicTensor<T>& q, const BasicTensor<T>& packed,
                                      Index heads, Index kv_heads,
                                      const BasicAttentionOptions<T>& options) {
  const Index size = q.size(2) / heads;
  const auto queries = readable(q), keys = readable(packed);
  const auto d = packed_dims(queries, keys, heads, kv_heads, size);
  Attention<T> a{attention_call("attention", d, options),
                 2,
                 {queries, keys, {}},
                 {0, 0},
                 {1, 0},
                 {1, kv_heads * size},
                 true};
  return attend("attention", std::move(a), {d.batch, d.q_len, heads * size}, options.bias);
}

}  // namespace detail

template <std::floating_point T>
BasicTensor<T> scaled_dot_product_attention(const BasicTensor<T>& q, const BasicTensor<T>& k,
                                            const BasicTensor<T>& v,
                                            const BasicAttentionOptions<T>& options) {
  using namespace detail;
  static constexpr const char* op = "scaled_dot_product_attention";
  check_shapes(op, defined(op, q.impl()).shape, defined(op, k.impl()).shape,
               defined(op, v.impl()).shape);
  const Shape qs = with_all_axes(q.shape()), ks = with_all_axes(k.shape()),
              vs = with_all_axes(v.shape());
  const auto d = dims_of(qs, ks, vs);
  const bool whole = q.rank() == 4;
  Attention<T> a{
      attention_call(op, d, options),
      3,
      {(whole ? q : q.reshape(qs)).contiguous(), (whole ? k : k.reshape(ks)).contiguous(),
       (whole ? v : v.reshape(vs)).contiguous()},
      {0, 0},
      {1, 0},
      {2, 0},
      false};
  auto y =
      attend("attention", std::move(a), {d.batch, d.heads, d.q_len, d.value_size}, options.bias);
  if (whole) return y;
  Shape shape = q.shape();
  shape[shape.rank() - 1] = d.value_size;
  return y.reshape(shape);
}

template <std::floating_point T>
BasicTensor<T> attention_weights(const BasicTensor<T>& q, const BasicTensor<T>& k,
                                 const BasicAttentionOptions<T>& options) {
  using namespace detail;
  static constexpr const char* op = "attention_weights";
  check_shapes(op, defined(op, q.impl()).shape, defined(op, k.impl()).shape, k.shape());
  const Shape qs = with_all_axes(q.shape()), ks = with_all_axes(k.shape());
  const auto call = attention_call(op, dims_of(qs, ks, ks), options);
  const auto weights = composed_weights(call, options.bias, q.reshape(qs), k.reshape(ks));
  Shape shape = q.shape();
  shape[shape.rank() - 1] = k.size(-2);
  return weights.reshape(shape);
}

#define TENON_INSTANTIATE(T)                                                 \
  template TENON_API BasicTensor<T> detail::packed_self_attention(           \
      const BasicTensor<T>&, Index, Index, const BasicAttentionOptions<T>&); \
  template TENON_API BasicTensor<T> detail::packed_cross_attention(          \
      const BasicTensor<T>&, const BasicTensor<T>&, Index, Index,            \
      const BasicAttentionOptions<T>&);                                      \
  template TENON_API BasicTensor<T> scaled_dot_product_attention(            \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicTensor<T>&,   \
      const BasicAttentionOptions<T>&);                                      \
  template TENON_API BasicTensor<T> attention_weights(                       \
      const BasicTensor<T>&, const BasicTensor<T>&, const BasicAttentionOptions<T>&);
TENON_INSTANTIATE(float)
TENON_INSTANTIATE(double)
#undef TENON_INSTANTIATE

}  // namespace tenon
