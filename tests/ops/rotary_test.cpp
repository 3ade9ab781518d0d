#include "tenon/ops/rotary.hpp"

#include <cmath>

#include "allocation_counter.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const RotaryOptions by_halves{.pairs = RotaryPairs::halves};

}  // namespace

TEST_CASE("rotary follows its formula", "[ops][rotary][tiny]") {
  const auto x = random_tensor({2, 3, 5, 4}, 1);
  for (const auto pairs : {RotaryPairs::interleaved, RotaryPairs::halves}) {
    for (const auto& view : layouts_of(x)) {
      const auto y = rotary(view, {.pairs = pairs, .base = 100, .offset = 7});
      auto expected = DoubleTensor::empty(x.shape());
      for_each_position(x.shape(), [&](const Shape& p) {
        const bool interleaved = pairs == RotaryPairs::interleaved;
        const Index i = interleaved ? p[3] / 2 : p[3] % 2;
        const bool is_first = interleaved ? p[3] % 2 == 0 : p[3] < 2;
        const Index gap = interleaved ? 1 : 2;
        const double t = static_cast<double>(7 + p[2]) / (i == 0 ? 1 : 10);  // 100^(-2i/4)
        const double other = x(p[0], p[1], p[2], is_first ? p[3] + gap : p[3] - gap);
        expected(p[0], p[1], p[2], p[3]) =
            x(p[0], p[1], p[2], p[3]) * std::cos(t) + (is_first ? -other : other) * std::sin(t);
      });
      CHECK(max_error(y, expected) <= 1e-14);
      CHECK(max_error(rotary(view.to<float>(), {.pairs = pairs, .base = 100, .offset = 7}),
                      expected) <= 5e-7);
    }
  }
}

TEST_CASE("products of rotated rows depend on their distance alone", "[ops][rotary]") {
  const auto q = random_tensor({1, 8}, 1), k = random_tensor({1, 8}, 2);
  for (const auto pairs : {RotaryPairs::interleaved, RotaryPairs::halves}) {
    const auto product = [&](Index at_q, Index at_k) {
      return sum(rotary(q, {.pairs = pairs, .offset = at_q}) *
                 rotary(k, {.pairs = pairs, .offset = at_k}))
          .item();
    };
    CHECK(product(3, 1) == Approx(product(102, 100)).epsilon(1e-12));
    CHECK(product(3, 1) != Approx(product(3, 2)).epsilon(1e-3));
    CHECK(product(9, 9) == Approx(sum(q * k).item()).epsilon(1e-12));
  }
}

TEST_CASE("the two pairings are one up to the order of features", "[ops][rotary]") {
  const auto x = random_tensor({5, 6}, 1);
  // (0, 3, 1, 4, 2, 5): pairs of halves put side by side.
  const auto woven = x.reshape({5, 2, 3}).transpose(1, 2).reshape({5, 6});
  const auto expected = rotary(woven).reshape({5, 3, 2}).transpose(1, 2).reshape({5, 6});
  CHECK(same_bits(rotary(x, by_halves), expected));
}

TEST_CASE("rotary row by row has the bits of all rows at once", "[ops][rotary]") {
  const auto x = random_tensor<float>({2, 70, 6}, 1);
  for (const auto pairs : {RotaryPairs::interleaved, RotaryPairs::halves}) {
    const auto all = rotary(x, {.pairs = pairs});
    for (Index l = 0; l < 70; ++l) {
      CHECK(
          same_bits(rotary(x.narrow(1, l, 1), {.pairs = pairs, .offset = l}), all.narrow(1, l, 1)));
    }
  }
}

TEST_CASE("rotary passes gradient checks of first and second order", "[ops][rotary][gradcheck]") {
  const auto x = random_tensor({2, 3, 4}, 1);
  using Inputs = std::vector<DoubleTensor>;
  for (const auto pairs : {RotaryPairs::interleaved, RotaryPairs::halves}) {
    check_gradients_in_all_layouts("rotary",
                                   [&](const Inputs& in) {
                                     const auto y =
                                         rotary(in[0], {.pairs = pairs, .base = 10, .offset = 3});
                                     return y * y * in[0];
                                   },
                                   {x});
  }
}

TEST_CASE("rotary of nothing, of NaN, at any number of threads, without allocations",
          "[ops][rotary]") {
  for (const Shape& shape : {Shape{0, 4}, Shape{3, 0}, Shape{0, 3, 4}, Shape{2, 0, 4}}) {
    Tape tape;
    const auto x = tape.watch(zeros(shape));
    const auto y = rotary(x);
    CHECK(y.shape() == shape);
    CHECK(tape.gradients(y, y)[x].shape() == shape);
  }
  const auto y = rotary(tensor({{NAN, 1, 2, 3}, {1, 2, INFINITY, 4}}));
  CHECK(std::isnan(y(0, 0)));
  CHECK(y(0, 2) == 2);
  CHECK_FALSE(std::isnan(y(1, 0)));
  CHECK(std::isinf(y(1, 2)));

  const auto large = random_tensor<float>({8, 40, 4, 32}, 2);
  CHECK(same_bits_for_all_threads([&] { return rotary(large.transpose(1, 2), by_halves); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto x = tape.watch(large);
    return tape.gradients(rotary(x), large)[x];
  }));

  if (!can_count_allocations()) return;
  const auto run = [&] {
    Tape tape;
    const auto x = tape.watch(large);
    return tape.gradients(rotary(x), large)[x];
  };
  for (int i = 0; i < 3; ++i) run();
  const AllocationCounter counter;
  run();
  CHECK(counter.count() == 0);
}

TEST_CASE("rotary says what is wrong", "[ops][rotary][errors]") {
  CHECK(error_of<ShapeError>([] { rotary(zeros({4})); }) ==
        "[rotary] x must have shape (..., L, D), a row of D features for each of L positions, not "
        "(4); hint: unsqueeze(0) makes a sequence of one row");
  CHECK(error_of<ShapeError>([] {
          rotary(zeros({2, 3, 5}));
        }) ==
        "[rotary] x must have an even number of features D, which are rotated in pairs, but has 5: "
        "its shape is (2, 3, 5); hint: the features of one head are the model's divided by the "
        "number of heads");
  CHECK(
      error_of<ValueError>([] {
        rotary(zeros({3, 4}), {.offset = -1});
      }) ==
      "[rotary] offset must be at least 0, not -1; hint: it is the position of the first row, the "
      "number of rows decoded before");
  CHECK(error_of<ValueError>([] {
          rotary(zeros({3, 4}), {.base = 0});
        }) == "[rotary] base must be finite and greater than 0, not 0; hint: 10000 is usual");
  CHECK_THROWS_AS(rotary(zeros({3, 4}), {.base = std::nan("")}), ValueError);
  CHECK_THROWS_AS(rotary(Tensor()), ValueError);
}
