#include "tenon/nn/transformer.hpp"

#include <utility>

#include "allocation_counter.hpp"
#include "nn_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/ops/gelu.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Encoder = nn::BasicTransformerEncoder<double>;
using EncoderLayer = nn::BasicTransformerEncoderLayer<double>;
using Decoder = nn::BasicTransformerDecoder<double>;
using DecoderLayer = nn::BasicTransformerDecoderLayer<double>;

constexpr nn::TransformerLayerOptions small{.dim_feedforward = 6, .dropout = 0};

/// Values that differ everywhere, biases and norms included.
template <class M>
M scattered(M module) {
  std::uint64_t seed = 100;
  for (auto* p : nn::parameters<double>(module)) {
    *p = random_tensor(p->shape(), ++seed, -0.7, 0.7) + (p->rank() == 1 ? 0.5 : 0.0);
  }
  return module;
}

std::vector<std::string> names_of(nn::Module& module) {
  std::vector<std::string> names;
  for (const auto& p : nn::named_parameters(module)) names.push_back(p.name);
  return names;
}

/// Inputs, then all parameters, as gradcheck wants them.
template <class M>
std::vector<DoubleTensor> with_parameters(M& module, std::vector<DoubleTensor> in) {
  for (const auto* p : nn::parameters<double>(module)) in.push_back(*p);
  return in;
}
/// A copy of the module whose parameters are the inputs from a position on.
template <class M>
M of_inputs(const M& module, const std::vector<DoubleTensor>& in, std::size_t from) {
  M copy = module;
  for (auto* p : nn::parameters<double>(copy)) static_cast<DoubleTensor&>(*p) = in[from++];
  return copy;
}

}  // namespace

TEST_CASE("an encoder layer is its formula, whichever comes first", "[nn][transformer][tiny]") {
  const auto x = random_tensor({2, 3, 4}, 1);
  const BasicAttentionOptions<double> padded{.key_lengths = tensor<std::int64_t>({3, 2})};
  for (const auto activation : {nn::Activation::relu, nn::Activation::gelu}) {
    auto layer = scattered(EncoderLayer(
        4, 2,
        {.dim_feedforward = 6, .dropout = 0, .activation = activation, .layer_norm_eps = 0.1}));
    const auto ff = [&](auto& l, const DoubleTensor& y) {
      const auto h = l.linear1(y);
      return l.linear2(activation == nn::Activation::relu ? relu(h) : gelu(h));
    };
    const auto y = layer.norm1(x + layer.self_attn(x, padded));
    CHECK(max_error(layer(x, padded), layer.norm2(y + ff(layer, y))) <= 1e-13);
    auto first = scattered(EncoderLayer(4, 2,
                                        {.dim_feedforward = 6,
                                         .dropout = 0,
                                         .activation = activation,
                                         .layer_norm_eps = 0.1,
                                         .norm_first = true}));
    const auto z = x + first.self_attn(first.norm1(x));
    CHECK(max_error(first(x), z + ff(first, first.norm2(z))) <= 1e-13);
  }
}

TEST_CASE("an encoder runs its layers and its norm", "[nn][transformer]") {
  manual_seed(1);
  const auto x = random_tensor({2, 3, 4}, 1);
  const BasicAttentionOptions<double> causal{.causal = true};
  EncoderLayer layer(4, 2, small);
  Encoder encoder(layer, 2, nn::BasicLayerNorm<double>(4));
  CHECK(same_bits(encoder(x), encoder.layers[0](x, {}).defined()
                                  ? (*encoder.norm)(encoder.layers[1](encoder.layers[0](x)))
                                  : x));
  CHECK(same_bits(encoder(x, causal),
                  (*encoder.norm)(encoder.layers[1](encoder.layers[0](x, causal), causal))));
  CHECK_FALSE(same_bits(encoder(x), encoder(x, causal)));
  CHECK(same_bits(Encoder(layer, 0)(x), x));
  // Copies of one layer with parameters of their own.
  CHECK(same_bits<double>(encoder.layers[0].linear1.weight, encoder.layers[1].linear1.weight));
  encoder.layers[0].linear1.weight *= 2;
  CHECK_FALSE(
      same_bits<double>(encoder.layers[0].linear1.weight, encoder.layers[1].linear1.weight));
  const Encoder copy = encoder;
  CHECK(count_parameters(copy) == 2 * count_parameters(layer) + 8);
}

TEST_CASE("a decoder step by step is the decoder of all steps", "[nn][transformer]") {
  const auto x = random_tensor({3, 6, 8}, 1), memory = random_tensor({3, 5, 8}, 2);
  for (const bool norm_first : {false, true}) {
    const nn::TransformerLayerOptions options{
        .dim_feedforward = 12, .dropout = 0.1, .norm_first = norm_first};
    auto decoder =
        scattered(Decoder(DecoderLayer(8, 2, options), 2, nn::BasicLayerNorm<double>(8)));
    decoder.eval();
    const nn::BasicDecoderOptions<double> masks{
        .self = {.causal = true}, .memory = {.key_lengths = tensor<std::int64_t>({5, 1, 3})}};
    const auto whole = decoder(x, memory, masks);
    auto cache = decoder.cache(6);
    for (int round = 0; round < 2; ++round) {
      CHECK(cache.length() == 0);
      CHECK(max_error(decoder(x.narrow(1, 0, 2), memory, cache, masks), whole.narrow(1, 0, 2)) <=
            1e-12);
      for (Index i = 2; i < 6; ++i) {
        CHECK(max_error(decoder(x.narrow(1, i, 1), memory, cache, masks), whole.narrow(1, i, 1)) <=
              1e-12);
      }
      CHECK(cache.length() == 6);
      cache.clear();
    }
    // Other samples go on from what they have in common.
    const auto samples = tensor<std::int64_t>({2, 2, 0});
    const auto pick = [&](const DoubleTensor& t) {
      return stack({t.select(0, 2), t.select(0, 2), t.select(0, 0)});
    };
    decoder(x.narrow(1, 0, 5), memory, cache);
    cache.select(samples);
    CHECK(max_error(decoder(pick(x).narrow(1, 5, 1), pick(memory), cache),
                    decoder(pick(x), pick(memory), {.self = {.causal = true}}).narrow(1, 5, 1)) <=
          1e-12);
  }
}

TEST_CASE("Transformers pass gradient checks", "[nn][transformer][gradcheck]") {
  const auto x = random_tensor({2, 2, 4}, 1), memory = random_tensor({2, 3, 4}, 2);
  const BasicAttentionOptions<double> padded{.key_lengths = tensor<std::int64_t>({2, 3})};
  for (const bool norm_first : {false, true}) {
    const nn::TransformerLayerOptions options{.dim_feedforward = 3,
                                              .dropout = 0,
                                              .activation = nn::Activation::gelu,
                                              .norm_first = norm_first};
    auto encoder = scattered(EncoderLayer(4, 2, options));
    check_first_gradients(
        "TransformerEncoderLayer",
        [&](auto& in) { return of_inputs(encoder, in, 1)(in[0], padded); },
        with_parameters(encoder, {memory}));
    auto decoder = scattered(DecoderLayer(4, 2, options));
    check_first_gradients(
        "TransformerDecoderLayer",
        [&](auto& in) {
          return of_inputs(decoder, in, 2)(in[0], in[1],
                                           {.self = {.causal = true}, .memory = padded});
        },
        with_parameters(decoder, {x, memory}));
  }
  auto layer = scattered(
      EncoderLayer(2, 1, {.dim_feedforward = 2, .dropout = 0, .activation = nn::Activation::gelu}));
  check_gradients(
      "TransformerEncoderLayer", [&](auto& in) { return of_inputs(layer, in, 1)(in[0]); },
      with_parameters(layer, {random_tensor({1, 2, 2}, 3)}));
}

TEST_CASE("Transformers have PyTorch's names", "[nn][transformer]") {
  manual_seed(1);
  const std::vector<std::string> encoder_layer{"self_attn.in_proj_weight",
                                               "self_attn.in_proj_bias",
                                               "self_attn.out_proj.weight",
                                               "self_attn.out_proj.bias",
                                               "linear1.weight",
                                               "linear1.bias",
                                               "linear2.weight",
                                               "linear2.bias",
                                               "norm1.weight",
                                               "norm1.bias",
                                               "norm2.weight",
                                               "norm2.bias"};
  nn::TransformerEncoderLayer layer(8, 2);
  CHECK(names_of(layer) == encoder_layer);
  CHECK(layer.linear1.weight.shape() == Shape{2048, 8});
  CHECK(layer.dropout.description() == "Dropout(0.1)");
  nn::TransformerEncoder encoder(layer, 3, nn::LayerNorm(8));
  const auto names = names_of(encoder);
  CHECK(names.size() == 38);
  CHECK(names[12] == "layers.1.self_attn.in_proj_weight");
  CHECK(names[37] == "norm.bias");
  CHECK(names_of(*std::make_unique<nn::TransformerDecoderLayer>(8, 2)) ==
        std::vector<std::string>{"self_attn.in_proj_weight", "self_attn.in_proj_bias",
                                 "self_attn.out_proj.weight", "self_attn.out_proj.bias",
                                 "multihead_attn.in_proj_weight", "multihead_attn.in_proj_bias",
                                 "multihead_attn.out_proj.weight", "multihead_attn.out_proj.bias",
                                 "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
                                 "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias",
                                 "norm3.weight", "norm3.bias"});
  nn::Transformer net({.d_model = 8,
                       .nhead = 2,
                       .num_encoder_layers = 2,
                       .num_decoder_layers = 1,
                       .dim_feedforward = 6});
  const auto both = names_of(net);
  CHECK(both.size() == 26 + 20);
  CHECK(both[0] == "encoder.layers.0.self_attn.in_proj_weight");
  CHECK(both[24] == "encoder.norm.weight");
  CHECK(both[45] == "decoder.norm.bias");
  // As PyTorch's, its layers do not start alike.
  CHECK_FALSE(
      same_bits<float>(net.encoder.layers[0].linear1.weight, net.encoder.layers[1].linear1.weight));
  const nn::Transformer usual({.num_encoder_layers = 1, .num_decoder_layers = 1});
  CHECK(usual.encoder.layers[0].self_attn.embed_dim() == 512);
  CHECK(usual.encoder.layers[0].self_attn.num_heads() == 8);
  CHECK(nn::TransformerOptions().num_encoder_layers == 6);
  CHECK(nn::TransformerOptions().num_decoder_layers == 6);
  CHECK(count_parameters(nn::TransformerEncoderLayer(
            8, 2, {.dim_feedforward = 6, .bias = false})) == 4 * 64 + 2 * 48 + 2 * 8);
}

TEST_CASE("a Transformer is its encoder and decoder, and drops in training only",
          "[nn][transformer]") {
  manual_seed(1);
  nn::Transformer net({.d_model = 8,
                       .nhead = 2,
                       .num_encoder_layers = 1,
                       .num_decoder_layers = 2,
                       .dim_feedforward = 6});
  const Tensor source = random_tensor<float>({2, 5, 8}, 1);
  const Tensor target = random_tensor<float>({2, 3, 8}, 2);
  const AttentionOptions padded{.key_lengths = tensor<std::int64_t>({5, 2})};
  const nn::TransformerMasks masks{padded, {.causal = true}, padded};
  CHECK_FALSE(same_bits(net(source, target, masks), net(source, target, masks)));
  net.eval();
  CHECK(same_bits(net(source, target, masks),
                  net.decoder(target, net.encoder(source, padded),
                              {.self = {.causal = true}, .memory = padded})));
  // Padding has no influence.
  Tensor other = source.clone();
  other.narrow(0, 1, 1).narrow(1, 2, 3).fill_(7);
  CHECK(same_bits(net(other, target, masks), net(source, target, masks)));
}

TEST_CASE("a warm Transformer allocates nothing and has the same bits at any number of threads",
          "[nn][transformer]") {
  manual_seed(1);
  nn::Transformer net({.d_model = 24,
                       .nhead = 3,
                       .num_encoder_layers = 1,
                       .num_decoder_layers = 1,
                       .dim_feedforward = 40});
  const Tensor source = random_tensor<float>({3, 37, 24}, 1);
  const Tensor target = random_tensor<float>({3, 33, 24}, 2);
  const nn::TransformerMasks masks{.source = {.key_lengths = tensor<std::int64_t>({37, 20, 1})},
                                   .target = {.causal = true}};
  const auto parameters = nn::parameters(net);
  const auto step = [&](const auto& use) {
    Tape tape;
    const Tensor x = tape.watch(source);
    use(x, tape.gradients(net(x, target, masks), target));
  };
  CHECK(same_bits_for_all_threads([&] {
    manual_seed(2);
    std::vector<Tensor> parts;
    step([&](const Tensor& x, const Gradients& g) {
      parts.push_back(g[x].reshape({-1}));
      for (const auto* p : parameters) parts.push_back(g[*p].reshape({-1}));
    });
    return cat(parts);
  }));
  if (!can_count_allocations()) return;
  const auto nothing = [](const Tensor&, const Gradients&) {};
  for (int i = 0; i < 3; ++i) step(nothing);
  const AllocationCounter counter;
  for (int i = 0; i < 5; ++i) step(nothing);
  CHECK(counter.count() == 0);
}

TEST_CASE("Transformers say what is wrong", "[nn][transformer][errors]") {
  CHECK(error_of<ValueError>([] { nn::TransformerEncoderLayer(0, 1); }) ==
        "[TransformerEncoderLayer] d_model and dim_feedforward must be at least 1, not 0 and 2048; "
        "hint: d_model is the number of features of a step, dim_feedforward usually four times "
        "that");
  CHECK(error_of<ValueError>([] { nn::TransformerDecoderLayer(8, 2, {.dropout = -0.5}); }) ==
        "[TransformerDecoderLayer] dropout must lie in [0, 1) but is -0.5; hint: it is the "
        "probability that a value is dropped in training");
  CHECK_THROWS_AS(nn::TransformerEncoderLayer(8, 3), ValueError);
  CHECK_THROWS_AS(nn::Transformer({.num_decoder_layers = -1}), ValueError);
  const nn::TransformerEncoderLayer layer(8, 2, {.dim_feedforward = 6});
  CHECK(error_of<ValueError>([&] { nn::TransformerEncoder(layer, -1); }) ==
        "[TransformerEncoder] num_layers must be at least 0, not -1; hint: that many copies of the "
        "layer stand one behind the other");
  nn::TransformerEncoder encoder(layer, 2);
  CHECK(error_of<ShapeError>([&] {
          encoder(zeros({2, 3, 6}));
        }) ==
        "[MultiheadAttention] inputs must be (N, L, E=8) but one has shape (2, 3, 6); hint: "
        "x.unsqueeze(0) makes a batch of one sequence (in layer layers.0.self_attn: "
        "MultiheadAttention(8, 2 heads, dropout 0.1))");
  nn::TransformerDecoder decoder(nn::TransformerDecoderLayer(8, 2, {.dim_feedforward = 6}), 2);
  const Tensor x = zeros({2, 1, 8}), memory = zeros({2, 3, 8});
  auto other = nn::TransformerDecoder(decoder.layers[0], 1).cache(4);
  CHECK(error_of<ValueError>([&] { decoder(x, memory, other); }) ==
        "[TransformerDecoder] the cache is for 1 layers but there are 2; hint: auto cache = "
        "decoder.cache(max_length)");
  CHECK(error_of<ValueError>([&] { decoder.cache(0); }) ==
        "[DecoderCache] num_layers must be at least 0 and max_length 1, not 2 and 0; hint: "
        "decoder.cache(the largest number of steps)");
  CHECK_THROWS_AS(decoder(x), ValueError);  // memory is missing
  auto cache = decoder.cache(1);
  decoder(x, memory, cache);
  CHECK_THROWS_AS(decoder(x, memory, cache), ValueError);  // full
  cache.clear();
  Tape tape;
  CHECK_THROWS_AS(decoder(x, memory, cache), TapeError);
}
