#include "tenon/ops/min.hpp"

#include "ops_support.hpp"
#include "tenon/ops/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("min and argmin find the first of the smallest", "[ops][min]") {
  const Tensor x = tensor({{3, 1, 1}, {-2, 5, -2}});
  for (const auto& layout : layouts_of(x)) {
    CHECK(min(layout).item() == -2);
    CHECK(argmin(layout).item() == 3);
    CHECK(equal(min(layout, 1).values, tensor({1, -2})));
    CHECK(equal(min(layout, -1, true).indices, tensor<std::int64_t>({{1}, {0}})));
    CHECK(equal(argmin(layout, 0), tensor<std::int64_t>({1, 0, 1})));
  }
  const Tensor with_nan = tensor({2.F, std::nanf(""), 1.F});
  CHECK(std::isnan(min(with_nan).item()));
  CHECK(argmin(with_nan).item() == 1);
  CHECK_THROWS_AS(min(ones({0})), ShapeError);
  CHECK_THROWS_AS(argmin(ones({2}), 1), IndexError);
}

TEST_CASE("min passes gradient checks of first and second order", "[ops][min]") {
  check_gradients_in_all_layouts("min", [](auto& in) { return square(min(in[0], 1).values); },
                                 {distinct_tensor({3, 4}, 1)});
}
