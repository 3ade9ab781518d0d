// Attention and Transformer layers against the results and all gradients that PyTorch computed in
// double, with parameters under PyTorch's names (tests/data/pytorch/make_transformer_vectors.py).
// In float a layer's largest error over all cases may be at most twice that of PyTorch's own
// float32, in double 1e-12, as shares of the largest value of the tensor.

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "nn_support.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/nn/multihead_attention.hpp"
#include "tenon/nn/transformer.hpp"

using namespace tenon;
using namespace tenon::test;
using Json = nlohmann::json;

namespace {

template <class T>
using Results = std::map<std::string, BasicTensor<T>>;

template <class T>
BasicAttentionOptions<T> options_of(const Json& k) {
  BasicAttentionOptions<T> options{.causal = k.value("causal", false)};
  if (!k.contains("key_lengths")) return options;
  const auto& lengths = k["key_lengths"];
  options.key_lengths = LongTensor::empty({static_cast<Index>(lengths.size())});
  for (Index i = 0; i < options.key_lengths.numel(); ++i) {
    options.key_lengths.data()[i] = lengths[static_cast<std::size_t>(i)].template get<Index>();
  }
  return options;
}

nn::TransformerLayerOptions layer_options_of(const Json& k) {
  return {.dim_feedforward = 6,
          .dropout = 0,
          .activation =
              k.value("activation", "relu") == "gelu" ? nn::Activation::gelu : nn::Activation::relu,
          .layer_norm_eps = k.value("layer_norm_eps", 1e-5),
          .norm_first = k.value("norm_first", false),
          .bias = k.value("bias", true)};
}

/// Result and gradients of one case, whose parameters go into the layer under their names.
template <class T>
struct Run {
  const io::TensorDict& file;
  std::string name;
  Json k;
  Tape tape;
  Results<T> inputs = {}, results = {};

  BasicTensor<T> given(const std::string& what) const {
    return file.get<double>(name + "." + what).template to<T>();
  }
  const BasicTensor<T>& input(const std::string& what) {
    return inputs[what] = tape.watch(given(what));
  }
  bool has(const std::string& what) const { return file.contains(name + "." + what); }

  template <class Layer, class Call>
  void finish(Layer layer, const Call& call) {
    const auto named = nn::named_parameters(layer);
    for (const auto& [path, parameter] : named) *parameter = given(path);
    results["y"] = call(layer);
    const Gradients g = tape.gradients(results["y"], given("dy"));
    for (const auto& [what, x] : inputs) results["d" + what] = g[x];
    for (const auto& [path, parameter] : named) {
      const auto gradient = g.find(*parameter);
      results["d" + path] = gradient.defined() ? gradient : zeros<T>(parameter->shape());
    }
  }

  void attention() {
    const bool grouped = k.contains("heads");
    const nn::MultiheadAttentionOptions options{.num_kv_heads = k.value("kv_heads", Index{0}),
                                                .bias = k.value("bias", true)};
    const auto x = input("x");
    const auto masks = options_of<T>(k);
    finish(nn::BasicMultiheadAttention<T>(grouped ? 16 : 8, grouped ? 4 : 2, options),
           [&](auto& layer) {
             if (k["op"] == "weights") {
               const auto w = layer.weights(x, input("kv"), masks);
               return k.value("average", false) ? mean(w, 1) : w;
             }
             if (has("kv")) return layer(x, input("kv"), masks);
             if (has("k")) {
               const auto keys = input("k");
               return layer(x, keys, input("v"), masks);
             }
             return layer(x, masks);
           });
  }

  void transformer() {
    if (k["op"] == "TransformerEncoderLayer") {
      const auto x = input("x");
      finish(nn::BasicTransformerEncoderLayer<T>(8, 2, layer_options_of(k)),
             [&](auto& layer) { return layer(x, options_of<T>(k)); });
    } else if (k["op"] == "TransformerDecoderLayer") {
      const auto x = input("x"), memory = input("memory");
      finish(nn::BasicTransformerDecoderLayer<T>(8, 2, layer_options_of(k)), [&](auto& layer) {
        return layer(x, memory, {.self = {.causal = true}, .memory = options_of<T>(k)});
      });
    } else {
      const auto source = input("source"), target = input("target");
      const nn::TransformerOptions options{.d_model = 8,
                                           .nhead = 2,
                                           .num_encoder_layers = 2,
                                           .num_decoder_layers = 1,
                                           .dim_feedforward = 6,
                                           .dropout = 0};
      finish(nn::BasicTransformer<T>(options),
             [&](auto& net) { return net(source, target, {.target = {.causal = true}}); });
    }
  }
};

double largest(const DoubleTensor& x) {
  double value = 0;
  for (const double v : values_of(x)) value = std::max(value, std::abs(v));
  return value;
}

template <class T>
double distance(const BasicTensor<T>& x, const DoubleTensor& expected) {
  if (!(x.shape() == expected.shape())) return std::numeric_limits<double>::infinity();
  const auto a = values_of(x);
  const auto b = values_of(expected);
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double error = std::abs(static_cast<double>(a[i]) - b[i]);
    worst = std::isnan(error) ? std::numeric_limits<double>::infinity() : std::max(worst, error);
  }
  return worst;
}

struct Errors {
  double tenon_float = 0, torch_float = 0;
};

template <class T>
Results<T> results_of(const io::TensorDict& file, const std::string& name, const Json& k,
                      void (Run<T>::*run)()) {
  Run<T> r{file, name, k, {}};
  (r.*run)();
  return r.results;
}

/// Runs all cases of a file; how much of PyTorch's error there is in a single tensor is luck.
void check_file(const std::string& stem, void (Run<float>::*in_float)(),
                void (Run<double>::*in_double)()) {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/" + stem + ".safetensors");
  std::map<std::string, Errors> errors;
  for (const auto& [name, text] : file.metadata) {
    if (name == "torch") continue;
    const Json k = Json::parse(text);
    const auto doubles = results_of<double>(file, name, k, in_double);
    const auto floats = results_of<float>(file, name, k, in_float);
    Errors& e = errors[k["op"]];
    for (const auto& [what, y] : doubles) {
      CAPTURE(name, what);
      const auto expected = file.get<double>(name + "." + what + "64");
      const double scale = largest(expected);
      CHECK(distance(y, expected) <= 1e-12 * std::max(scale, 1e-3));
      if (scale < 1e-12) continue;  // zero but for rounding: the bias of keys
      e.tenon_float = std::max(e.tenon_float, distance(floats.at(what), expected) / scale);
      const auto torch = file.get<float>(name + "." + what + "32");
      e.torch_float = std::max(e.torch_float, distance(torch, expected) / scale);
    }
  }
  CHECK_FALSE(errors.empty());
  for (const auto& [op, e] : errors) {
    CAPTURE(op, e.tenon_float, e.torch_float);
    CHECK(e.torch_float > 0);
    CHECK(e.tenon_float <= 2 * e.torch_float);
  }
}

}  // namespace

TEST_CASE("MultiheadAttention agrees with PyTorch", "[nn][multihead_attention][pytorch]") {
  check_file("multihead_attention", &Run<float>::attention, &Run<double>::attention);
}
TEST_CASE("Transformers agree with PyTorch", "[nn][transformer][pytorch]") {
  check_file("transformer", &Run<float>::transformer, &Run<double>::transformer);
}
