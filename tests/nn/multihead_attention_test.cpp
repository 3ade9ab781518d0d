#include "tenon/nn/multihead_attention.hpp"

#include <cmath>
#include <utility>

#include "nn_support.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Attention = nn::BasicMultiheadAttention<double>;
using Options = BasicAttentionOptions<double>;

/// With biases that are not 0, as they start.
Attention attention_of(Index embed_dim, Index heads, const nn::MultiheadAttentionOptions& options) {
  manual_seed(1);
  Attention attention(embed_dim, heads, options);
  if (options.bias) {
    attention.in_proj_bias = random_tensor(attention.in_proj_bias.shape(), 2);
    attention.out_proj.bias = random_tensor({embed_dim}, 3);
  }
  return attention;
}

/// By the definition, head by head.
DoubleTensor defined_by(const Attention& a, const DoubleTensor& q, const DoubleTensor& k,
                        const DoubleTensor& v) {
  const Index d = a.embed_dim() / a.num_heads(), kv = d * a.num_kv_heads();
  const DoubleTensor w = a.in_proj_weight, b = a.in_proj_bias;
  const auto project = [&](const DoubleTensor& x, Index first) {
    const auto y = matmul(x, w.narrow(0, first, d).t());
    return b.defined() ? y + b.narrow(0, first, d) : y;
  };
  std::vector<DoubleTensor> heads;
  for (Index h = 0; h < a.num_heads(); ++h) {
    const Index g = h * a.num_kv_heads() / a.num_heads();
    const auto scores = matmul(project(q, h * d), project(k, a.embed_dim() + g * d).t()) /
                        std::sqrt(static_cast<double>(d));
    heads.push_back(matmul(softmax(scores, -1), project(v, a.embed_dim() + kv + g * d)));
  }
  return linear<double>(cat(heads, -1), a.out_proj.weight, a.out_proj.bias);
}

std::vector<DoubleTensor> parameters_of(Attention& a) {
  std::vector<DoubleTensor> values;
  for (const auto* p : nn::parameters(a)) values.push_back(*p);
  return values;
}

}  // namespace

TEST_CASE("MultiheadAttention agrees with its definition", "[nn][multihead_attention][tiny]") {
  const auto q = random_tensor({2, 5, 12}, 4), k = random_tensor({2, 7, 12}, 5);
  const auto v = random_tensor({2, 7, 12}, 6);
  for (const Index kv_heads : {1, 2, 4}) {
    for (const bool bias : {true, false}) {
      Attention a = attention_of(12, 4, {.num_kv_heads = kv_heads, .bias = bias});
      CHECK(max_error(a(q), defined_by(a, q, q, q)) <= 1e-13);
      CHECK(max_error(a(q, k), defined_by(a, q, k, k)) <= 1e-13);
      CHECK(max_error(a(q, k, v), defined_by(a, q, k, v)) <= 1e-13);
      // Any layout of the inputs; the very same tensor twice is self-attention.
      CHECK(max_error(a(transposed_storage(q), sliced_storage(k)), a(q, k)) <= 1e-13);
      CHECK(same_bits(a(q, q), a(q)));
      CHECK(max_error(a(q, q.clone()), a(q)) <= 1e-13);
    }
  }
  Attention one = attention_of(3, 1, {});
  const auto x = random_tensor({1, 1, 3}, 7);
  CHECK(max_error(one(x), defined_by(one, x, x, x)) <= 1e-13);
  CHECK(one(zeros<double>({0, 4, 3})).shape() == Shape{0, 4, 3});
  CHECK(one(zeros<double>({2, 0, 3})).shape() == Shape{2, 0, 3});
}

TEST_CASE("MultiheadAttention passes its options on", "[nn][multihead_attention]") {
  Attention a = attention_of(6, 2, {});
  const auto x = random_tensor({2, 5, 6}, 4), kv = random_tensor({2, 7, 6}, 5);
  const auto first = [](const DoubleTensor& y, Index n) { return y.narrow(1, 0, n); };
  // A causal query sees what it would see were the sequence to end there.
  const auto causal = a(x, {.causal = true});
  for (Index n = 1; n <= 5; ++n) {
    CHECK(max_error(causal.narrow(1, n - 1, 1), a(first(x, n).clone()).narrow(1, n - 1, 1)) <=
          1e-13);
  }
  const auto lengths = tensor<std::int64_t>({3, 7});
  const auto y = a(x, kv, {.key_lengths = lengths});
  CHECK(max_error(y.narrow(0, 0, 1), a(x.narrow(0, 0, 1), first(kv, 3).narrow(0, 0, 1))) <= 1e-13);
  CHECK(max_error(y.narrow(0, 1, 1), a(x, kv).narrow(0, 1, 1)) <= 1e-13);
  auto mask = BoolTensor::empty({7});
  for (Index i = 0; i < 7; ++i) mask.data()[i] = i < 4;
  CHECK(max_error(a(x, kv, {.mask = mask}), a(x, first(kv, 4))) <= 1e-13);
  CHECK(max_error(a(x, kv, kv.clone(), {.mask = mask}), a(x, first(kv, 4))) <= 1e-13);
}

TEST_CASE("MultiheadAttention gives its weights", "[nn][multihead_attention]") {
  Attention a = attention_of(6, 2, {.num_kv_heads = 1});
  const auto x = random_tensor({2, 3, 6}, 4), kv = random_tensor({2, 4, 6}, 5);
  const Options options{.key_lengths = tensor<std::int64_t>({2, 4})};
  const auto w = a.weights(x, kv, options);
  CHECK(w.shape() == Shape{2, 2, 3, 4});
  CHECK(max_error(sum(w, -1), ones<double>({2, 2, 3})) <= 1e-14);
  CHECK(same_bits(w.narrow(0, 0, 1).narrow(3, 2, 2).contiguous(), zeros<double>({1, 2, 3, 2})));
  // They are what the values are weighted with.
  const auto values =
      linear<double>(kv, a.in_proj_weight.narrow(0, 9, 3), a.in_proj_bias.narrow(0, 9, 3));
  const auto heads = matmul(w, values.unsqueeze(1)).transpose(1, 2).reshape({2, 3, 6});
  CHECK(max_error(a.out_proj(heads), a(x, kv, options)) <= 1e-13);
  CHECK(a.weights(x, {.causal = true})(0, 1, 0, 2) == 0);
}

TEST_CASE("MultiheadAttention passes gradient checks, slices of its weight included",
          "[nn][multihead_attention][gradcheck]") {
  Attention a = attention_of(4, 2, {.num_kv_heads = 1});
  const auto x = random_tensor({2, 3, 4}, 4), k = random_tensor({2, 2, 4}, 5);
  const auto v = random_tensor({2, 2, 4}, 6);
  const auto with = [&](const auto& in, std::size_t from) {  // parameters are inputs here
    Attention own = attention_of(4, 2, {.num_kv_heads = 1});
    static_cast<DoubleTensor&>(own.in_proj_weight) = in[from];
    static_cast<DoubleTensor&>(own.in_proj_bias) = in[from + 1];
    static_cast<DoubleTensor&>(own.out_proj.weight) = in[from + 2];
    static_cast<DoubleTensor&>(own.out_proj.bias) = in[from + 3];
    return own;
  };
  const auto inputs = [&](std::vector<DoubleTensor> in) {
    for (const auto& p : parameters_of(a)) in.push_back(p);
    return in;
  };
  check_gradients(
      "MultiheadAttention", [&](auto& in) { return with(in, 1)(in[0], Options{.causal = true}); },
      inputs({x}));
  check_gradients(
      "MultiheadAttention", [&](auto& in) { return with(in, 2)(in[0], in[1]); }, inputs({x, k}));
  check_gradients(
      "MultiheadAttention", [&](auto& in) { return with(in, 3)(in[0], in[1], in[2]); },
      inputs({x, k, v}));
}

TEST_CASE("MultiheadAttention drops weights in training only", "[nn][multihead_attention]") {
  Attention a = attention_of(4, 2, {.dropout = 0.5}), plain = attention_of(4, 2, {});
  const auto x = random_tensor({2, 9, 4}, 4);
  manual_seed(3);
  const auto y = a(x);
  CHECK(max_error(y, plain(x)) > 1e-2);
  manual_seed(3);
  CHECK(same_bits(a(x), y));
  a.eval();
  CHECK(same_bits(a(x), plain(x)));
}

TEST_CASE("MultiheadAttention has PyTorch's names and start", "[nn][multihead_attention]") {
  manual_seed(1);
  nn::MultiheadAttention a(64, 4);
  std::vector<std::string> names;
  for (const auto& p : nn::named_parameters(a)) names.push_back(p.name);
  CHECK(names == std::vector<std::string>{"in_proj_weight", "in_proj_bias", "out_proj.weight",
                                          "out_proj.bias"});
  CHECK(a.in_proj_weight.shape() == Shape{192, 64});
  CHECK(equal<float>(a.in_proj_bias, zeros({192})));
  CHECK(equal<float>(a.out_proj.bias, zeros({64})));
  const double bound = std::sqrt(6.0 / (64 + 192));
  CHECK(max(abs<float>(a.in_proj_weight)).item() <= bound);
  CHECK(max(abs<float>(a.in_proj_weight)).item() > 0.99 * bound);
  CHECK(max(abs<float>(a.out_proj.weight)).item() <= 0.125);
  CHECK(max(abs<float>(a.out_proj.weight)).item() > 0.12);
  CHECK(count_parameters(nn::MultiheadAttention(64, 4, {.bias = false})) == 4 * 64 * 64);
  CHECK(nn::MultiheadAttention(64, 4, {.num_kv_heads = 2}).in_proj_weight.shape() ==
        Shape{128, 64});
  CHECK(a.description() == "MultiheadAttention(64, 4 heads)");
  CHECK(nn::MultiheadAttention(64, 4, {.num_kv_heads = 2, .bias = false, .dropout = 0.1})
            .description() ==
        "MultiheadAttention(64, 4 heads, 2 of keys and values, dropout 0.1, bias=false)");
  nn::MultiheadAttention copy = a;
  const Tensor x = random_tensor<float>({2, 3, 64}, 1);
  CHECK(same_bits(copy(x), a(x)));
  a.in_proj_weight *= 2;
  CHECK_FALSE(same_bits(copy(x), a(x)));
}

TEST_CASE("MultiheadAttention has the same bits at any number of threads",
          "[nn][multihead_attention]") {
  manual_seed(1);
  nn::MultiheadAttention a(48, 6, {.num_kv_heads = 3, .dropout = 0.1});
  const Tensor x = random_tensor<float>({3, 40, 48}, 1), kv = random_tensor<float>({3, 50, 48}, 2);
  CHECK(same_bits_for_all_threads([&] {
    manual_seed(2);
    Tape tape;
    const Tensor u = tape.watch(x), v = tape.watch(kv);
    const Gradients g = tape.gradients(a(a(u, {.causal = true}), v), x);
    return cat({g[u].reshape({-1}), g[v].reshape({-1}), g[a.in_proj_weight].reshape({-1}),
                g[a.in_proj_bias], g[a.out_proj.weight].reshape({-1})});
  }));
}

TEST_CASE("MultiheadAttention says what is wrong", "[nn][multihead_attention][errors]") {
  CHECK(error_of<ValueError>([] { nn::MultiheadAttention(10, 4); }) ==
        "[MultiheadAttention] embed_dim must be a multiple of num_heads, both at least 1, but 10 "
        "and 4 came; hint: each head takes embed_dim / num_heads features");
  CHECK_THROWS_AS(nn::MultiheadAttention(8, 0), ValueError);
  CHECK(error_of<ValueError>([] { nn::MultiheadAttention(8, 4, {.num_kv_heads = 3}); }) ==
        "[MultiheadAttention] num_kv_heads must divide num_heads=4 but is 3; hint: each head of "
        "keys and values serves as many heads of queries; 0 gives every head its own");
  CHECK(error_of<ValueError>([] { nn::MultiheadAttention(8, 4, {.dropout = 1}); }) ==
        "[MultiheadAttention] dropout must lie in [0, 1) but is 1; hint: it is the probability "
        "that a weight is dropped");
  nn::MultiheadAttention a(8, 2);
  const Tensor x = zeros({2, 3, 8});
  CHECK(error_of<ShapeError>([&] {
          a(zeros({3, 8}));
        }) ==
        "[MultiheadAttention] inputs must be (N, L, E=8) but one has shape (3, 8); hint: "
        "x.unsqueeze(0) makes a batch of one sequence");
  CHECK_THROWS_AS(a(x, zeros({2, 3, 6})), ShapeError);
  CHECK(error_of<ShapeError>([&] {
          a(x, zeros({2, 4, 8}), zeros({2, 5, 8}));
        }) ==
        "[MultiheadAttention] queries, keys and values do not fit together: q (N=2, L=3, E=8), k "
        "(N=2, L=4, E=8), v (N=2, L=5, E=8); hint: one batch size N for all, one length L for keys "
        "and values");
  CHECK_THROWS_AS(a(x, zeros({1, 3, 8})), ShapeError);
  CHECK(error_of<ValueError>([&] { a(x, {.dropout = 0.25}); }) ==
        "[MultiheadAttention] dropout is the layer's, but a call asks for 0.25; hint: "
        "nn::MultiheadAttention(embed_dim, num_heads, {.dropout = 0.25}), which train() and eval() "
        "turn on and off");
  CHECK(error_of<ValueError>([&] { a(x, Tensor()); }) ==
        "[MultiheadAttention] an input is undefined; hint: was it moved from?");
  nn::MultiheadAttention moved = std::move(a);
  CHECK(error_of<ValueError>([&] { a(x); }) ==  // NOLINT: on purpose
        "[MultiheadAttention] the layer's weight is undefined; hint: was it moved from?");
}
