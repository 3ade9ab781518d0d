#include <array>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "nn_support.hpp"
#include "tenon/nn/dropout.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class List>
std::vector<std::string> names_of(const List& list) {
  std::vector<std::string> names;
  for (const auto& entry : list) names.push_back(entry.name);
  return names;
}
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("one visit serves names, parameters, buffers and counts", "[nn][module]") {
  Model model;
  CHECK(names_of(nn::named_parameters(model)) ==
        Names{"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
              "encoder.0.fc.weight", "encoder.0.fc.bias", "encoder.0.scale", "encoder.2.weight",
              "encoder.2.bias"});
  CHECK(names_of(nn::named_tensors(model)) ==
        Names{"layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
              "encoder.0.fc.weight", "encoder.0.fc.bias", "encoder.0.scale", "encoder.0.shift",
              "encoder.2.weight", "encoder.2.bias"});
  CHECK(nn::parameters(model).size() == 9);
  CHECK(nn::parameters(model)[0] == &model.layers[0].weight);
  CHECK(count_parameters(model) == 15 + 18 + 12 + 3 + 16);
  const auto tensors = nn::named_tensors(model);
  CHECK(tensors[7].is_buffer);
  CHECK_FALSE(tensors[6].is_buffer);
  CHECK(tensors[0].tensor.is_same(model.layers[0].weight));
}

TEST_CASE("a module without members has no parameters", "[nn][module]") {
  nn::ReLU relu_layer;
  CHECK(nn::parameters(relu_layer).empty());
  CHECK(nn::count_parameters(relu_layer) == 0);
  nn::Sequential none;
  CHECK(nn::named_tensors(none).empty());
}

TEST_CASE("arrays and nested vectors of layers and parameters are visited by position",
          "[nn][module]") {
  struct Nested : nn::Module {
    std::vector<std::vector<nn::Linear>> grid;
    std::array<nn::Parameter, 2> pair{nn::Parameter(ones({1})), nn::Parameter(ones({1}))};
    std::optional<nn::Linear> extra;
    void visit(nn::Visitor& v) override {
      v("grid", grid);
      v("pair", pair);
      if (extra) v("extra", *extra);
    }
  } nested;
  nested.grid.resize(2);
  nested.grid[1].emplace_back(1, 1, nn::LinearOptions{.bias = false});
  nested.extra.emplace(1, 1, nn::LinearOptions{.bias = false});
  CHECK(names_of(nn::named_parameters(nested)) ==
        Names{"grid.1.0.weight", "pair.0", "pair.1", "extra.weight"});
  CHECK(to_string(nested) ==
        "Nested(\n  (grid.1.0): Linear(1 -> 1, bias=false)\n  (extra): Linear(1 -> 1, "
        "bias=false)\n)");
}

TEST_CASE("tied parameters are listed once, saved under each name", "[nn][module]") {
  TiedModel model;
  CHECK(names_of(nn::named_parameters(model)) ==
        Names{"in.weight", "in.bias", "between.0.weight", "between.0.bias", "out.bias"});
  CHECK(nn::named_tensors(model).size() == 6);
  CHECK(count_parameters(model) == 9 + 3 + 12 + 3);
}

TEST_CASE("train and eval reach every layer", "[nn][module]") {
  struct Net : nn::Module {
    nn::Sequential body{nn::Linear(2, 2), nn::Dropout(0.5)};
    std::vector<nn::Dropout> more{nn::Dropout(), nn::Dropout()};
    void visit(nn::Visitor& v) override {
      v("body", body);
      v("more", more);
    }
  } net;
  CHECK(net.is_training());
  CHECK(net.body[1].is_training());
  net.eval();
  CHECK_FALSE(net.is_training());
  CHECK_FALSE(net.body.is_training());
  CHECK_FALSE(net.body[1].is_training());
  CHECK_FALSE(net.more[1].is_training());
  const Net copy = net;
  CHECK_FALSE(copy.body[1].is_training());
  net.train();
  CHECK(net.body[1].is_training());
  CHECK(net.more[0].is_training());
}

TEST_CASE("a module prints as a tree", "[nn][module]") {
  Model model;
  const std::string expected =
      "Model(\n"
      "  (layers.0): Linear(2 -> 5)\n"
      "  (layers.1): Linear(5 -> 3)\n"
      "  (encoder): Sequential(\n"
      "    (0): Block(\n"
      "      (fc): Linear(3 -> 3)\n"
      "    )\n"
      "    (1): ReLU()\n"
      "    (2): Linear(3 -> 4)\n"
      "  )\n"
      ")";
  CHECK(to_string(model) == expected);
  std::ostringstream out;
  out << model;
  CHECK(out.str() == expected);
  CHECK(to_string(nn::Sequential()) == "Sequential()");
}

namespace {
template <class T>
struct Generic : nn::BasicModule<T> {};
}  // namespace

TEST_CASE("a module is named after its type unless it says otherwise", "[nn][module]") {
  CHECK(Block().name() == "Block");
  CHECK(Block().description() == "Block()");
  CHECK(nn::Linear(1, 1).name() == "Linear");
  CHECK(nn::BasicLinear<double>(1, 1).name() == "Linear");
  CHECK(Generic<double>().name() == "Generic");
  struct Local : nn::Module {
    std::string name() const override { return "MyNet"; }
  };
  CHECK(Local().description() == "MyNet()");
}

namespace {

struct Embedding : nn::Module {
  nn::Parameter table{tensor({{1, 2}, {3, 4}})};
  Tensor forward_ids(const LongTensor& ids) override { return table[ids.item()]; }
  void visit(nn::Visitor& v) override { v("table", table); }
};

struct TwoInputs : nn::Module {
  using nn::Module::operator();
  Tensor operator()(const Tensor& a, const Tensor& b) { return a + b; }
  Tensor forward(const Tensor& x) override { return x * 2; }
};

}  // namespace

TEST_CASE("a module may take ids, or several inputs", "[nn][module]") {
  nn::Sequential net{Embedding(), nn::Linear(2, 3)};
  const LongTensor id = tensor<std::int64_t>({1});
  CHECK(net(id).shape() == Shape{3});
  TwoInputs two;
  CHECK(two(ones({2}), ones({2}))(0) == 2);
  CHECK(two(ones({2}))(1) == 2);
}

TEST_CASE("a module that lacks the call says which one it has", "[nn][module][errors]") {
  Embedding embedding;
  CHECK(error_of<ValueError>([&] { embedding(ones({1})); }) ==
        "[Embedding] this module has no forward() that takes a tensor of numbers; hint: override "
        "forward(const Tensor&), or call it with what it takes: ids, or several inputs");
  nn::Linear layer(1, 1);
  CHECK(error_of<ValueError>([&] { layer(tensor<std::int64_t>({1})); }) ==
        "[Linear] this module has no forward_ids() and takes no int64 ids; hint: put an embedding "
        "in front of it, or convert with ids.to<float>()");
  nn::Sequential none;
  CHECK_THROWS_AS(none(tensor<std::int64_t>({1})), ValueError);
}

TEST_CASE("what visit() must not do is named", "[nn][module][errors]") {
  struct Twice : nn::Module {
    nn::Linear a{1, 1}, b{1, 1};
    void visit(nn::Visitor& v) override {
      v("same", a);
      v("same", b);
    }
  } twice;
  CHECK(error_of<ValueError>([&] { nn::named_tensors(twice); }) ==
        "[named_tensors] visit() gives the name 'same.weight' twice; hint: name every member of a "
        "module differently");
  struct Empty : nn::Module {
    nn::Parameter p;
    Tensor running;
    void visit(nn::Visitor& v) override {
      v("p", p);
      v.buffer("running", running);
    }
  } empty_module;
  nn::Sequential net;
  net.append(std::move(empty_module));
  CHECK(error_of<ValueError>([&] { nn::parameters(net); }) ==
        "[parameters] the parameter '0.p' has no values; hint: give it some before it is used, and "
        "don't visit() the module after it was moved from");
  CHECK(error_of<ValueError>([&] { nn::named_tensors(net); }) ==
        "[named_tensors] '0.p' has no values; hint: give it some before the module is saved or "
        "loaded, and don't visit() it after it was moved from");
}

TEST_CASE("a layer that was moved from gives errors, not crashes", "[nn][module][errors]") {
  nn::Linear layer(2, 2);
  nn::Linear moved = std::move(layer);
  CHECK_THROWS_AS(layer(ones({1, 2})), Error);  // NOLINT: on purpose
  CHECK(layer.description() == "Linear(moved from)");
  CHECK_THROWS_AS(nn::parameters(layer), ValueError);
  nn::Conv2d conv(1, 1, 3);
  nn::Conv2d moved_conv = std::move(conv);
  CHECK_THROWS_AS(conv(ones({1, 1, 4, 4})), Error);  // NOLINT: on purpose
  CHECK(conv.description() == "Conv2d(moved from)");
}

TEST_CASE("threads may share a net for inference", "[nn][module]") {
  Model model;
  const Tensor x = random_tensor<float>({4, 2}, 1);
  const Tensor expected = model(x);
  std::vector<std::thread> threads;
  std::array<bool, 4> same{};
  for (std::size_t i = 0; i < same.size(); ++i) {
    threads.emplace_back([&, i] {
      same[i] = true;
      for (int k = 0; k < 20; ++k) same[i] = same[i] && same_bits(model(x), expected);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const bool ok : same) CHECK(ok);
}
