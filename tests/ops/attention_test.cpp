#include "tenon/ops/attention.hpp"

#include "ops_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Options = BasicAttentionOptions<double>;

/// By the definition; added (Lq, Lk) stands for any mask.
DoubleTensor defined_by(const DoubleTensor& q, const DoubleTensor& k, const DoubleTensor& v,
                        const DoubleTensor& added) {
  const auto scores = matmul(q, k.t()) * (1 / std::sqrt(static_cast<double>(q.size(-1))));
  return matmul(softmax(scores + added, -1), v);
}

/// 0 where j <= i + offset, else a number so low that its weight is 0.
DoubleTensor causal_bias(Index queries, Index keys, Index offset = 0) {
  auto bias = zeros<double>({queries, keys});
  for (Index i = 0; i < queries; ++i) {
    for (Index j = std::max<Index>(0, i + offset + 1); j < keys; ++j)
      bias.data()[i * keys + j] = -1e30;
  }
  return bias;
}

BoolTensor some_mask(const Shape& shape) {
  auto mask = BoolTensor::empty(shape);
  for (Index i = 0; i < mask.numel(); ++i) mask.data()[i] = i * 7 % 5 != 0;
  return mask;
}

}  // namespace

TEST_CASE("attention agrees with its definition, whatever the strides", "[ops][attention][tiny]") {
  const auto q = random_tensor({2, 3, 5, 4}, 1), k = random_tensor({2, 3, 7, 4}, 2);
  const auto v = random_tensor({2, 3, 7, 6}, 3);
  const auto expected = defined_by(q, k, v, zeros<double>({5, 7}));
  for (const auto& layout : layouts_of(q)) {
    CHECK(max_error(scaled_dot_product_attention(layout, k, v), expected) <= 1e-14);
  }
  for (const auto& layout : layouts_of(k)) {
    CHECK(max_error(scaled_dot_product_attention(q, layout, v), expected) <= 1e-14);
  }
  CHECK(max_error(scaled_dot_product_attention(q.to<float>(), k.to<float>(), v.to<float>()),
                  expected) <= 1e-6);
  CHECK(max_error(matmul(attention_weights(q, k), v), expected) <= 1e-14);
  // Fewer axes.
  const Options options{.causal = true};
  CHECK(same_bits(scaled_dot_product_attention(q.select(0, 0), k.select(0, 0), v.select(0, 0)),
                  scaled_dot_product_attention(q, k, v).select(0, 0)));
  const auto matrix = [](const DoubleTensor& x) { return x.select(0, 0).select(0, 0); };
  CHECK(same_bits(scaled_dot_product_attention(matrix(q), matrix(k), matrix(v), options),
                  matrix(scaled_dot_product_attention(q, k, v, options))));
}

TEST_CASE("attention's masks mean what they say", "[ops][attention]") {
  const auto q = random_tensor({2, 3, 5, 4}, 1), k = random_tensor({2, 3, 7, 4}, 2);
  const auto v = random_tensor({2, 3, 7, 6}, 3);
  for (const Index offset : {Index{0}, Index{2}, Index{30}}) {
    CHECK(max_error(scaled_dot_product_attention(q, k, v, {.causal = true, .query_offset = offset}),
                    defined_by(q, k, v, causal_bias(5, 7, offset))) <= 1e-14);
  }
  const auto bias = random_tensor({3, 5, 7}, 4);
  CHECK(max_error(scaled_dot_product_attention(q, k, v, {.bias = bias}),
                  defined_by(q, k, v, bias)) <= 1e-14);
  for (const Shape& shape : {Shape{5, 7}, Shape{2, 1, 5, 7}, Shape{2, 3, 1, 7}, Shape{3, 5, 1},
                             Shape{7}, Shape{2, 1, 1, 1}}) {
    const auto mask = some_mask(shape);
    const auto added = (1 - mask.to<double>()) * -1e30;
    const auto y = scaled_dot_product_attention(q, k, v, {.mask = mask});
    // Queries of which the mask leaves no key give 0, not the mean of all values.
    const auto sees = sum((mask.to<double>() + zeros<double>({2, 3, 5, 7})), {-1}, true);
    const auto sees_any = minimum(sees, ones<double>({}));
    CHECK(max_error(y, defined_by(q, k, v, added) * sees_any) <= 1e-14);
    CHECK(max_error(matmul(attention_weights(q, k, {.mask = mask}), v), y) <= 1e-14);
  }
  const auto lengths = tensor<std::int64_t>({3, 0});
  const auto y = scaled_dot_product_attention(q, k, v, {.key_lengths = lengths});
  const auto shorter = [](const DoubleTensor& x) { return x.select(0, 0).slice(1, {0, 3}); };
  CHECK(same_bits(y.select(0, 0),
                  scaled_dot_product_attention(q.select(0, 0), shorter(k), shorter(v))));
  CHECK(same_bits(y.select(0, 1), zeros<double>({3, 5, 6})));
  CHECK(max_error(scaled_dot_product_attention(q, k, v, {.scale = 0.3}),
                  scaled_dot_product_attention(q * (0.3 * 2), k, v)) <= 1e-14);
}

TEST_CASE("keys that take no part have neither influence nor gradient", "[ops][attention]") {
  const auto q = random_tensor({1, 2, 4, 3}, 1), dy = random_tensor({1, 2, 4, 3}, 4);
  auto mask = BoolTensor::empty({4, 6});
  mask.fill_(true);
  for (Index i = 0; i < 4; ++i) mask.data()[i * 6 + 2] = false;
  const auto run = [&](double other) {
    auto k = random_tensor({1, 2, 6, 3}, 2), v = random_tensor({1, 2, 6, 3}, 3);
    for (auto* x : {&k, &v}) x->slice(2, {2, 3}).fill_(other);
    Tape tape;
    const auto a = tape.watch(q), b = tape.watch(k), c = tape.watch(v);
    const auto y = scaled_dot_product_attention(a, b, c, {.mask = mask});
    const Gradients g = tape.gradients(y, dy);
    CHECK(same_bits(g[b].slice(2, {2, 3}).contiguous(), zeros<double>({1, 2, 1, 3})));
    CHECK(same_bits(g[c].slice(2, {2, 3}).contiguous(), zeros<double>({1, 2, 1, 3})));
    return cat({y.reshape({-1}), g[a].reshape({-1}), g[b].reshape({-1}), g[c].reshape({-1})});
  };
  CHECK(same_bits(run(0), run(1e6)));
}

TEST_CASE("heads of queries share those of keys", "[ops][attention]") {
  const auto q = random_tensor({2, 6, 5, 4}, 1), k = random_tensor({2, 2, 7, 4}, 2);
  const auto v = random_tensor({2, 2, 7, 3}, 3);
  const auto repeated = [](const DoubleTensor& x) {
    return x.unsqueeze(2).expand({2, 2, 3, 7, x.size(3)}).reshape({2, 6, 7, x.size(3)});
  };
  CHECK(max_error(scaled_dot_product_attention(q, k, v, {.causal = true}),
                  scaled_dot_product_attention(q, repeated(k), repeated(v), {.causal = true})) <=
        1e-14);
  CHECK(max_error(attention_weights(q, k), attention_weights(q, repeated(k))) <= 1e-14);
}

TEST_CASE("attention of packed heads is attention of the heads", "[ops][attention]") {
  const auto heads = [](const DoubleTensor& x, Index first, Index count) {  // of size 3
    return x.slice(2, {3 * first, 3 * (first + count)}).reshape({2, -1, count, 3}).transpose(1, 2);
  };
  const auto features = [](const DoubleTensor& y) {
    return y.transpose(1, 2).reshape({2, y.size(2), -1});
  };
  const auto x = random_tensor({2, 5, 24}, 1);  // 4 heads of queries, 2 of keys and of values
  const Options options{.causal = true};
  CHECK(same_bits(detail::packed_self_attention(x, 4, 2, options),
                  features(scaled_dot_product_attention(heads(x, 0, 4), heads(x, 4, 2),
                                                        heads(x, 6, 2), options))));
  const auto q = random_tensor({2, 5, 12}, 1), kv = random_tensor({2, 7, 12}, 2);
  CHECK(same_bits(
      detail::packed_cross_attention(q, kv, 4, 2, {}),
      features(scaled_dot_product_attention(heads(q, 0, 4), heads(kv, 0, 2), heads(kv, 2, 2)))));
  check_gradients_in_all_layouts(
      "attention", [&](auto& in) { return detail::packed_self_attention(in[0], 4, 2, options); },
      {x});
  check_gradients_in_all_layouts(
      "attention",
      [&](auto& in) { return detail::packed_cross_attention(in[0], in[1], 4, 2, Options{}); },
      {q, kv});
}

TEST_CASE("attention passes gradient checks of first and second order",
          "[ops][attention][gradcheck]") {
  const auto q = random_tensor({2, 2, 3, 2}, 1), k = random_tensor({2, 1, 4, 2}, 2);
  const auto v = random_tensor({2, 1, 4, 3}, 3), bias = random_tensor({2, 3, 4}, 4);
  check_gradients_in_all_layouts(
      "attention", [](auto& in) { return scaled_dot_product_attention(in[0], in[1], in[2]); },
      {q, k, v});
  for (const Options& options :
       {Options{.causal = true, .query_offset = 1}, Options{.mask = some_mask({3, 4})},
        Options{.bias = bias}, Options{.key_lengths = tensor<std::int64_t>({3, 0})}}) {
    check_gradients(
        "attention",
        [&](auto& in) { return scaled_dot_product_attention(in[0], in[1], in[2], options); },
        {q, k, v});
  }
  check_gradients("attention, bias",
                  [&](auto& in) { return scaled_dot_product_attention(q, k, v, {.bias = in[0]}); },
                  {bias});
  check_gradients("attention_weights",
                  [](auto& in) { return attention_weights(in[0], in[1], {.causal = true}); },
                  {q, k});
}

TEST_CASE("attention's gradients that are differentiated again are those that are not",
          "[ops][attention]") {
  const auto q = random_tensor({2, 2, 3, 4}, 1), k = random_tensor({2, 2, 5, 4}, 2);
  const auto v = random_tensor({2, 2, 5, 4}, 3), dy = random_tensor({2, 2, 3, 4}, 4);
  for (const double dropout : {0.0, 0.4}) {
    const auto gradients_of = [&](const auto& a, const auto& b, const auto& c) {
      manual_seed(5);
      Tape tape;
      const auto x = tape.watch(a), y = tape.watch(b), z = tape.watch(c);
      const auto out = scaled_dot_product_attention(x, y, z, {.causal = true, .dropout = dropout});
      const Gradients g = tape.gradients(out, dy);
      return std::vector<DoubleTensor>{g[x].detach(), g[y].detach(), g[z].detach()};
    };
    const auto once = gradients_of(q, k, v);
    Tape outer;
    const auto again = gradients_of(outer.watch(q), outer.watch(k), outer.watch(v));
    for (std::size_t i = 0; i < 3; ++i) CHECK(max_error(again[i], once[i]) <= 1e-13);
  }
}

TEST_CASE("dropout leaves attention's expectation alone and follows the generator",
          "[ops][attention]") {
  const auto q = zeros<double>({1, 1, 200, 4}), k = zeros<double>({1, 1, 50, 4});
  const auto v = ones<double>({1, 1, 50, 1});
  const auto run = [&](std::uint64_t seed) {
    manual_seed(seed);
    return scaled_dot_product_attention(q, k, v, {.dropout = 0.5});
  };
  const auto y = run(1);
  CHECK(mean(y).item() == Approx(1).margin(0.02));
  CHECK(max(y).item() > 1.05);  // each is 1/25 of about 25 kept weights
  CHECK(same_bits(y, run(1)));
  CHECK_FALSE(same_bits(y, run(2)));
  const auto weights = [&] {
    manual_seed(1);
    return attention_weights(q, k, {.dropout = 0.5});
  }();
  CHECK(max_error(matmul(weights, v), y) <= 1e-14);
}

TEST_CASE("attention and its gradients have the same bits at any number of threads",
          "[ops][attention]") {
  const auto q = random_tensor<float>({3, 4, 70, 16}, 1),
             k = random_tensor<float>({3, 2, 90, 16}, 2);
  CHECK(same_bits_for_all_threads([&] {
    manual_seed(1);
    Tape tape;
    const auto a = tape.watch(q), b = tape.watch(k);
    const auto y = scaled_dot_product_attention(a, b, b, {.causal = true, .dropout = 0.1});
    const Gradients g = tape.gradients(y, q);
    return cat({y.reshape({-1}), g[a].reshape({-1}), g[b].reshape({-1})});
  }));
}

TEST_CASE("attention over 8192 steps takes memory in proportion to them", "[ops][attention]") {
  const auto peak = [](Index length) {
    const Tensor x = randn({1, 2, length, 16});
    trim_memory();
    reset_peak_memory();
    const auto before = memory_stats().live_bytes;
    Tape tape;
    const Tensor u = tape.watch(x);
    const auto g = tape.gradients(scaled_dot_product_attention(u, u, u, {.causal = true}), x);
    return memory_stats().peak_live_bytes - before;
  };
  const auto of_2048 = peak(2048), of_8192 = peak(8192);
  CHECK(of_8192 < 5 * of_2048);
  CHECK(of_8192 < 16u << 20);  // the weights alone would take 512 MiB
}

TEST_CASE("attention saves nothing without a tape and allocates nothing once warm",
          "[ops][attention]") {
  const Tensor q = randn({2, 2, 20, 16});
  const auto run = [&] {
    Tape tape;
    const Tensor u = tape.watch(q);
    const auto g = tape.gradients(scaled_dot_product_attention(u, u, u, {.causal = true}), q);
  };
  run();
  run();
  const auto before = memory_stats().system_allocations;
  for (int i = 0; i < 5; ++i) run();
  CHECK(memory_stats().system_allocations == before);
}

TEST_CASE("attention says what is wrong", "[ops][attention][errors]") {
  const Tensor q = zeros({2, 4, 5, 8}), k = zeros({2, 4, 7, 8});
  const auto error = [](const auto& f) { return error_of<ShapeError>(f); };
  CHECK(error([&] {
          scaled_dot_product_attention(q, zeros({2, 4, 7, 6}), k);
        }) ==
        "[scaled_dot_product_attention] q and k differ in their size D: q (B=2, H=4, L=5, D=8), k "
        "(B=2, H=4, L=7, D=6), v (B=2, H=4, L=7, D=8); hint: their dot products are the scores; v "
        "may have a size of its own");
  CHECK(error([&] { scaled_dot_product_attention(q, k, q); }) ==
        "[scaled_dot_product_attention] k and v differ in their length L: q (B=2, H=4, L=5, D=8), "
        "k (B=2, H=4, L=7, D=8), v (B=2, H=4, L=5, D=8); hint: each key belongs to a value");
  CHECK(error([&] {
          scaled_dot_product_attention(q, zeros({2, 3, 7, 8}), zeros({2, 3, 7, 8}));
        }) ==
        "[scaled_dot_product_attention] the heads of q must be a multiple of those of k and v: q "
        "(B=2, H=4, L=5, D=8), k (B=2, H=3, L=7, D=8), v (B=2, H=3, L=7, D=8); hint: each head of "
        "keys and values serves as many heads of queries");
  CHECK(error([&] { scaled_dot_product_attention(zeros({8}), k, k); }) ==
        "[scaled_dot_product_attention] q, k and v must have the same 2 to 4 axes (B, H, L, D): q "
        "(D=8), k (B=2, H=4, L=7, D=8), v (B=2, H=4, L=7, D=8); hint: x.reshape({B, L, H, "
        "D}).transpose(1, 2) makes heads of features");
  CHECK(error([&] {
          scaled_dot_product_attention(q, zeros({1, 4, 7, 8}), zeros({1, 4, 7, 8}));
        }) ==
        "[scaled_dot_product_attention] batch sizes differ: q (B=2, H=4, L=5, D=8), k (B=1, H=4, "
        "L=7, D=8), v (B=1, H=4, L=7, D=8); hint: expand() repeats a batch of one");
  CHECK(error([&] {
          scaled_dot_product_attention(q, k, k, {.mask = BoolTensor::empty({2, 7})});
        }) ==
        "[scaled_dot_product_attention] mask must broadcast to (B=2, H=4, Q=5, K=7) but its shape "
        "is (2, 7); hint: x.unsqueeze(1) adds an axis for the heads");
  CHECK(error([&] {
          scaled_dot_product_attention(q, k, k, {.key_lengths = tensor<std::int64_t>({1})});
        }) ==
        "[scaled_dot_product_attention] key_lengths must have shape (B=2) but has (1); hint: the "
        "number of real keys of each sample");
  CHECK(error_of<ValueError>([&] {
          scaled_dot_product_attention(q, k, k, {.key_lengths = tensor<std::int64_t>({1, 8})});
        }) ==
        "[scaled_dot_product_attention] key_lengths[1] must lie in [0, Lk=7] but is 8; hint: keys "
        "from it on are padding");
  CHECK(error_of<ValueError>([&] { scaled_dot_product_attention(q, k, k, {.dropout = 1}); }) ==
        "[scaled_dot_product_attention] dropout must lie in [0, 1) but is 1; hint: it is the "
        "probability that a weight is dropped");
  CHECK(error_of<ValueError>(
            [&] { scaled_dot_product_attention(q, k, k, {.scale = std::nan("")}); }) ==
        "[scaled_dot_product_attention] scale must be finite but is nan; hint: 1 / sqrt(D) is "
        "usual, for which D > 0");
  CHECK_THROWS_AS(scaled_dot_product_attention(Tensor(), k, k), ValueError);
  const Tensor no_heads = zeros({2, 0, 7, 8});
  CHECK_THROWS_AS(scaled_dot_product_attention(no_heads, no_heads, no_heads), ShapeError);
}
