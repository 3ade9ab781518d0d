#include "tenon/ops/one_hot.hpp"

#include "ops_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("one_hot puts a 1 where the label points", "[ops][one_hot]") {
  const auto labels = tensor<std::int64_t>({{2, 0}, {1, 1}});
  const auto expected = tensor({{{0, 0, 1}, {1, 0, 0}}, {{0, 1, 0}, {0, 1, 0}}});
  for (const auto& layout : layouts_of(labels)) CHECK(equal(one_hot(layout, 3), expected));
  CHECK(equal(one_hot<double>(tensor<std::int64_t>(1), 2), tensor<double>({0, 1})));
}

TEST_CASE("one_hot of no labels is empty", "[ops][one_hot]") {
  CHECK(one_hot(LongTensor::empty({0}), 4).shape() == Shape{0, 4});
  CHECK(one_hot(LongTensor::empty({3, 0}), 0).shape() == Shape{3, 0, 0});
}

TEST_CASE("one_hot names the label that is out of range", "[ops][one_hot]") {
  const std::string hint = "; hint: labels count from 0, so classes is the largest one plus 1";
  CHECK(error_of<ValueError>([] {
          one_hot(tensor<std::int64_t>({{0, 1}, {2, 3}}), 3);
        }) == "[one_hot] labels(1, 1) is 3 but must be in [0, 3)" + hint);
  CHECK(error_of<ValueError>([] { one_hot(tensor<std::int64_t>({-1}), 3); }) ==
        "[one_hot] labels(0) is -1 but must be in [0, 3)" + hint);
  CHECK(error_of<ValueError>([] { one_hot(tensor<std::int64_t>({0}), -2); }) ==
        "[one_hot] classes must not be negative but is -2; hint: it is the largest label plus 1");
  CHECK_THROWS_AS(one_hot(LongTensor(), 3), ValueError);
}
