#include "tenon/nn/batch_norm.hpp"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "nn_support.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/io/state_dict.hpp"
#include "tenon/ops/batch_norm.hpp"
#include "tenon/ops/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("BatchNorm starts as PyTorch's does, with its names", "[nn][batch_norm]") {
  nn::BatchNorm2d norm(3);
  CHECK(equal<float>(norm.weight, ones({3})));
  CHECK(equal<float>(norm.bias, zeros({3})));
  CHECK(equal<float>(norm.running_mean, zeros({3})));
  CHECK(equal<float>(norm.running_var, ones({3})));
  CHECK(norm.num_batches_tracked.shape() == Shape{});
  CHECK(norm.num_batches_tracked.item() == 0);
  std::vector<std::string> names;
  for (const auto& entry : io::state_dict(norm)) names.push_back(entry.name);
  CHECK(names == std::vector<std::string>{"weight", "bias", "running_mean", "running_var",
                                          "num_batches_tracked"});
  CHECK(io::state_dict(norm)["num_batches_tracked"].dtype() == DType::int64);
  CHECK(count_parameters(norm) == 6);
}

TEST_CASE("BatchNorm normalises by the batch in training and by what it kept in evaluation",
          "[nn][batch_norm]") {
  const Tensor x = random_tensor<float>({4, 3, 2, 2}, 1);
  nn::BatchNorm2d norm(3, {.eps = 1e-3, .momentum = 0.3});
  norm.weight = random_tensor<float>({3}, 2);
  norm.bias = random_tensor<float>({3}, 3);
  Tensor mean = zeros({3}), var = ones({3});
  const BatchNormOptions training{.training = true, .momentum = 0.3, .eps = 1e-3};
  for (int i = 1; i <= 3; ++i) {
    CHECK(same_bits(norm(x), batch_norm<float>(x, mean, var, norm.weight, norm.bias, training)));
    CHECK(same_bits<float>(norm.running_mean, mean));
    CHECK(same_bits<float>(norm.running_var, var));
    CHECK(norm.num_batches_tracked.item() == i);
  }
  norm.eval();
  CHECK(same_bits(norm(x), batch_norm<float>(x, mean, var, norm.weight, norm.bias, {.eps = 1e-3})));
  CHECK(norm.num_batches_tracked.item() == 3);
  CHECK(same_bits<float>(norm.running_mean, mean));
}

TEST_CASE("BatchNorm without momentum averages all batches", "[nn][batch_norm]") {
  nn::BasicBatchNorm1d<double> norm(2, {.momentum = std::nullopt});
  DoubleTensor total = zeros<double>({2});
  for (std::uint64_t i = 1; i <= 5; ++i) {
    const auto x = random_tensor({3, 2, 4}, i);
    norm(x);
    total = total + mean(x, {0, 2});
    CHECK(max_error<double, double>(norm.running_mean, total / static_cast<double>(i)) <= 1e-15);
  }
}

TEST_CASE("BatchNorm does without parameters or statistics where asked to", "[nn][batch_norm]") {
  const Tensor x = random_tensor<float>({4, 3}, 1);
  nn::BatchNorm1d plain(3, {.affine = false});
  CHECK(count_parameters(plain) == 0);
  CHECK(same_bits(plain(x), batch_norm(x, {}, {}, {}, {}, {.training = true})));
  nn::BatchNorm1d forgetful(3, {.track_running_stats = false});
  CHECK(io::state_dict(forgetful).size() == 2);
  const Tensor y = forgetful(x);
  forgetful.eval();
  CHECK(same_bits(forgetful(x), y));
}

TEST_CASE("a failed forward pass leaves BatchNorm as it was", "[nn][batch_norm]") {
  nn::BatchNorm1d norm(3);
  CHECK_THROWS_AS(norm(ones({1, 3})), ValueError);
  CHECK(norm.num_batches_tracked.item() == 0);
  CHECK(equal<float>(norm.running_var, ones({3})));
}

TEST_CASE("a clone of BatchNorm keeps statistics of its own", "[nn][batch_norm][copying]") {
  nn::Sequential net{nn::Linear(2, 3), nn::BatchNorm1d(3)};
  nn::Sequential copy = net;
  copy(random_tensor<float>({5, 2}, 1));
  CHECK(equal<float>(net.get<nn::BatchNorm1d>(1).running_mean, zeros({3})));
  CHECK_FALSE(equal<float>(copy.get<nn::BatchNorm1d>(1).running_mean, zeros({3})));
  CHECK(net.get<nn::BatchNorm1d>(1).num_batches_tracked.item() == 0);
  net = std::as_const(copy);
  CHECK(same_bits<float>(net.get<nn::BatchNorm1d>(1).running_var,
                         copy.get<nn::BatchNorm1d>(1).running_var));
  CHECK(net.get<nn::BatchNorm1d>(1).num_batches_tracked.item() == 1);
}

TEST_CASE("BatchNorm describes itself", "[nn][batch_norm]") {
  CHECK(nn::BatchNorm1d(64).description() == "BatchNorm1d(64)");
  CHECK(nn::BatchNorm2d(
            3, {.eps = 1e-3, .momentum = 0.25, .affine = false, .track_running_stats = false})
            .description() ==
        "BatchNorm2d(3, eps 0.001, momentum 0.25, affine=false, track_running_stats=false)");
  CHECK(nn::BatchNorm2d(3, {.momentum = std::nullopt}).description() ==
        "BatchNorm2d(3, momentum none)");
}

TEST_CASE("BatchNorm refuses what cannot be", "[nn][batch_norm][errors]") {
  CHECK(error_of<ValueError>([] { nn::BatchNorm2d(0); }) ==
        "[BatchNorm2d] num_features must be at least 1, not 0; hint: it is the number of channels "
        "of the layer before");
  CHECK(error_of<ValueError>([] { nn::BatchNorm1d(3, {.eps = -1}); }) ==
        "[BatchNorm1d] eps must be at least 0, not -1; hint: it keeps the division from one by 0; "
        "1e-5 is usual");
  CHECK(
      error_of<ValueError>([] { nn::BatchNorm1d(3, {.momentum = 2.0}); }) ==
      "[BatchNorm1d] momentum must lie in [0, 1], not 2; hint: it is the weight of a batch in the "
      "running statistics; std::nullopt averages all batches");
  nn::BatchNorm1d one(3);
  nn::BatchNorm2d two(3);
  CHECK(error_of<ShapeError>([&] {
          one(ones({2, 3, 4, 4}));
        }) ==
        "[BatchNorm1d] x must be (N, C) or (N, C, L) but its shape is (2, 3, 4, 4); hint: "
        "BatchNorm2d normalises images");
  CHECK(error_of<ShapeError>([&] { one(ones({3})); }) ==
        "[BatchNorm1d] x must be (N, C) or (N, C, L) but its shape is (3); hint: x.unsqueeze(0) "
        "makes a batch of one");
  CHECK(
      error_of<ShapeError>([&] {
        two(ones({2, 3}));
      }) ==
      "[BatchNorm2d] x must be (N, C, H, W) but its shape is (2, 3); hint: BatchNorm1d normalises "
      "features, as behind Flatten");
  CHECK(error_of<ShapeError>([&] {
          two(ones({3, 4, 4}));
        }) ==
        "[BatchNorm2d] x must be (N, C, H, W) but its shape is (3, 4, 4); hint: x.unsqueeze(0) "
        "makes a batch of one image");
  nn::Sequential net{nn::Conv2d(1, 4, 1), nn::BatchNorm2d(3)};
  CHECK(error_of<ShapeError>([&] {
          net(ones({2, 1, 4, 4}));
        }) ==
        "[BatchNorm2d] the layer was made for 3 channels but x (N=2, C=4, H=4, W=4) has 4; hint: "
        "num_features must be the number of channels of the layer before (in layer 1: "
        "BatchNorm2d(3))\n"
        "    0 Conv2d(1 -> 4, kernel 1)  (2, 1, 4, 4) -> (2, 4, 4, 4)\n"
        "  > 1 BatchNorm2d(3)            expects 3 channels\n"
        "  hint: num_features = 4 would fit");
  nn::BatchNorm1d moved = std::move(one);
  CHECK_THROWS_AS(one(ones({2, 3})), ValueError);  // NOLINT: on purpose
}

namespace {

using Json = nlohmann::json;

template <class T>
double distance(const BasicTensor<T>& a, const DoubleTensor& b) {
  REQUIRE(a.shape() == b.shape());
  double worst = 0;
  for_each_position(a.shape(), [&](const Shape& p) {
    const double off = std::abs(static_cast<double>(value_at(a, p)) - value_at(b, p));
    worst = std::max(worst, std::isnan(off) ? 1e300 : off);
  });
  return worst;
}

double largest(const DoubleTensor& x) {
  double value = 0;
  for (double v : values_of(x)) value = std::max(value, std::abs(v));
  return value;
}

/// Trains on the file's batches; the largest distance of any state or result to PyTorch's float64,
/// as a share of the largest value.
template <class T, class Norm>
double worst_distance(const io::TensorDict& file, const std::string& name, Norm&& norm) {
  norm.weight = file.get<double>(name + ".start.weight").template to<T>();
  norm.bias = file.get<double>(name + ".start.bias").template to<T>();
  const auto batches = file.get<double>(name + ".x").template to<T>();
  double worst = 0;
  const auto compare = [&](const BasicTensor<T>& ours, const std::string& key) {
    const auto theirs = file.get<double>(name + ".64." + key);
    worst = std::max(worst, distance(ours, theirs) / largest(theirs));
  };
  for (Index step = 0; step < 3; ++step) {
    norm(batches[step]);
    const std::string at = std::to_string(step) + ".";
    compare(norm.running_mean, at + "running_mean");
    compare(norm.running_var, at + "running_var");
    CHECK(norm.num_batches_tracked.item() ==
          file.get<std::int64_t>(name + ".64." + at + "num_batches_tracked").item());
  }
  norm.eval();
  compare(norm(batches[3]), "y");
  return worst;
}

/// PyTorch's own float32 against its float64.
double torch_distance(const io::TensorDict& file, const std::string& name) {
  double worst = 0;
  for (const char* key : {"0.running_mean", "0.running_var", "1.running_mean", "1.running_var",
                          "2.running_mean", "2.running_var", "y"}) {
    const auto exact = file.get<double>(name + ".64." + key);
    const auto theirs = file.get<float>(name + ".32." + key);
    worst = std::max(worst, distance(theirs, exact) / largest(exact));
  }
  return worst;
}

template <class T>
double worst_distance(const io::TensorDict& file, const std::string& name, const Json& arguments) {
  nn::BatchNormOptions options;
  options.eps = arguments.value("eps", options.eps);
  if (arguments.contains("momentum")) {
    options.momentum = arguments["momentum"].is_null() ? std::optional<double>()
                                                       : arguments["momentum"].get<double>();
  }
  const bool images = file.get<double>(name + ".x").rank() == 5;
  return images ? worst_distance<T>(file, name, nn::BasicBatchNorm2d<T>(3, options))
                : worst_distance<T>(file, name, nn::BasicBatchNorm1d<T>(3, options));
}

}  // namespace

TEST_CASE("BatchNorm's statistics over three batches agree with PyTorch's",
          "[nn][batch_norm][pytorch]") {
  const auto file =
      io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/batch_norm_training.safetensors");
  double ours = 0, theirs = 0;
  for (const auto& [name, text] : file.metadata) {
    if (name == "torch") continue;
    INFO(name << " " << text);
    const Json arguments = Json::parse(text);
    CHECK(worst_distance<double>(file, name, arguments) <= 1e-14);
    ours = std::max(ours, worst_distance<float>(file, name, arguments));
    theirs = std::max(theirs, torch_distance(file, name));
  }
  CHECK(theirs > 0);
  CHECK(ours <= 2 * theirs);
}

TEST_CASE("PyTorch's state of a BatchNorm loads unchanged", "[nn][batch_norm][pytorch]") {
  const auto file =
      io::load_safetensors(TENON_TEST_DATA_DIR "/pytorch/batch_norm_training.safetensors");
  io::TensorDict state;
  for (const auto& [name, tensor] : file) {
    const std::string prefix = "images.32.2.";
    if (name.starts_with(prefix)) state.add("1." + name.substr(prefix.size()), tensor);
  }
  REQUIRE(state.size() == 5);
  nn::Sequential net{nn::ReLU(), nn::BatchNorm2d(3)};
  const auto memory = static_cast<const Tensor&>(net.get<nn::BatchNorm2d>(1).running_var);
  io::load_state_dict(net, state);
  const auto& norm = net.get<nn::BatchNorm2d>(1);
  CHECK(norm.num_batches_tracked.item() == 3);
  CHECK(equal(memory, state.get<float>("1.running_var")));
  nn::BasicSequential<double> in_double{nn::BasicReLU<double>(), nn::BasicBatchNorm2d<double>(3)};
  io::load_state_dict(in_double, state, {.cast = true});
  CHECK(in_double.get<nn::BasicBatchNorm2d<double>>(1).num_batches_tracked.item() == 3);
}
