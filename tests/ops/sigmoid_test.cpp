#include "tenon/ops/sigmoid.hpp"

#include "activation_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("sigmoid has right values and derivatives of every order", "[ops][sigmoid]") {
  check_activation({"sigmoid", sigmoid<double>, sigmoid<float>,
                    [](double x) { return 1 / (1 + std::exp(-x)); },
                    [](double y) { return y * (1 - y); }});
}

TEST_CASE("sigmoid saturates without NaN and keeps small values", "[ops][sigmoid]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({-1000, 1000, -50}));
  const auto y = sigmoid(x);
  CHECK(y(0) == 0);
  CHECK(y(1) == 1);
  CHECK(y(2) == Approx(std::exp(-50.0)).epsilon(1e-12));
  const auto g = tape.gradients(sum(y))[x];
  CHECK(g(0) == 0);
  CHECK(g(1) == 0);
  CHECK(g(2) == Approx(std::exp(-50.0)).epsilon(1e-12));
}
