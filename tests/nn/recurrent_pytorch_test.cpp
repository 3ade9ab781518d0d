// RNN, LSTM and GRU against the results and gradients that PyTorch computed in double, kept in
// tests/data/pytorch (make_recurrent_vectors.py there says how they came about). In float the
// largest error of a network's cases may be at most twice that of PyTorch's own float32, in double
// 1e-10, as shares of the largest value of the tensor.

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "nn_support.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/nn/gru.hpp"
#include "tenon/nn/lstm.hpp"
#include "tenon/nn/rnn.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Json = nlohmann::json;

namespace {

/// What the three networks' options have in common.
template <class Options>
Options options_of(const Json& k) {
  Options options;
  options.num_layers = k.value("num_layers", Index{1});
  options.bias = k.value("bias", true);
  options.batch_first = k.value("batch_first", false);
  options.bidirectional = k.value("bidirectional", false);
  return options;
}

template <class T>
nn::BasicRNN<T> make_net(const Json& k, const nn::BasicRNN<T>*) {
  auto options = options_of<nn::RNNOptions>(k);
  if (k.value("nonlinearity", "tanh") == "relu") options.nonlinearity = Nonlinearity::relu;
  return {k["input_size"].get<Index>(), k["hidden_size"].get<Index>(), options};
}
template <class T>
nn::BasicLSTM<T> make_net(const Json& k, const nn::BasicLSTM<T>*) {
  auto options = options_of<nn::LSTMOptions>(k);
  options.proj_size = k.value("proj_size", Index{0});
  return {k["input_size"].get<Index>(), k["hidden_size"].get<Index>(), options};
}
template <class T>
nn::BasicGRU<T> make_net(const Json& k, const nn::BasicGRU<T>*) {
  return {k["input_size"].get<Index>(), k["hidden_size"].get<Index>(),
          options_of<nn::GRUOptions>(k)};
}

template <class T>
using Tensors = std::map<std::string, BasicTensor<T>>;

template <class T>
Tensors<T> results_of(nn::BasicLSTM<T>& net, Tensors<T>& in, const LongTensor& lengths) {
  const auto out = net(in["x"], BasicLSTMState<T>{in["h0"], in["c0"]}, lengths);
  return {{"y", out.y}, {"hn", out.state.h}, {"cn", out.state.c}};
}
template <class T, class Net>
Tensors<T> results_of(Net& net, Tensors<T>& in, const LongTensor& lengths) {
  const auto out = net(in["x"], in["h0"], lengths);
  return {{"y", out.y}, {"hn", out.h}};
}

struct Case {
  const io::TensorDict& file;
  std::string name;
  Json arguments;

  bool has(const std::string& what) const { return file.contains(name + "." + what); }
  template <class T>
  BasicTensor<T> get(const std::string& what) const {
    return file.get<double>(name + "." + what).template to<T>();
  }
};

/// Results and gradients by the names of the file, without their bits.
template <template <class> class Net, class T>
Tensors<T> run(const Case& c) {
  auto net = make_net<T>(c.arguments, static_cast<const Net<T>*>(nullptr));
  for (auto& [name, parameter] : nn::named_parameters(net)) {
    *parameter = c.get<T>("p." + name);
  }
  LongTensor lengths;
  if (c.arguments.contains("lengths")) {
    lengths = from_container(c.arguments["lengths"].get<std::vector<std::int64_t>>());
  }
  Tape tape;
  Tensors<T> in;
  for (const char* what : {"x", "h0", "c0"}) {
    if (c.has(what)) in[what] = tape.watch(c.get<T>(what));
  }
  Tensors<T> results = results_of(net, in, lengths);
  BasicTensor<T> loss = zeros<T>({});
  for (const auto& [what, y] : results) {
    if (c.has("g" + what)) loss = loss + sum(y * c.get<T>("g" + what));
  }
  const Gradients gradients = tape.gradients(loss);
  for (const auto& [what, x] : in) {
    if (x.defined()) results["d" + what] = gradients[x];
  }
  for (const auto& [name, parameter] : nn::named_parameters(net)) {
    results["dp." + name] = gradients[*parameter];
  }
  return results;
}

double largest(const DoubleTensor& x) {
  double value = 0;
  for (double v : values_of(x)) value = std::max(value, std::abs(v));
  return value;
}

/// max |x - expected|; infinite for a NaN or another shape.
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

template <template <class> class Net>
void check_file(const std::string& stem) {
  const auto file = io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/" + stem + ".safetensors");
  double tenon_float = 0, torch_float = 0;
  int cases = 0;
  for (const auto& [name, text] : file.metadata) {
    if (name == "torch") continue;
    const Case c{file, name, Json::parse(text)};
    const auto in_float = run<Net, float>(c);
    const auto in_double = run<Net, double>(c);
    for (const auto& [what, y] : in_float) {
      CAPTURE(name, text, what);
      const DoubleTensor expected = file.get<double>(name + "." + what + "64");
      const double scale = largest(expected);
      CHECK(distance(in_double.at(what), expected) <= 1e-10 * scale);
      const double error = distance(y, expected);
      if (scale == 0) {
        CHECK(error == 0);
        continue;
      }
      tenon_float = std::max(tenon_float, error / scale);
      torch_float = std::max(torch_float,
                             distance(file.get<float>(name + "." + what + "32"), expected) / scale);
    }
    ++cases;
  }
  CHECK(cases >= 14);
  CAPTURE(tenon_float, torch_float);
  CHECK(tenon_float <= 2 * torch_float);
}

}  // namespace

TEST_CASE("RNN agrees with PyTorch in every option", "[nn][rnn][pytorch]") {
  check_file<nn::BasicRNN>("rnn");
}
TEST_CASE("LSTM agrees with PyTorch in every option", "[nn][lstm][pytorch]") {
  check_file<nn::BasicLSTM>("lstm");
}
TEST_CASE("GRU agrees with PyTorch in every option", "[nn][gru][pytorch]") {
  check_file<nn::BasicGRU>("gru");
}
