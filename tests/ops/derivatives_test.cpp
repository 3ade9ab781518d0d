#include "tenon/ops/derivatives.hpp"

#include <cmath>

#include "ops_support.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/tanh.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::Contains;

namespace {

/// x^T A x / 2 + sum sin x, whose derivatives are known.
struct Known {
  DoubleTensor a = random_tensor({4, 4}, 1);
  DoubleTensor operator()(const DoubleTensor& x) const {
    return 0.5 * matmul(x, matmul(a, x)) + sum(sin(x));
  }
  DoubleTensor gradient(const DoubleTensor& x) const { return 0.5 * matmul(a + a.t(), x) + cos(x); }
  DoubleTensor hessian(const DoubleTensor& x) const {
    return 0.5 * (a + a.t()) - sin(x) * eye<double>(4);
  }
};

}  // namespace

TEST_CASE("Derivatives of a function whose derivatives are known", "[ops][derivatives][tiny]") {
  const Known f;
  const DoubleTensor x = random_tensor({4}, 2), v = random_tensor({4}, 3);
  CHECK(max_error(gradient(f, x), f.gradient(x)) < 1e-14);
  CHECK(max_error(hessian(f, x), f.hessian(x)) < 1e-14);
  CHECK(max_error(hvp(f, x, v), matmul(f.hessian(x), v)) < 1e-14);
}

TEST_CASE("Jacobians, and their products from both sides", "[ops][derivatives][tiny]") {
  const DoubleTensor w = random_tensor({2, 3}, 4), x = random_tensor({3, 5}, 5);
  const auto f = [&](const DoubleTensor& v) { return tanh(matmul(w, v)); };
  const DoubleTensor j = jacobian(f, x);
  REQUIRE(j.shape() == Shape{2, 5, 3, 5});
  const DoubleTensor y = f(x), slope = 1 - y * y;
  for (Index i = 0; i < 2; ++i) {
    for (Index c = 0; c < 5; ++c) {
      for (Index k = 0; k < 3; ++k) {
        for (Index d = 0; d < 5; ++d) {
          CHECK(j(i, c, k, d) == Approx(c == d ? slope(i, c) * w(i, k) : 0).margin(1e-15));
        }
      }
    }
  }
  const DoubleTensor dx = random_tensor({3, 5}, 6), dy = random_tensor({2, 5}, 7);
  const DoubleTensor matrix = j.reshape({10, 15});
  CHECK(max_error(jvp(f, x, dx).flatten(), matmul(matrix, dx.flatten())) < 1e-14);
  CHECK(max_error(vjp(f, x, dy).flatten(), matmul(dy.flatten(), matrix)) < 1e-14);
}

TEST_CASE("Derivatives of what does not depend on x, and of x itself, exist",
          "[ops][derivatives]") {
  const DoubleTensor x = random_tensor({3}, 8), c = random_tensor({2}, 9);
  const auto constant = [&](const DoubleTensor&) { return c; };
  const auto same = [](const DoubleTensor& v) { return v; };
  CHECK(equal(jacobian(constant, x), zeros<double>({2, 3})));
  CHECK(equal(jvp(constant, x, x), zeros<double>({2})));
  CHECK(equal(jacobian(same, x), eye<double>(3)));
  CHECK(equal(jvp(same, x, x), x));
  CHECK(equal(hessian([](const DoubleTensor& v) { return sum(v); }, x), zeros<double>({3, 3})));
  CHECK(jacobian(same, zeros<double>({0})).shape() == Shape{0, 0});
  CHECK(equal(gradient([](const DoubleTensor& v) { return v; }, tensor<double>(2)),
              ones<double>({})));
}

TEST_CASE("Under a tape they are differentiable by x and by what is captured",
          "[ops][derivatives]") {
  const DoubleTensor x = random_tensor({3}, 10), a = random_tensor({3, 3}, 11);
  const auto inner = [](const DoubleTensor& w) {
    return [w](const DoubleTensor& v) { return sum(tanh(matmul(w, v * v))); };
  };
  const std::vector<DoubleTensor> at{x, a};
  check_gradients(
      "gradient", [&](auto& in) { return gradient(inner(in[1]), in[0]); }, at);
  check_gradients(
      "hvp", [&](auto& in) { return hvp(inner(in[1]), in[0], x); }, at);
  check_first_gradients(
      "hessian", [&](auto& in) { return hessian(inner(in[1]), in[0]); }, at);
  check_first_gradients(
      "jvp",
      [&](auto& in) {
        return jvp([&](const DoubleTensor& v) { return tanh(matmul(in[1], v)); }, in[0], x);
      },
      at);
}

TEST_CASE("Third derivatives, by three of them inside each other", "[ops][derivatives]") {
  const auto f = [](const DoubleTensor& x) { return sin(x) * x; };
  const auto first = [&](const DoubleTensor& x) { return gradient(f, x); };
  const auto second = [&](const DoubleTensor& x) { return gradient(first, x); };
  const double x = 0.7;
  CHECK(gradient(second, tensor<double>(x)).item() ==
        Approx(-3 * std::sin(x) - x * std::cos(x)).epsilon(1e-13));
}

TEST_CASE("Derivatives work in float and leave no tape behind", "[ops][derivatives]") {
  nn::Linear net(3, 2);
  const Tensor x = random_tensor<float>({4, 3}, 12);
  CHECK(jacobian([&](const Tensor& v) { return net(v); }, x).shape() == Shape{4, 2, 4, 3});
  CHECK_FALSE(Tape::is_recording());
  Tape tape;
  CHECK(tape.size() == 0);
}

TEST_CASE("Derivatives refuse vectors and functions of another shape", "[ops][derivatives]") {
  const DoubleTensor x = ones<double>({3}), v = ones<double>({2});
  const auto f = [](const DoubleTensor& a) { return a * a; };
  const auto message = [](const auto& call) { return error_of<ShapeError>(call); };
  CHECK_THAT(message([&] { vjp(f, x, v); }),
             Contains("[vjp] the vector must have the shape of f(x), (3), but has (2); hint:"));
  CHECK_THAT(message([&] { jvp(f, x, v); }),
             Contains("[jvp] the vector must have the shape of x, (3), but has (2)"));
  CHECK_THAT(message([&] { hvp(f, x, v); }), Contains("[hvp] the vector must have the shape of x"));
  CHECK_THAT(message([&] { gradient(f, x); }),
             Contains("[gradient] f(x) must have one element but has shape (3); hint: jacobian()"));
  CHECK_THAT(message([&] { hessian(f, x); }), Contains("[gradient] f(x) must have one element"));
}
