#include "catch.hpp"
#include "tenon/base/error.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;

TEST_CASE("logspace has equal ratios between its values", "[tensor][logspace]") {
  CHECK(allclose(logspace<double>(0, 3, 4), tensor<double>({1, 10, 100, 1000}), 1e-14));
  CHECK(allclose(logspace(-1, 1, 3, 2), tensor({0.5, 1, 2}), 1e-6));
  CHECK(logspace(0, 1, 0).shape() == Shape{0});
  CHECK_THROWS_AS(logspace(0, 1, -1), ValueError);
}

TEST_CASE("factories take the shape of another tensor", "[tensor][logspace]") {
  const Tensor x = zeros({2, 3});
  CHECK(equal(full_like(x, 4), full({2, 3}, 4)));
  CHECK(rand_like(x).shape() == x.shape());
  CHECK(randn_like(x).shape() == x.shape());
}
