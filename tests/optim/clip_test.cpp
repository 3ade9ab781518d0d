#include "tenon/optim/clip.hpp"

#include <cmath>
#include <limits>

#include "../nn/nn_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {
constexpr double infinite = std::numeric_limits<double>::infinity();
}

TEST_CASE("clip_grad_norm scales all gradients by one factor", "[optim][clip]") {
  nn::Parameter a(ones({2})), b(ones({1}));
  Tape tape;
  Gradients g = tape.gradients(sum(a * tensor({3, 0})) + sum(b * 4));
  const Tensor held = g[a];
  CHECK(optim::clip_grad_norm(g, 10) == Approx(5));
  CHECK(g[a].is_same(held));
  CHECK(optim::clip_grad_norm(g, 1) == Approx(5));
  CHECK(allclose(g[a], tensor({0.6, 0}), 1e-5));
  CHECK(allclose(g[b], tensor({0.8}), 1e-5));
  CHECK(equal(held, tensor({3, 0})));
  CHECK(optim::clip_grad_norm(g, 1) == Approx(1));
}

TEST_CASE("two leaves that share one gradient are clipped once each", "[optim][clip]") {
  nn::Parameter a(ones({2})), b(ones({2}));
  Tape tape;
  Gradients g = tape.gradients(sum(a + b));
  CHECK(optim::clip_grad_norm(g, 1) == Approx(2));
  CHECK(allclose(g[a], tensor({0.5, 0.5}), 1e-5));
  CHECK(allclose(g[b], tensor({0.5, 0.5}), 1e-5));
}

TEST_CASE("clip_grad_norm takes float and double together, long and empty ones", "[optim][clip]") {
  nn::BasicParameter<double> a(full<double>({50000}, 1.0));
  nn::BasicParameter<double> none(DoubleTensor::empty({0}));
  Tape tape;
  Gradients g = tape.gradients(sum(a * 0.5) + sum(none));
  CHECK(optim::clip_grad_norm(g, 1) == Approx(std::sqrt(50000 * 0.25)));
  CHECK(optim::clip_grad_norm(g, 2) == Approx(1));
  CHECK(same_bits_for_all_threads([&] {
    Gradients again = tape.gradients(sum(a * a));
    optim::clip_grad_norm(again, 0.7);
    return again[a];
  }));
}

TEST_CASE("clip_grad_norm reports a norm that is not finite", "[optim][clip]") {
  nn::Parameter a(ones({2}));
  Tape tape;
  Gradients g = tape.gradients(sum(a * tensor({infinite, 1})));
  CHECK(optim::clip_grad_norm(g, 1) == infinite);
  CHECK(std::isnan(g[a](0)));
}

TEST_CASE("clip_grad_value limits each element", "[optim][clip]") {
  nn::Parameter a(ones({5}));
  Tape tape;
  Gradients g = tape.gradients(sum(a * tensor({-3, -0.5, 0, 0.5, std::nan("")})));
  optim::clip_grad_value(g, 0.25);
  CHECK(allclose(g[a], tensor({-0.25, -0.25, 0, 0.25, std::nan("")}), 0, 0, true));
}

TEST_CASE("a limit out of its range is refused", "[optim][clip][errors]") {
  Gradients g;
  CHECK(optim::clip_grad_norm(g, 1) == 0);
  CHECK(error_of<ValueError>([&] { optim::clip_grad_norm(g, 0); }) ==
        "[clip_grad_norm] max_norm must be above 0, not 0");
  CHECK_THROWS_AS(optim::clip_grad_norm(g, std::nan("")), ValueError);
  CHECK(error_of<ValueError>([&] { optim::clip_grad_value(g, -1); }) ==
        "[clip_grad_value] limit must be finite and at least 0, not -1");
}
