// A failing step, written down and run again.

#include "tenon/io/replay.hpp"

#include <fstream>
#include <limits>
#include <string>

#include "ops_support.hpp"
#include "temporary_folder.hpp"
#include "tenon/autograd/detect_anomaly.hpp"
#include "tenon/io/safetensors.hpp"
#include "tenon/io/state_dict.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/lambda.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

nn::Sequential logarithmic_net() {
  return nn::Sequential{nn::Linear(3, 4), nn::Dropout(0.5),
                        nn::Lambda([](const Tensor& x) { return log(x + 1); })};
}

/// What is said of one step, "" where it works.
std::string said_of(nn::Sequential& net, const Tensor& x, const LongTensor& y) {
  const DetectAnomaly guard;
  try {
    Tape tape;
    tape.gradients(cross_entropy(net(x), y));
  } catch (const NonFiniteError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a step that was written down fails again in the same way", "[io][replay]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("replay.safetensors");
  manual_seed(7);
  nn::Sequential net = logarithmic_net();
  const Tensor images = random_tensor<float>({5, 3}, 1, -4, 4);
  const LongTensor labels = random_integers({5}, 2, 0, 4);
  const RandomKey generator = default_generator().state();
  const std::string said = said_of(net, images, labels);
  REQUIRE_THAT(said, StartsWith("[log] forward: "));
  io::save_replay(path, {.inputs = {{"x", images}},
                         .targets = {{"y", labels}},
                         .state = io::state_dict(net),
                         .indices = tensor<std::int64_t>({3, 1, 4, 1, 5}),
                         .generator = generator,
                         .step = 312,
                         .message = said});

  manual_seed(8);
  nn::Sequential other = logarithmic_net();
  const io::Replay replay = io::load_replay(path);
  io::load_state_dict(other, replay.state);
  default_generator().set_state(replay.generator);
  const Tensor x = replay.inputs.get<float>("x");
  CHECK(said_of(other, x, replay.targets.get<std::int64_t>("y")) == said);
  CHECK(replay.message == said);
  CHECK(replay.step == 312);
  CHECK(replay.generator.seed == 7);
  CHECK(replay.generator.stream == generator.stream);
  CHECK(same_bits(x, images));
  CHECK(same_bits(replay.indices, tensor<std::int64_t>({3, 1, 4, 1, 5})));
}

TEST_CASE("a replay keeps all types, bits and letters", "[io][replay]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("replay.safetensors");
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const io::Replay written{
      .inputs = {{"ids", tensor<std::int64_t>({1, 2})}, {"a.b", tensor({nan, -0.0f})}},
      .generator = {~std::uint64_t{0}, 1},
      .step = -1,
      .message = "line\nnext \"quoted\" \\ \t é"};
  io::save_replay(path, written);
  const io::Replay read = io::load_replay(path);
  CHECK(read.inputs.size() == 2);
  CHECK(read.targets.empty());
  CHECK(read.state.empty());
  CHECK_FALSE(read.indices.defined());
  CHECK(same_bits(read.inputs.get<float>("a.b"), written.inputs.get<float>("a.b")));
  CHECK(same_bits(read.inputs.get<std::int64_t>("ids"), tensor<std::int64_t>({1, 2})));
  CHECK(read.generator.seed == ~std::uint64_t{0});
  CHECK(read.step == -1);
  CHECK(read.message == written.message);
  CHECK(io::load_safetensors(path).contains("inputs.a.b"));
}

TEST_CASE("files that hold no step are refused", "[io][replay]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("other.safetensors");
  const auto said = [&] { return error_of<IoError>([&] { io::load_replay(path); }); };
  CHECK_THAT(said(), ContainsSubstring("other.safetensors"));  // there is none
  io::save_safetensors(path, {{"weight", ones({2})}});
  CHECK(said() == "[load_replay] '" + path +
                      "' has no metadata 'replay.step'; hint: read files of save_replay() with "
                      "it, others with load_safetensors()");
  const io::Metadata fine{
      {"replay.step", "1"}, {"replay.seed", "2"}, {"replay.stream", "3"}, {"replay.message", ""}};
  io::save_safetensors(path, {{"weight", ones({2})}}, fine);
  CHECK_THAT(said(), ContainsSubstring("holds a tensor 'weight' that is no part of a step"));
  for (const char* number : {"", "x", "1x", "-1", "99999999999999999999"}) {
    io::Metadata bad = fine;
    bad["replay.seed"] = number;
    io::save_safetensors(path, {}, bad);
    CHECK_THAT(said(), ContainsSubstring("holds no whole number as 'replay.seed' but '" +
                                         std::string(number) + "'"));
  }
  io::save_safetensors(path, {{"indices", ones({2})}}, fine);
  CHECK_THROWS_AS(io::load_replay(path), TypeError);
}
