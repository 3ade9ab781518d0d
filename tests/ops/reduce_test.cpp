#include "tenon/ops/reduce.hpp"

#include <cmath>
#include <limits>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

struct Case {
  Shape shape, dims;
};

const Case cases[] = {{{}, {}},
                      {{1}, {0}},
                      {{7}, {0}},
                      {{7}, {-1}},
                      {{3, 5}, {}},
                      {{3, 5}, {0}},
                      {{3, 5}, {1}},
                      {{3, 5}, {1, 0}},
                      {{2, 3, 4}, {1}},
                      {{2, 3, 4}, {0, 2}},
                      {{2, 3, 4}, {-1, 1}},
                      {{2, 3, 4, 5}, {0, 3}},
                      {{2, 3, 4, 5}, {2, 1}},
                      {{4, 1, 3}, {1}},
                      {{0}, {0}},
                      {{3, 0, 2}, {1}},
                      {{3, 0, 2}, {0}},
                      {{3, 0, 2}, {}},
                      {{67, 129}, {0}},
                      {{67, 129}, {1}},
                      {{2, 1, 3, 1, 2, 1, 2, 2}, {0, 2, 4, 7}},
                      {{2, 1, 3, 1, 2, 1, 2, 2}, {1, 3, 6}}};

bool is_reduced(const Shape& shape, const Shape& dims, int axis) {
  if (dims.empty()) return true;
  for (const Index d : dims) {
    if (shape.axis(d) == axis) return true;
  }
  return false;
}

Shape expected_shape(const Shape& shape, const Shape& dims, bool keepdim) {
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!is_reduced(shape, dims, i)) {
      result.push_back(shape[i]);
    } else if (keepdim) {
      result.push_back(1);
    }
  }
  return result;
}

DoubleTensor plain_sum(const DoubleTensor& x, const Shape& dims) {
  auto y = zeros<double>(expected_shape(x.shape(), dims, true));
  for_each_position(x.shape(), [&](const Shape& p) {
    Index offset = 0;
    for (int i = 0; i < x.rank(); ++i) {
      if (!is_reduced(x.shape(), dims, i)) offset += p[i] * y.strides()[i];
    }
    y.data()[offset] += value_at(x, p);
  });
  return y;
}

}  // namespace

TEST_CASE("sum and mean agree with plain loops for all axes and layouts", "[ops][reduce]") {
  for (const auto& [shape, dims] : cases) {
    for (const auto& x : layouts_of(random_tensor(shape, 1))) {
      INFO("shape " << to_string(shape) << ", axes " << to_string(dims));
      const auto expected = plain_sum(x, dims);
      Index count = 1;
      for (int i = 0; i < shape.rank(); ++i) count *= is_reduced(shape, dims, i) ? shape[i] : 1;
      for (const bool keepdim : {false, true}) {
        const auto y = sum(x, dims, keepdim), z = mean(x, dims, keepdim);
        REQUIRE(y.shape() == expected_shape(shape, dims, keepdim));
        REQUIRE(z.shape() == y.shape());
        CHECK(max_error(y, expected.reshape(y.shape())) <= 1e-13);
        CHECK(max_error(z, expected.reshape(y.shape()) / count) <= 1e-14);
      }
    }
  }
}

TEST_CASE("Without axes all elements are reduced", "[ops][reduce]") {
  const auto x = tensor<double>({{1, 2}, {3, 6}});
  CHECK(sum(x).shape() == Shape{});
  CHECK(sum(x).item() == 12);
  CHECK(mean(x).item() == 3);
  CHECK(equal(sum(x, {}), sum(x)));
  CHECK(equal(mean(x, {}, true), tensor<double>({{3}})));
  CHECK(max(x).item() == 6);
  CHECK(argmax(x).item() == 3);
  CHECK(sum(zeros({0, 3})).item() == 0);
  CHECK(std::isnan(mean(zeros({0, 3})).item()));
}

TEST_CASE("An axis may be a number, a list, negative, of any integer type", "[ops][reduce]") {
  const auto x = tensor({{1, 2, 3}, {4, 5, 6}});
  const std::size_t axis = 1;
  CHECK(equal(sum(x, 0), tensor({5, 7, 9})));
  CHECK(equal(sum(x, {0}), tensor({5, 7, 9})));
  CHECK(equal(sum(x, axis), tensor({6, 15})));
  CHECK(equal(sum(x, -1, true), tensor({{6}, {15}})));
  CHECK(equal(sum(x, {0, axis}), tensor(21)));
  CHECK(equal(mean(x, 1), tensor({2, 5})));
  CHECK(equal(mean(x, {-2}, true), tensor({{2.5, 3.5, 4.5}})));
  CHECK(equal(max(x, axis).values, tensor({3, 6})));
}

TEST_CASE("Long sums in float are as exact as pairwise sums", "[ops][reduce]") {
  const auto x = full<float>({1 << 22}, 0.1f);
  CHECK(sum(x).item() == Approx(double(0.1f) * (1 << 22)).epsilon(1e-6));
  CHECK(mean(x).item() == Approx(double(0.1f)).epsilon(1e-6));
}

TEST_CASE("max and argmax agree with plain loops along every axis", "[ops][reduce]") {
  for (const Shape& shape : {Shape{1}, Shape{9}, Shape{4, 5}, Shape{3, 1, 4}, Shape{2, 3, 4, 5},
                             Shape{0, 3}, Shape{2, 1, 3, 1, 2, 1, 2, 2}, Shape{70, 65}}) {
    // Few different values, so that there are ties: the first one wins.
    const auto values = random_integers(shape, 2, -3, 4).to<double>();
    for (const auto& x : layouts_of(values)) {
      for (int axis = 0; axis < shape.rank(); ++axis) {
        if (shape[axis] == 0) continue;
        const auto [largest, position] = max(x, axis, true);
        REQUIRE(largest.shape() == expected_shape(shape, {axis}, true));
        REQUIRE(max(x, axis).indices.shape() == expected_shape(shape, {axis}, false));
        CHECK(equal(argmax(x, axis - shape.rank(), true), position));
        bool right = true;
        for_each_position(largest.shape(), [&, &m = largest, &at = position](const Shape& p) {
          Shape q = p;
          Index best = 0;
          for (Index i = 1; i < shape[axis]; ++i) {
            q[axis] = i;
            const double v = value_at(x, q);
            q[axis] = best;
            if (v > value_at(x, q)) best = i;
          }
          q[axis] = best;
          right &= value_at(at, p) == best && value_at(m, p) == value_at(x, q);
        });
        INFO("shape " << to_string(shape) << ", axis " << axis);
        CHECK(right);
      }
      if (shape.numel() == 0) continue;
      const auto all_values = values_of(x);
      const auto first = std::max_element(all_values.begin(), all_values.end());
      CHECK(max(x).item() == *first);
      CHECK(argmax(x).item() == first - all_values.begin());
    }
  }
}

TEST_CASE("max of a scalar is the scalar", "[ops][reduce]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>(5));
  CHECK(max(x).item() == 5);
  CHECK(argmax(x).item() == 0);
  CHECK(tape.gradients(max(x))[x].item() == 1);
}

TEST_CASE("NaN wins every maximum and makes every sum NaN", "[ops][reduce]") {
  const double quiet_nan = std::numeric_limits<double>::quiet_NaN();
  const auto x = tensor<double>({{1, quiet_nan, 3}, {4, 5, 6}, {quiet_nan, quiet_nan, 0}});
  const auto [values, indices] = max(x, 1);
  CHECK(std::isnan(values(0)));
  CHECK(values(1) == 6);
  CHECK(indices(0) == 1);
  CHECK(indices(1) == 2);
  CHECK(indices(2) == 0);
  CHECK(std::isnan(max(x).item()));
  CHECK(argmax(x).item() == 1);
  CHECK(std::isnan(sum(x).item()));
  CHECK(std::isnan(sum(x, 1)(0)));
  CHECK(sum(x, 1)(1) == 15);
  CHECK(max(tensor<double>({-std::numeric_limits<double>::infinity()})).item() < 0);
}

TEST_CASE("Gradients of reductions pass gradcheck", "[ops][reduce]") {
  for (const auto& [shape, dims] : cases) {
    if (shape.numel() > 200) continue;
    const auto x = random_tensor(shape, 3);
    for (const bool keepdim : {false, true}) {
      const auto s = [&, &axes = dims](const Inputs& in) { return sum(in[0], axes, keepdim); };
      const auto m = [&, &axes = dims](const Inputs& in) { return mean(in[0], axes, keepdim); };
      const auto s2 = [&](const Inputs& in) { return s({square(in[0])}) * s(in); };
      check_gradients("sum", s, {x});
      check_gradients("sum", s2, {x});
      if (shape.numel() == 0) continue;
      const auto m2 = [&](const Inputs& in) { return m({square(in[0])}) * m(in); };
      check_gradients("mean", m, {x});
      check_gradients("mean", m2, {x});
    }
  }
  const auto whole = [](const Inputs& in) { return sum(square(in[0])) * mean(in[0]); };
  check_gradients_in_all_layouts("sum", whole, {random_tensor({3, 4}, 4)});
}

TEST_CASE("Gradients of max pass gradcheck", "[ops][reduce]") {
  for (const Shape& shape : {Shape{1}, Shape{6}, Shape{3, 4}, Shape{2, 3, 4}, Shape{2, 1, 2, 2}}) {
    const auto x = distinct_tensor(shape, 5);
    const auto all_of = [](const Inputs& in) { return max(in[0] * in[0] * in[0]); };
    check_gradients_in_all_layouts("max", all_of, {x});
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const auto f = [&](const Inputs& in) { return max(in[0], axis, axis % 2 == 0).values; };
      const auto cubed = [&](const Inputs& in) { return f({in[0] * in[0] * in[0]}) * f(in); };
      check_gradients_in_all_layouts("max", f, {x});
      check_gradients_in_all_layouts("max", cubed, {x});
    }
  }
}

TEST_CASE("The first of equal largest elements gets the gradient", "[ops][reduce]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({{1, 3, 3}, {2, 2, 2}}));
  CHECK(equal(tape.gradients(sum(max(x, 1).values))[x], tensor<double>({{0, 1, 0}, {1, 0, 0}})));
  CHECK(equal(tape.gradients(max(x))[x], tensor<double>({{0, 1, 0}, {0, 0, 0}})));
  CHECK(equal(tape.gradients(max(x))[x], tensor<double>({{0, 1, 0}, {0, 0, 0}})));
}

TEST_CASE("The gradient of a sum reaches a leaf through views of it", "[ops][reduce]") {
  const auto leaf = random_tensor({3, 4}, 6);
  leaf.impl()->is_leaf = true;
  const auto view = leaf.t().slice(0, Slice{1, 4, 2});
  Tape tape;
  const auto g = tape.gradients(sum(square(sum(view, 0))))[leaf];
  for_each_position(leaf.shape(), [&](const Shape& p) {
    const double expected = p[1] % 2 == 1 ? 2 * (leaf(p[0], 1) + leaf(p[0], 3)) : 0;
    CHECK(value_at(g, p) == Approx(expected));
  });
}

TEST_CASE("sum_to undoes a broadcast", "[ops][reduce]") {
  const auto x = random_tensor({2, 3, 4}, 7);
  CHECK(detail::sum_to(x, {2, 3, 4}).is_same(x));
  for (const Shape& shape :
       {Shape{4}, Shape{}, Shape{3, 1}, Shape{2, 1, 4}, Shape{1, 1, 1}, Shape{1, 3, 4}, Shape{1}}) {
    const auto y = detail::sum_to(x, shape);
    CHECK(y.shape() == shape);
    Shape dims;
    for (int i = 0; i < 3; ++i) {
      const int axis = i - (3 - shape.rank());
      if (axis < 0 || shape[axis] == 1) dims.push_back(i);
    }
    CHECK(max_error(y, plain_sum(x, dims).reshape(shape)) <= 1e-14);
    const auto f = [&](const Inputs& in) { return detail::sum_to(square(in[0]), shape); };
    check_gradients("sum_to", f, {x});
  }
  CHECK(equal(detail::sum_to(zeros({0, 3}), {1, 3}), zeros({1, 3})));
  CHECK(detail::sum_to(zeros({0, 3}), {0, 1}).shape() == Shape{0, 1});
}

TEST_CASE("Reductions say what is wrong with their arguments", "[ops][reduce]") {
  const Tensor x = zeros({2, 3});
  CHECK(error_of<ValueError>([&] {
          sum(x, {0, 1, -2});
        }) ==
        "[sum] axis 0 appears twice in the axes (0, 1, -2) of shape (2, 3); hint: name every axis "
        "once");
  CHECK_THAT(error_of<ValueError>([&] { mean(x, {1, 1}); }), ContainsSubstring("[mean] axis 1"));
  CHECK_THAT(error_of<IndexError>([&] { sum(x, 2); }),
             ContainsSubstring("axis 2 is out of range for a tensor of 2 dimensions"));
  CHECK_THAT(error_of<IndexError>([&] { max(x, -3); }), ContainsSubstring("axis -3"));
  CHECK_THAT(error_of<IndexError>([&] { argmax(tensor(1), 0); }), ContainsSubstring("a scalar"));
  CHECK(error_of<ShapeError>([] {
          max(zeros({0, 3}));
        }) ==
        "[max] there is no largest of no elements: x has shape (0, 3); hint: check with numel() "
        "before, or reduce another axis");
  CHECK_THAT(error_of<ShapeError>([] { max(zeros({0, 3}), 0); }), ContainsSubstring("[max] "));
  CHECK_THAT(error_of<ShapeError>([] { argmax(zeros({0})); }), ContainsSubstring("[argmax] "));
  CHECK(max(zeros({0, 3}), 1).values.shape() == Shape{0});
  CHECK_THAT(error_of<ValueError>([] { sum(Tensor()); }), ContainsSubstring("[sum] the tensor is"));
  CHECK_THAT(error_of<ValueError>([] { sum(Tensor(), 0); }), ContainsSubstring("[sum] the tensor"));
  CHECK_THAT(error_of<ValueError>([] { mean(Tensor()); }), ContainsSubstring("[mean] the tensor"));
  CHECK_THAT(error_of<ValueError>([] { max(Tensor()); }), ContainsSubstring("[max] the tensor is"));
  CHECK_THAT(error_of<ValueError>([] { max(Tensor(), 0); }), ContainsSubstring("[max] the tensor"));
  CHECK_THAT(error_of<ValueError>([] { argmax(Tensor(), 0); }), ContainsSubstring("[argmax] the"));
}

TEST_CASE("Reductions have the same bits at any number of threads", "[ops][reduce]") {
  for (const Shape& shape : {Shape{1 << 20}, Shape{3, 300000}, Shape{300000, 3}, Shape{700, 900}}) {
    const auto x = random_tensor<float>(shape, 8);
    INFO(to_string(shape));
    CHECK(same_bits_for_all_threads([&] { return sum(x); }));
    CHECK(same_bits_for_all_threads([&] { return mean(x, 0); }));
    CHECK(same_bits_for_all_threads([&] { return sum(x, -1); }));
    CHECK(same_bits_for_all_threads([&] { return max(x, 0).values; }));
    CHECK(same_bits_for_all_threads([&] { return argmax(x, -1); }));
    CHECK(same_bits_for_all_threads([&] {
      Tape tape;
      const auto leaf = tape.watch(x);
      return tape.gradients(sum(square(max(leaf, 0).values)) + mean(leaf))[leaf];
    }));
  }
}
