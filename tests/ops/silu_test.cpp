#include "tenon/ops/silu.hpp"

#include "activation_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("silu has right values and derivatives of every order", "[ops][silu]") {
  check_activation({"silu", silu<double>, silu<float>,
                    [](double x) { return x / (1 + std::exp(-x)); },
                    [](double) {
                      const double s = 1 / (1 + std::exp(-0.5));
                      return s + 0.5 * s * (1 - s);
                    }});
}

TEST_CASE("silu of huge numbers is 0 or x, with gradients 0 and 1", "[ops][silu]") {
  Tape tape;
  const auto x = tape.watch(tensor<float>({-INFINITY, -1e38, -1000, 1000, 1e38, INFINITY}));
  const auto y = silu(x);
  CHECK(equal(y, tensor<float>({0, 0, 0, 1000, 1e38, INFINITY})));
  CHECK(equal(tape.gradients(y, ones({6}))[x], tensor<float>({0, 0, 0, 1, 1, 1})));
}
