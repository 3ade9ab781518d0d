#include "tenon/ops/scan.hpp"

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("cumsum and cumprod run along any axis", "[ops][scan]") {
  const Tensor x = random_tensor<float>({3, 5, 2}, 1);
  DoubleTensor sums = x.to<double>(), products = x.to<double>();
  for_each_position(x.shape(), [&](const Shape& p) {
    if (p[1] == 0) return;
    sums(p[0], p[1], p[2]) += sums(p[0], p[1] - 1, p[2]);
    products(p[0], p[1], p[2]) *= products(p[0], p[1] - 1, p[2]);
  });
  for (const auto& layout : layouts_of(x)) {
    CHECK(same_bits(cumsum(layout, 1), sums.to<float>()));
    CHECK(same_bits(cumprod(layout, -2), products.to<float>()));
  }
  const LongTensor n = tensor<std::int64_t>({2, -3, 4});
  CHECK(equal(cumsum(n, 0), tensor<std::int64_t>({2, -1, 3})));
  CHECK(equal(cumprod(n, 0), tensor<std::int64_t>({2, -6, -24})));
  CHECK(cumsum(ones({2, 0}), 1).shape() == Shape{2, 0});
  CHECK(cumprod(ones({0, 2}), 1).shape() == Shape{0, 2});
  const Tensor y = cumsum(tensor({1.F, std::nanf(""), 2.F}), 0);
  CHECK(y(0) == 1);
  CHECK(std::isnan(y(2)));
}

TEST_CASE("scans pass gradient checks of first and second order, zeros too", "[ops][scan]") {
  DoubleTensor x = random_tensor({2, 4, 2}, 1);
  x(0, 1, 0) = x(1, 0, 1) = x(1, 2, 1) = 0;
  check_gradients_in_all_layouts("cumsum", [](auto& in) { return square(cumsum(in[0], 1)); }, {x});
  check_gradients_in_all_layouts("cumprod", [](auto& in) { return square(cumprod(in[0], 1)); },
                                 {x});
  check_gradients("cumprod, third derivative",
                  [](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto leaf = tape.watch(in[0]);
                    const auto y = cumprod(leaf, 1);
                    return tape.gradients(sum(y * y))[leaf];
                  },
                  {x});
  Tape tape;
  const auto leaf = tape.watch(ones({2, 0}));
  CHECK(tape.gradients(sum(cumprod(leaf, 1)))[leaf].shape() == Shape{2, 0});
}

TEST_CASE("scans have the same bits for every number of threads", "[ops][scan]") {
  const Tensor x = random_tensor<float>({50, 700, 3}, 1);
  CHECK(same_bits_for_all_threads([&] { return cumsum(x, 1); }));
  CHECK(same_bits_for_all_threads([&] { return cumprod(x, 0); }));
}

TEST_CASE("scans refuse an axis that is not there", "[ops][scan][errors]") {
  CHECK_THROWS_AS(cumsum(ones({2}), 1), IndexError);
  CHECK_THROWS_AS(cumprod(tensor(1), 0), IndexError);
  CHECK_THROWS_AS(cumsum(Tensor(), 0), ValueError);
}
