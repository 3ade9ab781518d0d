#pragma once

// One set of facts that holds for every activation; relu_test, tanh_test and sigmoid_test state
// what is particular to each.

#include <cmath>
#include <string>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"

namespace tenon::test {

struct Activation {
  const char* name;
  DoubleTensor (*op)(const DoubleTensor&);
  Tensor (*op32)(const Tensor&);
  double (*plain)(double);
  double (*slope)(double y);  // dy/dx as a function of y
};

template <class T, class Plain>
void check_activation_values(const BasicTensor<T>& x, const BasicTensor<T>& y, Plain plain,
                             double tolerance) {
  REQUIRE(y.shape() == x.shape());
  auto expected = DoubleTensor::empty(x.shape());
  Index i = 0;
  for_each_position(x.shape(), [&](const Shape& p) {
    expected.data()[i++] = plain(static_cast<double>(value_at(x, p)));
  });
  CHECK(max_error(y, expected) <= tolerance);
}

inline void check_activation(const Activation& activation) {
  const std::string name = activation.name;
  INFO(name);
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{0, 4}, Shape{9}, Shape{5, 7}, Shape{2, 3, 4},
                             Shape{2, 1, 2, 1, 2, 1, 2, 3}, Shape{45, 37}}) {
    for (const auto& x : layouts_of(random_tensor(shape, 1, -4, 4))) {
      check_activation_values(x, activation.op(x), activation.plain, 1e-14);
    }
    const auto x = random_tensor<float>(shape, 2, -4, 4);
    check_activation_values(x, activation.op32(x), activation.plain, 4e-7);
  }
  const auto expanded = random_tensor({3, 1}, 3).expand({3, 4});
  check_activation_values(expanded, activation.op(expanded), activation.plain, 1e-14);

  for (const Shape& shape : {Shape{}, Shape{3, 2}, Shape{2, 1, 4}}) {
    using Inputs = std::vector<DoubleTensor>;
    const auto x = distinct_tensor(shape, 4);
    const auto f = [&](const Inputs& in) { return activation.op(in[0]); };
    const auto product = [&](const Inputs& in) { return activation.op(in[0] * in[0]) * in[0]; };
    const auto squared = [&](const Inputs& in) {
      return activation.op(in[0]) * activation.op(in[0]);
    };
    check_gradients_in_all_layouts(name, f, {x});
    check_gradients_in_all_layouts(name, product, {x});
    check_gradients_in_all_layouts(name, squared, {x});
  }

  // Third derivatives come from the rules of rules.
  {
    Tape outer;
    const auto x = outer.watch(distinct_tensor({5}, 5));
    DoubleTensor d2;
    {
      Tape middle;
      DoubleTensor d1;
      {
        Tape inner;
        d1 = inner.gradients(sum(activation.op(x) * x * x))[x];
      }
      d2 = middle.gradients(sum(d1))[x];
    }
    const auto d3 = outer.gradients(sum(d2))[x];
    const double h = 1e-3;
    for (Index i = 0; i < 5; ++i) {
      const auto f = [&](double v) { return activation.plain(v) * v * v; };
      const double v = x(i);
      const double numeric =
          (f(v + 2 * h) - 2 * f(v + h) + 2 * f(v - h) - f(v - 2 * h)) / (2 * h * h * h);
      CHECK(d3(i) == Approx(numeric).margin(1e-4));
    }
  }

  // NaN stays where it is.
  auto values = full<double>({4}, 0.5);
  values(1) = std::nan("");
  Tape tape;
  const auto x = tape.watch(values);
  const auto y = activation.op(x);
  for (Index i = 0; i < 4; ++i) CHECK(std::isnan(y(i)) == (i == 1));
  const auto g = tape.gradients(sum(y))[x];
  CHECK(g(0) == Approx(activation.slope(y(0))));
  CHECK_FALSE(std::isnan(g(2)));
  const auto again = tape.gradients(sum(y))[x];
  CHECK(same_bits(g, again));

  const auto large = random_tensor<float>({513, 700}, 6, -4, 4);
  CHECK(same_bits_for_all_threads([&] { return activation.op32(large.t()); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape own;
    const auto leaf = own.watch(large);
    return own.gradients(activation.op32(leaf), large)[leaf];
  }));

  CHECK_THAT(error_of<ValueError>([&] { activation.op({}); }),
             Catch::Matchers::ContainsSubstring("[" + name + "] the tensor is undefined"));
}

}  // namespace tenon::test
