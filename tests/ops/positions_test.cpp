#include "tenon/ops/positions.hpp"

#include <cmath>

#include "ops_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("sinusoidal_positions follows its formula", "[ops][positions]") {
  for (const Index offset : {0, 3, 100}) {
    const auto y = sinusoidal_positions<double>(7, 6, offset);
    REQUIRE(y.shape() == Shape{7, 6});
    for (Index l = 0; l < 7; ++l) {
      for (Index e = 0; e < 6; ++e) {
        const double angle =
            static_cast<double>(offset + l) / std::pow(10000, static_cast<double>(e / 2 * 2) / 6);
        CHECK(y(l, e) == Approx(e % 2 == 0 ? std::sin(angle) : std::cos(angle)).margin(1e-14));
      }
    }
    CHECK(equal(sinusoidal_positions(7, 6, offset), y.to<float>()));
    CHECK(same_bits(y, sinusoidal_positions<double>(110, 6).narrow(0, offset, 7)));
  }
  CHECK(sinusoidal_positions(0, 2).shape() == Shape{0, 2});
  CHECK(same_bits_for_all_threads([] { return sinusoidal_positions(50, 64); }));
}

TEST_CASE("alibi_slopes are those of the paper", "[ops][positions]") {
  CHECK(equal(alibi_slopes(8), tensor<float>({1.0 / 2, 1.0 / 4, 1.0 / 8, 1.0 / 16, 1.0 / 32,
                                              1.0 / 64, 1.0 / 128, 1.0 / 256})));
  CHECK(equal(alibi_slopes<double>(1), tensor<double>({1.0 / 256})));
  CHECK(equal(alibi_slopes<double>(2), tensor<double>({1.0 / 16, 1.0 / 256})));
  CHECK(equal(alibi_slopes<double>(3), tensor<double>({1.0 / 16, 1.0 / 256, 1.0 / 4})));
  const auto twelve = alibi_slopes<double>(12);
  CHECK(equal(twelve.narrow(0, 0, 8), alibi_slopes<double>(8)));
  for (Index a = 8; a < 12; ++a) {
    CHECK(twelve(a) == Approx(std::pow(2, -0.5 - static_cast<double>(a - 8))));
  }
}

TEST_CASE("alibi_bias falls with the distance", "[ops][positions]") {
  CHECK(equal(alibi_bias(2, 2, 3),
              tensor({{{0, -0.0625, -0.125}, {-0.0625, 0, -0.0625}},
                      {{0, -1.0 / 256, -2.0 / 256}, {-1.0 / 256, 0, -1.0 / 256}}})));
  const auto all = alibi_bias<double>(3, 9, 9);
  for (Index i = 0; i < 9; ++i) {
    CHECK(same_bits(alibi_bias<double>(3, 1, 9, i), all.narrow(1, i, 1)));
  }
  CHECK(alibi_bias(4, 0, 3).shape() == Shape{4, 0, 3});
  CHECK(same_bits_for_all_threads([] { return alibi_bias(5, 70, 33); }));
}

TEST_CASE("positions say what is wrong", "[ops][positions][errors]") {
  CHECK(error_of<ValueError>([] { sinusoidal_positions(-1, 4); }) ==
        "[sinusoidal_positions] length must be at least 0, not -1; hint: it is the number of "
        "positions");
  CHECK(error_of<ValueError>([] { sinusoidal_positions(3, 0); }) ==
        "[sinusoidal_positions] features must be at least 2, not 0; hint: it is the size E of the "
        "vectors that are added to");
  CHECK(error_of<ValueError>([] { sinusoidal_positions(3, 5); }) ==
        "[sinusoidal_positions] features must be even, a sine and a cosine of each wavelength, but "
        "is 5; hint: choose an even model size");
  CHECK(error_of<ValueError>([] { sinusoidal_positions(3, 4, -2); }) ==
        "[sinusoidal_positions] offset must be at least 0, not -2; hint: it is the position of the "
        "first row, 0 without kept ones");
  CHECK(
      error_of<ValueError>([] { alibi_slopes(0); }) ==
      "[alibi_slopes] heads must be at least 1, not 0; hint: it is the number of attention heads");
  CHECK(error_of<ValueError>([] { alibi_bias(0, 1, 1); }) ==
        "[alibi_bias] heads must be at least 1, not 0; hint: it is the number of attention heads");
  CHECK(error_of<ValueError>([] { alibi_bias(2, -1, 3); }) ==
        "[alibi_bias] queries must be at least 0, not -1; hint: it is the number of rows of the "
        "products");
  CHECK(error_of<ValueError>([] { alibi_bias(2, 1, -3); }) ==
        "[alibi_bias] keys must be at least 0, not -3; hint: it is the number of columns of the "
        "products");
  CHECK_THROWS_AS(alibi_bias(2, 1, 3, -1), ValueError);
}
