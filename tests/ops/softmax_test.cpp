#include "tenon/ops/softmax.hpp"

#include <limits>

#include "autograd/context.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// log_softmax by its definition, in double.
template <class T>
DoubleTensor reference(const BasicTensor<T>& x, int axis) {
  auto y = x.template to<double>().contiguous().clone();
  for_each_position(x.shape(), [&](const Shape& p) {
    double largest = -std::numeric_limits<double>::infinity(), total = 0;
    Shape q = p;
    for (q[axis] = 0; q[axis] < x.shape()[axis]; ++q[axis]) {
      largest = std::max(largest, static_cast<double>(value_at(x, q)));
    }
    for (q[axis] = 0; q[axis] < x.shape()[axis]; ++q[axis]) {
      total += std::exp(static_cast<double>(value_at(x, q)) - largest);
    }
    Index offset = 0;
    for (int i = 0; i < p.rank(); ++i) offset += p[i] * y.strides()[i];
    y.data()[offset] = static_cast<double>(value_at(x, p)) - largest - std::log(total);
  });
  return y;
}

template <class T>
void check_against_reference(double tolerance) {
  for (const Shape& shape : {Shape{3, 4, 5}, Shape{6}, Shape{3, 1}, Shape{2, 67}, Shape{1, 1, 1},
                             Shape{2, 1, 3, 7}, Shape{33, 17}}) {
    const auto x = random_tensor<T>(shape, 1, -4, 4);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      INFO("shape " << to_string(shape) << " axis " << axis);
      const auto expected = reference(x, axis);
      for (const auto& layout : layouts_of(x)) {
        CHECK(max_error(log_softmax(layout, axis), expected) <= tolerance);
        CHECK(max_error(softmax(layout, axis), exp(expected)) <= tolerance);
        CHECK(same_bits(softmax(layout, axis - shape.rank()), softmax(layout, axis)));
      }
    }
  }
}

}  // namespace

TEST_CASE("softmax and log_softmax agree with their definitions along every axis",
          "[ops][softmax]") {
  check_against_reference<double>(1e-14);
  check_against_reference<float>(2e-6);
}

TEST_CASE("softmax and log_softmax pass gradient checks of first and second order",
          "[ops][softmax]") {
  for (Index axis : {0, 1, 2, -1}) {
    const auto x = random_tensor({3, 4, 2}, 2);
    check_gradients_in_all_layouts("softmax", [&](auto& in) { return softmax(in[0], axis); }, {x});
    check_gradients_in_all_layouts("log_softmax",
                                   [&](auto& in) { return log_softmax(in[0], axis); }, {x});
  }
}

TEST_CASE("softmax and log_softmax have third derivatives", "[ops][softmax]") {
  const auto x = random_tensor({2, 3}, 3, -1, 1);
  const auto inner = [](const std::vector<DoubleTensor>& in, auto f) {
    Tape tape;
    const auto leaf = tape.watch(in[0]);
    const auto y = f(leaf);
    return tape.gradients(sum(y * y * y))[leaf];
  };
  check_gradients(
      "softmax, third derivative",
      [&](auto& in) { return inner(in, [](const DoubleTensor& z) { return softmax(z, 1); }); },
      {x});
  check_gradients(
      "log_softmax, third derivative",
      [&](auto& in) { return inner(in, [](const DoubleTensor& z) { return log_softmax(z, 0); }); },
      {x});
}

TEST_CASE("Rows of softmax sum to 1 and a constant does not change them", "[ops][softmax]") {
  const auto x = random_tensor({5, 37}, 4, -10, 10);
  const auto y = softmax(x, 1);
  CHECK(max_error(sum(y, {1}), ones<double>({5})) <= 1e-14);
  CHECK(max_error(softmax(x + 1000, 1), y) <= 1e-12);
  CHECK(max_error(log_softmax(x - 1000, 1), log_softmax(x, 1)) <= 1e-12);
  CHECK(max_error(exp(log_softmax(x, 1)), y) <= 1e-14);
}

TEST_CASE("softmax of huge numbers stays finite", "[ops][softmax]") {
  const float huge = std::numeric_limits<float>::max();
  const auto x = tensor({{1e30, -1e30, 0}, {huge, huge, -huge}, {-1e30, -1e30, -1e30}});
  CHECK(allclose(softmax(x, 1), tensor({{1, 0, 0}, {0.5, 0.5, 0}, {1. / 3, 1. / 3, 1. / 3}})));
  const auto logs = log_softmax(tensor({{1e4, 1e4 - 1, -1e4}}), 1);
  CHECK(logs(0, 0) == Approx(-0.3132617));
  CHECK(logs(0, 2) == Approx(-20000.3132617));
  Tape tape;
  const auto leaf = tape.watch(tensor({{500, -500, 0}}));
  const auto dx = tape.gradients(sum(square(log_softmax(leaf, 1))))[leaf];
  for (float v : values_of(dx)) CHECK(std::isfinite(v));
}

TEST_CASE("softmax leaves out -infinity and passes NaN to its own row only", "[ops][softmax]") {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto y = softmax(tensor({{0, -inf, 0}, {0, nan, 0}, {-inf, -inf, -inf}, {1, 1, 1}}), 1);
  CHECK(equal(y[0], tensor({0.5, 0, 0.5})));
  for (Index c = 0; c < 3; ++c) {
    CHECK(std::isnan(y(1, c)));
    CHECK(std::isnan(y(2, c)));
    CHECK(y(3, c) == Approx(1. / 3));
  }
}

TEST_CASE("softmax of an empty tensor is empty", "[ops][softmax]") {
  for (const Shape& shape : {Shape{0, 3}, Shape{3, 0}, Shape{0}}) {
    Tape tape;
    const auto x = tape.watch(zeros(shape));
    CHECK(softmax(x, 0).shape() == shape);
    CHECK(log_softmax(x, -1).shape() == shape);
    CHECK(tape.gradients(sum(softmax(x, -1)))[x].shape() == shape);
    CHECK(tape.gradients(sum(log_softmax(x, 0)))[x].shape() == shape);
  }
}

TEST_CASE("softmax and its gradient have the same bits for every number of threads",
          "[ops][softmax]") {
  const auto x = random_tensor<float>({37, 129, 7}, 5);
  for (Index axis : {0, 1, 2}) {
    CHECK(same_bits_for_all_threads([&] { return softmax(x, axis); }));
    CHECK(same_bits_for_all_threads([&] { return log_softmax(x, axis); }));
    CHECK(same_bits_for_all_threads([&] {
      Tape tape;
      const auto leaf = tape.watch(x);
      return tape.gradients(sum(square(softmax(leaf, axis)) + log_softmax(leaf, axis)))[leaf];
    }));
  }
}

TEST_CASE("The tape's node of softmax carries its axis", "[ops][softmax]") {
  Tape tape;
  const auto x = tape.watch(zeros({2, 3, 4}));
  const auto y = softmax(x, -2);
  const detail::Node& node = *detail::tape_context().nodes.back();
  REQUIRE(node.attributes != nullptr);
  CHECK(std::string(node.attributes->names) == "axis");
  CHECK(node.attributes->values[0] == 1);
}

TEST_CASE("softmax refuses an axis that x does not have", "[ops][softmax]") {
  CHECK(error_of<IndexError>([] {
          softmax(zeros({2, 3}), 2);
        }) ==
        "[softmax] axis 2 is out of range for x of shape (2, 3); hint: -1 is the last axis, and a "
        "scalar has none");
  CHECK(error_of<IndexError>([] {
          log_softmax(zeros({2, 3}), -3);
        }) ==
        "[log_softmax] axis -3 is out of range for x of shape (2, 3); hint: -1 is the last axis, "
        "and a scalar has none");
  CHECK_THROWS_AS(softmax(tensor(1), 0), IndexError);
  CHECK_THROWS_AS(softmax(Tensor(), 0), ValueError);
}
