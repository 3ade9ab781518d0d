#include "tenon/ops/tanh.hpp"

#include "activation_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("tanh has right values and derivatives of every order", "[ops][tanh]") {
  check_activation({"tanh", tanh<double>, tanh<float>, [](double x) { return std::tanh(x); },
                    [](double y) { return 1 - y * y; }});
}

TEST_CASE("tanh saturates without NaN", "[ops][tanh]") {
  Tape tape;
  const auto x = tape.watch(tensor({-1000, -50, 50, 1000}));
  const auto y = tanh(x);
  CHECK(equal(y, tensor({-1, -1, 1, 1})));
  CHECK(equal(tape.gradients(sum(y))[x], tensor({0, 0, 0, 0})));
}
