#include "tenon/autograd/recompute.hpp"

#include "catch.hpp"
#include "ops_support.hpp"
#include "tenon/autograd/detect_anomaly.hpp"
#include "tenon/autograd/gradient_hook.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/nn/tanh.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/tanh.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::Contains;

namespace {

nn::Sequential block(Index width) {
  return nn::Sequential{nn::Linear(width, width), nn::Tanh(), nn::Dropout(0.3)};
}

struct Outcome {
  std::vector<Tensor> gradients;
  Tensor y;
};

/// Gradients of x and of all parameters through blocks, recomputed or not.
Outcome run(std::vector<nn::Sequential>& blocks, const Tensor& x, bool recompute) {
  manual_seed(5);
  Tape tape;
  const Tensor v = tape.watch(x);
  Tensor h = v;
  for (auto& b : blocks) {
    const auto f = [&b](const Tensor& in) { return b(in); };
    h = recompute ? checkpoint(f, h) : f(h);
  }
  const Gradients g = tape.gradients(sum(h * h));
  Outcome outcome{{g[v]}, h.detach()};
  for (auto& b : blocks) {
    for (auto* p : nn::parameters(b)) outcome.gradients.push_back(g[*p]);
  }
  return outcome;
}

}  // namespace

TEST_CASE("Recomputed gradients have the same bits, dropout included", "[autograd][checkpoint]") {
  manual_seed(1);
  std::vector<nn::Sequential> blocks;
  for (int i = 0; i < 3; ++i) blocks.push_back(block(8));
  const Tensor x = random_tensor<float>({4, 8}, 1);
  const Outcome plain = run(blocks, x, false);
  const RandomKey after = default_generator().state();
  const Outcome again = run(blocks, x, true);
  CHECK(default_generator().state().stream == after.stream);
  CHECK(same_bits(plain.y, again.y));
  REQUIRE(plain.gradients.size() == again.gradients.size());
  for (std::size_t i = 0; i < plain.gradients.size(); ++i) {
    CHECK(same_bits(plain.gradients[i], again.gradients[i]));
  }
}

TEST_CASE("Recomputation needs less memory", "[autograd][checkpoint]") {
  const auto peak = [](bool recompute) {
    manual_seed(1);
    std::vector<nn::Sequential> blocks;
    for (int i = 0; i < 24; ++i) {
      blocks.push_back(nn::Sequential{nn::Linear(16, 16), nn::Tanh(), nn::Tanh(), nn::Tanh(),
                                      nn::Tanh(), nn::Tanh()});
    }
    const Tensor x = random_tensor<float>({4096, 16}, 2);
    reset_peak_memory();
    const auto before = memory_stats().live_bytes;
    run(blocks, x, recompute);
    return memory_stats().peak_live_bytes - before;
  };
  const auto plain = peak(false), less = peak(true);
  CAPTURE(plain, less);
  CHECK(3 * less < plain);
}

TEST_CASE("Tracked tensors that a function captures get their gradients",
          "[autograd][checkpoint]") {
  const DoubleTensor x = random_tensor({3}, 3), w = random_tensor({3, 3}, 4);
  check_gradients("checkpoint",
                  [](auto& in) {
                    const DoubleTensor scaled = in[1] * 2;
                    return checkpoint(
                        [scaled](const DoubleTensor& v) { return tanh(matmul(scaled.t(), v)) * v; },
                        in[0]);
                  },
                  {x, w});
  // One inside the other, and views on both sides.
  check_gradients("checkpoint",
                  [](auto& in) {
                    const auto inner = [](const DoubleTensor& v) { return exp(v).t(); };
                    const auto outer = [inner](const DoubleTensor& v) {
                      return tanh(checkpoint(inner, v.t())).reshape({9});
                    };
                    return checkpoint(outer, in[0]).reshape({3, 3}) * in[0];
                  },
                  {w});
  // A view that was made outside and is used inside alone.
  check_gradients("checkpoint",
                  [](auto& in) {
                    const DoubleTensor view = (in[0] * 2).t();
                    return checkpoint([view](const DoubleTensor& v) { return exp(view) * tanh(v); },
                                      in[0].t()) *
                           in[0];
                  },
                  {w});
}

TEST_CASE("What needs no recomputation is left as it is", "[autograd][checkpoint]") {
  const DoubleTensor x = random_tensor({3}, 5);
  const auto f = [](const DoubleTensor& v) { return v * v; };
  CHECK(equal(checkpoint(f, x), x * x));
  Tape tape;
  CHECK(equal(checkpoint(f, x), x * x));
  CHECK(tape.size() == 0);
  const DoubleTensor v = tape.watch(x);
  CHECK(checkpoint([](const DoubleTensor& a) { return a; }, v).is_same(v));
  const auto constant = [&](const DoubleTensor&) { return x; };
  CHECK(checkpoint(constant, v).is_same(x));
  const DoubleTensor y = checkpoint(f, v);
  CHECK(tape.size() == 2);
  CHECK(equal(tape.gradients(sum(y + v))[v], 2 * x + 1));
}

TEST_CASE("A function that does not give the same again is found out", "[autograd][checkpoint]") {
  Tape tape;
  const DoubleTensor v = tape.watch(ones<double>({2}));
  int calls = 0;
  const DoubleTensor y =
      checkpoint([&calls](const DoubleTensor& x) { return x * static_cast<double>(++calls); }, v);
  CHECK_THAT(error_of<TapeError>([&] { tape.gradients(sum(y)); }),
             Contains("[checkpoint] the function gave another result in the backward pass than in "
                      "the forward pass; hint:"));
  DoubleTensor x = tape.watch(ones<double>({2}));
  const DoubleTensor z = checkpoint([](const DoubleTensor& a) { return a * a; }, x);
  x.fill_(3);
  CHECK_THAT(error_of<TapeError>([&] { tape.gradients(sum(z)); }), Contains("changed in place"));
}

TEST_CASE("Recomputation works while anomalies are looked for", "[autograd][checkpoint]") {
  const DetectAnomaly guard;
  Tape tape;
  const DoubleTensor v = tape.watch(ones<double>({2}));
  const auto f = [](const DoubleTensor& x) { return tanh(x * x); };
  const Gradients g = tape.gradients(sum(checkpoint(f, checkpoint(f, v))));
  CHECK(g.contains(v));
  CHECK_THROWS_AS(checkpoint([](const DoubleTensor& x) { return log(x - 1); }, v), NonFiniteError);
}

TEST_CASE("A gradient hook sees the whole gradient, once a sweep", "[autograd][hook]") {
  Tape tape;
  const DoubleTensor v = tape.watch(tensor<double>({1, 2}));
  std::vector<DoubleTensor> seen;
  const DoubleTensor h =
      gradient_hook(v * v, [&](const DoubleTensor& dh) { seen.push_back(dh.clone()); });
  const DoubleTensor loss = sum(h * 3 + h);
  CHECK(equal(tape.gradients(loss)[v], tensor<double>({8, 16})));
  CHECK(equal(tape.gradients(loss)[v], tensor<double>({8, 16})));
  REQUIRE(seen.size() == 2);
  CHECK(equal(seen[0], tensor<double>({4, 4})));
}

TEST_CASE("A gradient hook may replace the gradient", "[autograd][hook]") {
  Tape tape;
  const DoubleTensor v = tape.watch(tensor<double>({1, 2}));
  const DoubleTensor h = gradient_hook(v, [](const DoubleTensor& dh) { return dh * -0.5; });
  CHECK(h.shares_storage(v));
  CHECK(equal(tape.gradients(sum(h * h))[v], tensor<double>({-1, -2})));
  const DoubleTensor wrong =
      gradient_hook(v, [](const DoubleTensor&) { return ones<double>({3}); });
  CHECK_THAT(error_of<ShapeError>([&] { tape.gradients(sum(wrong)); }),
             Contains("[gradient_hook]"));
  check_gradients("gradient_hook",
                  [](auto& in) {
                    return gradient_hook(in[0] * in[0],
                                         [](const DoubleTensor& dh) { return dh * 1.0; });
                  },
                  {random_tensor({3}, 6)});
}

TEST_CASE("Without a tape, a gradient hook is nothing", "[autograd][hook]") {
  const Tensor x = ones({2});
  CHECK(gradient_hook(x, [](const Tensor&) {}).is_same(x));
  Tape tape;
  CHECK(gradient_hook(x, [](const Tensor&) {}).is_same(x));
}
