// The first value that is not finite: where it is found, and what is said of it.

#include "tenon/autograd/detect_anomaly.hpp"

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "allocation_counter.hpp"
#include "ops_support.hpp"
#include "tenon/autograd/custom.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/nn/conv2d.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/embedding.hpp"
#include "tenon/nn/lambda.hpp"
#include "tenon/nn/layer_norm.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/lstm.hpp"
#include "tenon/nn/multihead_attention.hpp"
#include "tenon/nn/relu.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Phase = NonFiniteError::Phase;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

/// The error that f throws under a DetectAnomaly.
template <class F>
NonFiniteError anomaly_of(const F& f) {
  DetectAnomaly guard;
  try {
    f();
  } catch (const NonFiniteError& error) {
    return error;
  }
  FAIL("nothing was thrown");
  throw 0;
}

struct Log : nn::Module {
  Tensor forward(const Tensor& x) override { return log(x); }
};
struct Root : nn::Module {
  Tensor forward(const Tensor& x) override { return sqrt(x); }
};
/// A model in which the layer at "encoder.2" is M.
template <class M>
struct Model : nn::Module {
  nn::Sequential encoder{nn::Linear(2, 2), nn::ReLU(), M()};
  Tensor forward(const Tensor& x) override { return encoder(x); }
  void visit(nn::Visitor& v) override { v("encoder", encoder); }
};
/// The ReLU of whose encoder is 0 everywhere.
template <class M>
Model<M> silent_model() {
  Model<M> model;
  auto& first = model.encoder.template get<nn::Linear>(0);
  first.weight.fill_(0);
  first.bias.fill_(-1);
  return model;
}

}  // namespace

TEST_CASE("an infinite result is found in the forward pass", "[autograd][anomaly][tiny]") {
  const auto x = tensor({{1, 0, 4}, {2, 1, 0.5}});
  const NonFiniteError error = anomaly_of([&] {
    Tape tape;
    log(tape.watch(x));
  });
  CHECK(error.op() == "log");
  CHECK(error.phase() == Phase::forward);
  CHECK(error.layer_path() == "");
  CHECK(std::string(error.what()) ==
        "[log] forward: the result (2, 3) holds 1 Inf among its 6 values, the first, -inf, at "
        "(0, 1)\n"
        "  input 0 (2, 3): min 0, max 4, mean 1.41667, all finite\n"
        "  hint: log(0) is -inf and the log of a negative number NaN: clamp x from below, take "
        "log(x + eps), or compute logarithms of probabilities with log_softmax");
}

TEST_CASE("an infinite gradient is found in the backward pass", "[autograd][anomaly]") {
  const auto x = tensor<double>({{4, 0}, {0, 1}});
  const NonFiniteError error = anomaly_of([&] {
    Tape tape;
    tape.gradients(sum(sqrt(tape.watch(x)) * 2.0));
  });
  CHECK(error.op() == "sqrt");
  CHECK(error.phase() == Phase::backward);
  CHECK(std::string(error.what()) ==
        "[sqrt] backward: the gradient of input 0 (2, 2) holds 2 Inf among its 4 values, the "
        "first, inf, at (0, 1)\n"
        "  gradient of the result (2, 2): min 2, max 2, mean 2, all finite\n"
        "  input 0 (2, 2): min 0, max 4, mean 1.25, all finite\n"
        "  hint: the slope of sqrt at 0 is infinite: take sqrt(x + eps)");
}

TEST_CASE("the layer of a value is named with its path, forward and backward",
          "[autograd][anomaly]") {
  auto forward = silent_model<Log>();
  const NonFiniteError first = anomaly_of([&] {
    Tape tape;
    forward(ones({1, 2}));
  });
  CHECK(first.layer_path() == "encoder.2");
  CHECK(first.layer_description() == "Log()");
  CHECK_THAT(first.what(), ContainsSubstring("[log] forward: "));
  CHECK_THAT(first.what(), ContainsSubstring("at (0, 0) (in layer encoder.2: Log())\n  input 0"));

  auto backward = silent_model<Root>();
  const NonFiniteError second = anomaly_of([&] {
    Tape tape;
    tape.gradients(sum(backward(ones({1, 2}))));
  });
  CHECK(second.op() == "sqrt");
  CHECK(second.phase() == Phase::backward);
  CHECK(second.layer_path() == "encoder.2");
  CHECK(second.layer_description() == "Root()");
  CHECK_THAT(second.what(), ContainsSubstring("at (0, 0) (in layer encoder.2: Root())\n"));
}

TEST_CASE("the layer is known after the model has gone", "[autograd][anomaly]") {
  const NonFiniteError error = anomaly_of([&] {
    Tape tape;
    auto model = std::make_unique<Model<Root>>(silent_model<Root>());
    const Tensor loss = sum((*model)(ones({1, 2})));
    model.reset();
    tape.gradients(loss);
  });
  CHECK(error.layer_path() == "encoder.2");
}

TEST_CASE("a layer that is no part of another one is described without a path",
          "[autograd][anomaly]") {
  Root layer;
  const NonFiniteError error = anomaly_of([&] {
    Tape tape;
    tape.gradients(sum(layer(tape.watch(zeros({2})))));
  });
  CHECK(error.layer_path() == "");
  CHECK(error.layer_description() == "Root()");
}

TEST_CASE("a spoilt parameter is told from bad data", "[autograd][anomaly]") {
  nn::Linear layer(2, 2, {.bias = false});
  const auto run = [&](const Tensor& x) {
    return anomaly_of([&] {
      Tape tape;
      layer(x);
    });
  };
  const NonFiniteError data = run(tensor({{1, 2}, {3, not_a_number}}));
  CHECK(data.op() == "linear");
  CHECK_THAT(data.what(),
             ContainsSubstring("holds 2 NaN among its 4 values, the first, nan, at (1, 0)"));
  CHECK_THAT(data.what(), ContainsSubstring("\n  input 0 (2, 2), a constant: min 1, max 3, mean 2, "
                                            "1 NaN\n  input 1 (2, 2), a parameter: min "));
  CHECK_THAT(data.what(), ContainsSubstring("input 0 was not finite when it came: look at the "
                                            "data, for missing values"));

  layer.weight.fill_(inf);
  const NonFiniteError parameter = run(ones({1, 2}));
  CHECK_THAT(parameter.what(), ContainsSubstring("\n  input 1 (2, 2), a parameter: 4 Inf\n"));
  CHECK_THAT(parameter.what(),
             ContainsSubstring("input 1 is a parameter that is not finite already: an update has "
                               "spoilt it. Lower the learning rate"));
}

TEST_CASE("a parameter of -inf is no mask", "[autograd][anomaly]") {
  const nn::Parameter w(tensor({-inf, 1}));
  CHECK(anomaly_of([&] {
          Tape tape;
          w + ones({2});
        }).op() == "add");
}

TEST_CASE("causes are named by operation", "[autograd][anomaly]") {
  const auto cause = [](const auto& f, float first, float second) {
    const Tensor x = tensor({first, second});
    return std::string(anomaly_of([&] {
                         Tape tape;
                         const Tensor v = tape.watch(x);
                         tape.gradients(sum(f(v)));
                       }).what());
  };
  CHECK_THAT(cause([](auto& x) { return exp(x); }, 1, 89),
             ContainsSubstring("[exp] forward: ") && ContainsSubstring("subtract the maximum"));
  CHECK_THAT(cause([](auto& x) { return 1 / x; }, 1, 0),
             ContainsSubstring("[div] forward: ") && ContainsSubstring("hint: a division by 0"));
  CHECK_THAT(cause([](auto& x) { return x / x; }, 1, 0),
             ContainsSubstring("1 NaN among") && ContainsSubstring("hint: a division by 0"));
  CHECK_THAT(cause([](auto& x) { return ones({2}) / x; }, 1, 1e-39f),
             ContainsSubstring("a division by "));
  CHECK_THAT(cause([](auto& x) { return sqrt(x); }, 1, -1),
             ContainsSubstring("the square root of a negative number"));
  CHECK_THAT(cause([](auto& x) { return pow(x, 0.5); }, 1, -1),
             ContainsSubstring("a negative base has no fractional power"));
  CHECK_THAT(cause([](auto& x) { return pow(x, 0.5); }, 1, 0),
             ContainsSubstring("[pow] backward: ") &&
                 ContainsSubstring("the slope of a power below 1 at 0 is infinite"));
  CHECK_THAT(cause([](auto& x) { return x * x; }, 1, 1e30f),
             ContainsSubstring("[mul] forward: ") &&
                 ContainsSubstring("values have grown beyond what the type can hold"));
  CHECK_THAT(cause(
                 [](auto& x) {
                   return custom_function("mine", {x}, full({2}, not_a_number),
                                          [](const Tensor& dy) { return std::vector<Tensor>{dy}; });
                 },
                 1, 2),
             ContainsSubstring("[mine] forward: ") &&
                 ContainsSubstring("a mistake in an operation of your own"));
  CHECK_THAT(cause(
                 [](auto& x) {
                   return custom_function("mine", {x}, ones({2}), [](const Tensor&) {
                     return std::vector<Tensor>{full({2}, not_a_number)};
                   });
                 },
                 1, 2),
             ContainsSubstring("[mine] backward: ") && ContainsSubstring("2 NaN among") &&
                 ContainsSubstring("the rule of an operation of your own"));
}

TEST_CASE("both kinds of values are counted", "[autograd][anomaly]") {
  const Tensor x = tensor({{-1, 0, 1}, {-2, 0, -3}});
  CHECK_THAT(
      anomaly_of([&] {
        Tape tape;
        log(tape.watch(x));
      }).what(),
      ContainsSubstring("holds 3 NaN and 2 Inf among its 6 values, the first, nan, at (0, 0)"));
}

TEST_CASE("the minus infinity of masks is no anomaly", "[autograd][anomaly]") {
  const DetectAnomaly guard;
  const Tensor scores = random_tensor<float>({2, 3}, 1);
  const auto keep = tensor<bool>({{true, false, true}, {true, true, false}});
  const Tensor mask = where(keep, zeros({2, 3}), -inf);
  const LongTensor labels = tensor<std::int64_t>({0, 1});
  Tape tape;
  const Tensor v = tape.watch(scores);
  const Tensor filled = where(keep, v, -inf);
  const Tensor y = softmax(filled, 1) + softmax((v + mask) * 0.5, 1);
  const Tensor logs = where(keep, log_softmax(filled, 1), 0);
  const Tensor loss = sum(y * y) + sum(logs) + cross_entropy(filled, labels);
  CHECK_NOTHROW(tape.gradients(loss));
}

TEST_CASE("what masks leave is refused where it spoils something", "[autograd][anomaly]") {
  const Tensor x = ones({1, 2});
  const auto nothing = tensor<bool>({{false, false}});
  const NonFiniteError row = anomaly_of([&] {
    Tape tape;
    softmax(where(nothing, tape.watch(x), -inf), 1);
  });
  CHECK(row.op() == "softmax");
  CHECK_THAT(row.what(), ContainsSubstring("a row in which all is masked"));
  const NonFiniteError loss = anomaly_of([&] {
    Tape tape;
    tape.gradients(sum(where(nothing, tape.watch(x), -inf)));
  });
  CHECK(loss.op() == "sum");
  CHECK(loss.phase() == Phase::forward);
  CHECK_THAT(loss.what(), ContainsSubstring(
                              "[sum] forward: what gradients are taken of () holds 1 Inf among its "
                              "1 values, the first, -inf, at ()"));
  const NonFiniteError product = anomaly_of([&] {
    Tape tape;
    where(nothing, tape.watch(x), -inf) * 0;
  });
  CHECK(product.op() == "mul");
  CHECK_THAT(product.what(), ContainsSubstring("only -inf, the value of masks, is let pass"));
}

TEST_CASE("plus infinity is always an anomaly", "[autograd][anomaly]") {
  CHECK(anomaly_of([&] {
          Tape tape;
          where(tensor<bool>({true, false}), tape.watch(ones({2})), inf);
        }).op() == "where");
}

TEST_CASE("a gradient to begin with, and a sum of gradients, are checked", "[autograd][anomaly]") {
  const Tensor x = ones({2});
  const NonFiniteError seed = anomaly_of([&] {
    Tape tape;
    const Tensor y = tape.watch(x) * 2;
    tape.gradients(y, tensor({1, not_a_number}));
  });
  CHECK(seed.phase() == Phase::backward);
  CHECK_THAT(seed.what(),
             ContainsSubstring("[mul] backward: the gradient that the sweep begins with (2) holds "
                               "1 NaN among its 2 values, the first, nan, at (1)"));
  CHECK_THAT(seed.what(),
             ContainsSubstring("hint: the gradient that the sweep began with was not finite"));
  const NonFiniteError overflow = anomaly_of([&] {
    Tape tape;
    const Tensor v = tape.watch(zeros({2}));
    tape.gradients(sum(v * 3e38) + sum(v * 3e38));
  });
  CHECK_THAT(overflow.what(), ContainsSubstring("[mul] backward: the sum of the gradients of input "
                                                "0 (2) holds 2 Inf"));
}

TEST_CASE("operations inside a gradient belong to the backward pass", "[autograd][anomaly]") {
  const NonFiniteError error = anomaly_of([&] {
    Tape outer;
    const DoubleTensor x = outer.watch(tensor<double>({0.0, 1.0}));
    Tape inner;
    const Gradients g = inner.gradients(sum(sqrt(inner.watch(x * 1.0))));
  });
  CHECK(error.phase() == Phase::backward);
  CHECK_THAT(error.what(), ContainsSubstring("(as part of the gradient of sqrt)"));
}

TEST_CASE("values are found in any layout", "[autograd][anomaly]") {
  DoubleTensor x = random_tensor({3, 4, 5}, 3, 1, 2);
  x(1, 2, 3) = 0;
  for (const auto& layout : layouts_of(x)) {
    const NonFiniteError error = anomaly_of([&] {
      Tape tape;
      log(tape.watch(layout));
    });
    CHECK_THAT(error.what(), ContainsSubstring("(3, 4, 5) holds 1 Inf among its 60 values, the "
                                               "first, -inf, at (1, 2, 3)"));
  }
}

TEST_CASE("a value at the end of many is found", "[autograd][anomaly]") {
  for (const Index n : {1, 1023, 1024, 1025, 5000}) {
    Tensor x = ones({n});
    x(n - 1) = 0;
    CHECK_THAT(anomaly_of([&] {
                 Tape tape;
                 log(tape.watch(x));
               }).what(),
               ContainsSubstring("at (" + std::to_string(n - 1) + ")"));
  }
}

TEST_CASE("nothing is found where all is well, and no bit changes", "[autograd][anomaly]") {
  struct Net : nn::Module {
    nn::Embedding words{20, 8};
    nn::LSTM lstm{8, 8, {.bidirectional = true}};
    nn::MultiheadAttention attention{16, 4};
    nn::LayerNorm norm{16};
    nn::Dropout dropout{0.3};
    nn::Linear out{16, 4};
    Tensor forward_ids(const LongTensor& ids) override {
      const auto lengths = tensor<std::int64_t>({5, 2});
      const Tensor y = lstm(words(ids), {}, lengths).y;
      const Tensor z = attention(y, y, y, {.key_lengths = lengths});
      return mean(out(dropout(norm(z + y))), {1});
    }
    void visit(nn::Visitor& v) override {
      v("words", words);
      v("lstm", lstm);
      v("attention", attention);
      v("norm", norm);
      v("out", out);
    }
  };
  manual_seed(3);
  Net net;
  const LongTensor ids = random_integers({2, 5}, 4, 0, 20);
  const LongTensor labels = tensor<std::int64_t>({1, -100});  // one is ignored
  const auto gradients = [&] {
    manual_seed(5);
    Tape tape;
    return tape.gradients(cross_entropy(net(ids), labels));
  };
  const Gradients plain = gradients();
  // What the pool hands out next holds NaN where nobody writes.
  for (Index n = 1; n < 4096; n = n * 5 / 4 + 1) full({n}, not_a_number);
  const DetectAnomaly guard;
  CHECK(DetectAnomaly::is_enabled());
  const Gradients checked = gradients();
  REQUIRE(checked.size() == plain.size());
  for (const auto& entry : nn::named_parameters(net)) {
    CAPTURE(entry.name);
    CHECK(same_bits(plain[*entry.parameter], checked[*entry.parameter]));
  }
}

TEST_CASE("scopes nest, and belong to their thread", "[autograd][anomaly]") {
  const Tensor x = zeros({1});
  const auto step = [&] {
    Tape tape;
    log(tape.watch(x));
  };
  CHECK_FALSE(DetectAnomaly::is_enabled());
  CHECK_NOTHROW(step());
  {
    const DetectAnomaly outer;
    { const DetectAnomaly inner; }
    CHECK(DetectAnomaly::is_enabled());
    CHECK_THROWS_AS(step(), NonFiniteError);
    bool enabled_there = true;
    std::thread([&] { enabled_there = DetectAnomaly::is_enabled(); }).join();
    CHECK_FALSE(enabled_there);
  }
  CHECK_FALSE(DetectAnomaly::is_enabled());
  CHECK_NOTHROW(step());
}

TEST_CASE("a scope may open and end within a tape", "[autograd][anomaly]") {
  const Tensor x = ones({2});
  Tape tape;
  Tensor v = tape.watch(x) * 2;
  std::optional<DetectAnomaly> guard;
  guard.emplace();
  v = v * v;
  const Gradients inside = tape.gradients(sum(v));
  CHECK(inside.size() == 1);
  guard.reset();
  CHECK(tape.gradients(sum(v * v)).size() == 1);
}

TEST_CASE("an error leaves the tape in order and holds no memory", "[autograd][anomaly]") {
  const auto before = memory_stats().live_bytes;
  {
    const DetectAnomaly guard;
    Tape tape;
    const Tensor v = tape.watch(zeros({4}));
    const Tensor fine = v + 1;
    CHECK_THROWS_AS(log(v), NonFiniteError);
    CHECK_THROWS_AS(tape.gradients(sum(sqrt(v))), NonFiniteError);
    const Gradients g = tape.gradients(sum(fine * fine));
    CHECK(g[v](0) == 2);
  }
  {
    // An operation of several results.
    const DetectAnomaly guard;
    nn::LSTM lstm(2, 2);
    Tape tape;
    const Tensor v = tape.watch(ones({1, 2, 2}));
    const Tensor fine = v + 1;
    CHECK_THROWS_AS(lstm(full({1, 2, 2}, not_a_number)), NonFiniteError);
    CHECK(tape.gradients(sum(fine)).size() == 1);
  }
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("without a scope, nothing is allocated and nothing is kept", "[autograd][anomaly]") {
  if (!can_count_allocations()) return;
  const Tensor x = ones({8});
  const auto step = [&] {
    Tape tape;
    const Tensor v = tape.watch(x);
    tape.gradients(sum(log(v) * v));
  };
  {
    const DetectAnomaly guard;
    step();
  }
  step();
  const AllocationCounter counter;
  for (int i = 0; i < 5; ++i) step();
  const auto allocations = counter.count();
  CHECK(allocations == 0);
}
