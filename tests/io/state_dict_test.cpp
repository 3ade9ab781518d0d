#include "tenon/io/state_dict.hpp"

#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/nn/batch_norm.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/relu.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

nn::Sequential small_net() { return {nn::Linear(3, 4), nn::ReLU(), nn::Linear(4, 2)}; }

/// A parameter, a buffer, and a second name of the parameter.
struct Tied : nn::Module {
  nn::Parameter weight{ones({2})};
  nn::Parameter same;
  Tensor mean = zeros({2});
  Tied() { same.tie(weight); }
  void visit(nn::Visitor& v) override {
    v("weight", weight);
    v("same", same);
    v.buffer("mean", mean);
  }
};

std::vector<std::string> names_of(const io::TensorDict& tensors) {
  std::vector<std::string> names;
  for (const auto& entry : tensors) names.push_back(entry.name);
  return names;
}

}  // namespace

TEST_CASE("A module's state has PyTorch's names and shares its values", "[io][state_dict]") {
  nn::Sequential net = small_net();
  const io::TensorDict state = io::state_dict(net);
  CHECK(names_of(state) == std::vector<std::string>{"0.weight", "0.bias", "2.weight", "2.bias"});
  CHECK(state["0.weight"].shape() == Shape{4, 3});
  Tensor weight = state.get<float>("0.weight");
  weight.fill_(7);
  CHECK(io::state_dict(net).get<float>("0.weight")(3, 2) == 7);
}

TEST_CASE("A module saved and loaded computes the same", "[io][state_dict]") {
  TemporaryFolder folder;
  nn::Sequential saved = small_net(), loaded = small_net();
  const Tensor x = randn({5, 3});
  CHECK_FALSE(equal(saved(x), loaded(x)));
  io::save(saved, folder.file("net"), {{"accuracy", "0.98"}});
  const io::LoadReport report = io::load(loaded, folder.file("net"));
  CHECK(report.missing.empty());
  CHECK(report.unexpected.empty());
  CHECK(equal(saved(x), loaded(x)));
  CHECK(io::load_safetensors(folder.file("net")).metadata.at("accuracy") == "0.98");
}

TEST_CASE("Loading writes in place and keeps the parameters", "[io][state_dict]") {
  nn::Sequential net = small_net();
  const Tensor weight = io::state_dict(net).get<float>("2.weight");
  io::TensorDict ones_for_all;
  for (const auto& [name, tensor] : io::state_dict(net))
    ones_for_all.add(name, ones(tensor.shape()));
  io::load_state_dict(net, ones_for_all);
  CHECK(equal(weight, ones({2, 4})));
  io::load_state_dict(net, io::state_dict(net));
  CHECK(equal(weight, ones({2, 4})));
}

TEST_CASE("Buffers are saved, and tied parameters stay tied when loaded", "[io][state_dict]") {
  Tied module;
  CHECK(names_of(io::state_dict(module)) == std::vector<std::string>{"weight", "same", "mean"});
  const io::TensorDict one_name{{"same", full({2}, 3)}, {"mean", full({2}, 4)}};
  CHECK(io::load_state_dict(module, one_name).missing.empty());
  CHECK(equal(static_cast<const Tensor&>(module.weight), full({2}, 3)));
  CHECK(module.weight.is_same(module.same));
  CHECK(equal(module.mean, full({2}, 4)));
}

TEST_CASE("All that does not fit is listed in one error and nothing is changed",
          "[io][state_dict]") {
  nn::Sequential net = small_net();
  const Tensor before = io::state_dict(net).get<float>("0.bias").clone();
  const io::TensorDict wrong{{"0.weight", ones({4, 2})},
                             {"0.bias", ones({4})},
                             {"2.weight", ones<double>({2, 4})},
                             {"3.bias", ones({2})}};
  const std::string said = message_of<ValueError>([&] { io::load_state_dict(net, wrong); });
  CHECK(
      said ==
      "[load_state_dict] the tensors are not those of the module\n"
      "  missing (1):\n    2.bias (2)\n"
      "  unexpected (1):\n    3.bias (2)\n"
      "  of another shape (1):\n    0.weight: the module has (4, 3), the file (4, 2)\n"
      "  of another type (1):\n    2.weight: the module has float32, the file float64\n"
      "  hint: build the module as it was when saved, or load with {.strict = false} what fits by "
      "name");
  CHECK(equal(io::state_dict(net).get<float>("0.bias"), before));
}

TEST_CASE("Without strict what fits by name is loaded and the rest reported", "[io][state_dict]") {
  nn::Sequential net = small_net();
  const io::TensorDict part{{"0.bias", full({4}, 5)}, {"9.bias", ones({2})}};
  const io::LoadReport report = io::load_state_dict(net, part, {.strict = false});
  CHECK(report.missing == std::vector<std::string>{"0.weight", "2.weight", "2.bias"});
  CHECK(report.unexpected == std::vector<std::string>{"9.bias"});
  CHECK(equal(io::state_dict(net).get<float>("0.bias"), full({4}, 5)));
  const io::TensorDict wrong{{"0.bias", full({3}, 5)}};
  const std::string said =
      message_of<ValueError>([&] { io::load_state_dict(net, wrong, {.strict = false}); });
  CHECK_THAT(said, ContainsSubstring("0.bias: the module has (4"));
  CHECK_THAT(said, !ContainsSubstring("missing"));
}

TEST_CASE("Other scalar types are refused unless a cast was asked for", "[io][state_dict]") {
  nn::BasicSequential<double> source{nn::BasicLinear<double>(3, 2)};
  nn::Sequential net{nn::Linear(3, 2)};
  TemporaryFolder folder;
  io::save(source, folder.file("double"));
  const std::string said = message_of<TypeError>([&] { io::load(net, folder.file("double")); });
  CHECK_THAT(said,
             ContainsSubstring("[load] " + folder.file("double") + ": the tensors have not") &&
                 ContainsSubstring("0.weight: the module has float32, the file float64") &&
                 ContainsSubstring("{.cast = true}"));
  io::load(net, folder.file("double"), {.cast = true});
  const auto wanted = io::state_dict(source).get<double>("0.weight").to<float>();
  CHECK(equal(io::state_dict(net).get<float>("0.weight"), wanted));

  const io::TensorDict ints{{"0.weight", ones<std::int32_t>({2, 3})}, {"0.bias", ones({2})}};
  CHECK_THROWS_AS(io::load_state_dict(net, ints, {.cast = true}), TypeError);
}

TEST_CASE("Buffers of integers are saved and loaded in their place, and never cast",
          "[io][state_dict]") {
  nn::BatchNorm1d norm(2);
  norm.num_batches_tracked.fill_(7);
  CHECK(names_of(io::state_dict(norm)) == std::vector<std::string>{"weight", "bias", "running_mean",
                                                                   "running_var",
                                                                   "num_batches_tracked"});
  TemporaryFolder folder;
  io::save(norm, folder.file("norm"));
  nn::BatchNorm1d loaded(2);
  const LongTensor memory = loaded.num_batches_tracked;
  io::load(loaded, folder.file("norm"));
  CHECK(memory.item() == 7);

  io::TensorDict wrong;
  for (const auto& [name, tensor] : io::state_dict(norm)) {
    if (name != "num_batches_tracked") wrong.add(name, tensor);
  }
  wrong.add("num_batches_tracked", ones({}));
  const std::string said =
      message_of<TypeError>([&] { io::load_state_dict(loaded, wrong, {.cast = true}); });
  CHECK_THAT(said,
             ContainsSubstring("num_batches_tracked: the module has int64, the file float32"));
}

TEST_CASE("A long list of differences is cut short and counted", "[io][state_dict]") {
  nn::Sequential net;
  io::TensorDict many;
  for (int i = 0; i < 25; ++i) many.add("extra." + std::to_string(i), ones({1}));
  const std::string said = message_of<ValueError>([&] { io::load_state_dict(net, many); });
  CHECK_THAT(said, ContainsSubstring("unexpected (25):") && ContainsSubstring("extra.19 (1)") &&
                       ContainsSubstring("and 5 more") && !ContainsSubstring("extra.20"));
}

TEST_CASE("Values that were loaded are used by the next tape", "[io][state_dict]") {
  nn::Sequential net{nn::Linear(1, 1)};
  const Tape tape;
  io::load_state_dict(net, {{"0.weight", full({1, 1}, 2)}, {"0.bias", full({1}, 1)}});
  CHECK(net(full({1, 1}, 3)).item() == 7);
}
