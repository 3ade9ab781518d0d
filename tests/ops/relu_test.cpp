#include "tenon/ops/relu.hpp"

#include <limits>

#include "activation_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("relu has right values and derivatives of every order", "[ops][relu]") {
  check_activation({"relu", relu<double>, relu<float>,
                    [](double x) { return x > 0 || x != x ? x : 0; },
                    [](double y) { return y > 0 ? 1.0 : 0.0; }});
}

TEST_CASE("relu's gradient is 0 at 0 and it keeps infinity", "[ops][relu]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Tape tape;
  const auto x = tape.watch(tensor<double>({-1, 0, -0.0, 2, infinity, -infinity}));
  const auto y = relu(x);
  CHECK(equal(y, tensor<double>({0, 0, 0, 2, infinity, 0})));
  CHECK(equal(tape.gradients(sum(y * 3))[x], tensor<double>({0, 0, 0, 3, 3, 0})));
}
