#include "tenon/ops/logic.hpp"

#include "ops_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("isnan, isinf and isfinite tell numbers from others", "[ops][logic]") {
  const float infinite = std::numeric_limits<float>::infinity();
  const Tensor x = tensor({{1.F, std::nanf("")}, {-infinite, infinite}});
  for (const auto& layout : layouts_of(x)) {
    CHECK(equal(isnan(layout), tensor<bool>({{0, 1}, {0, 0}})));
    CHECK(equal(isinf(layout), tensor<bool>({{0, 0}, {1, 1}})));
    CHECK(equal(isfinite(layout), tensor<bool>({{1, 0}, {0, 0}})));
  }
  Tape tape;
  const auto leaf = tape.watch(x);
  const Index before = static_cast<Index>(tape.size());
  isfinite(leaf);
  isinf(leaf);
  CHECK(static_cast<Index>(tape.size()) == before);
}

TEST_CASE("logical operations have their truth tables and broadcast", "[ops][logic]") {
  const BoolTensor a = tensor<bool>({{0}, {1}}), b = tensor<bool>({0, 1});
  CHECK(equal(logical_not(b), tensor<bool>({1, 0})));
  CHECK(equal(logical_and(a, b), tensor<bool>({{0, 0}, {0, 1}})));
  CHECK(equal(logical_or(a, b), tensor<bool>({{0, 1}, {1, 1}})));
  CHECK(equal(logical_xor(a, b), tensor<bool>({{0, 1}, {1, 0}})));
}

TEST_CASE("any_true and all_true over everything and along an axis", "[ops][logic]") {
  const BoolTensor mask = tensor<bool>({{1, 0, 1}, {0, 0, 1}});
  for (const auto& layout : layouts_of(mask)) {
    CHECK(any_true(layout));
    CHECK_FALSE(all_true(layout));
    CHECK(equal(any_true(layout, 0), tensor<bool>({1, 0, 1})));
    CHECK(equal(all_true(layout, 0), tensor<bool>({0, 0, 1})));
    CHECK(equal(any_true(layout, -1, true), tensor<bool>({{1}, {1}})));
    CHECK(equal(all_true(layout, 1), tensor<bool>({0, 0})));
  }
  const BoolTensor none = BoolTensor::empty({2, 0});
  CHECK_FALSE(any_true(none));
  CHECK(all_true(none));
  CHECK(equal(all_true(none, 1), tensor<bool>({1, 1})));
  CHECK(equal(any_true(none, 1), tensor<bool>({0, 0})));
  CHECK(any_true(none, 0).shape() == Shape{0});
  CHECK_THROWS_AS(any_true(mask, 2), IndexError);
  CHECK_THROWS_AS(all_true(BoolTensor()), ValueError);
}
