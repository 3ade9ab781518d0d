#include "tenon/kernels/rotary.hpp"

#include <complex>

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// A pair is a complex number, multiplied by e^(i angle).
template <class T>
std::vector<double> rotated(const kernels::RotaryDims& r, const kernels::ElementwiseDims<1>& layout,
                            const std::vector<T>& x) {
  std::vector<double> y(count(layout.numel));
  for (Index row = 0; row * r.d < layout.numel; ++row) {
    for (Index i = 0; i < r.d / 2; ++i) {
      const Index a = row * r.d + (r.halves ? i : 2 * i), b = a + (r.halves ? r.d / 2 : 1);
      const double angle =
          static_cast<double>(r.offset + row % r.length) /
          std::pow(r.base, 2.0 * static_cast<double>(i) / static_cast<double>(r.d));
      const auto z =
          std::complex<double>(static_cast<double>(x[count(reference::offset(layout, 0, a))]),
                               static_cast<double>(x[count(reference::offset(layout, 0, b))])) *
          std::polar(1.0, r.inverse ? -angle : angle);
      y[count(a)] = z.real();
      y[count(b)] = z.imag();
    }
  }
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("rotary turns pairs by their angles, whatever the strides", "[kernels][rotary]",
                   float, double) {
  using T = TestType;
  const auto x = normal<T>(4000);
  for (const bool halves : {false, true}) {
    for (const bool inverse : {false, true}) {
      for (const Index offset : {0, 5, 31, 1000}) {
        for (const auto& layout :
             {flat<1>(70 * 6), flat<1>(35 * 6), flat<1>(0), dims<1>({2, 35, 6}, {{6, 12, 1}}),
              dims<1>({2, 35, 6}, {{1, 12, 2}}), dims<1>({2, 35, 6}, {{210, 1, 35}}),
              dims<1>({3, 35, 6}, {{0, 6, 1}}), dims<1>({2, 35, 6}, {{240, 6, 1}})}) {
          kernels::RotaryDims r{35, 6};
          r.offset = offset, r.halves = halves, r.inverse = inverse;
          std::vector<T> y(count(layout.numel));
          kernels::rotary(r, layout, x.data(), y.data());
          const auto expected = rotated(r, layout, x);
          double worst = 0;
          for (std::size_t i = 0; i < y.size(); ++i) {
            worst = larger(worst, std::abs(static_cast<double>(y[i]) - expected[i]));
          }
          // Values of up to 4; an angle near 1000 has an error of 1e-13 in double.
          CHECK(worst <= (sizeof(T) == 4 ? 1e-6 : 2e-13 + 1e-15));
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("rotary of one pair and of one row", "[kernels][rotary]", float, double) {
  using T = TestType;
  const std::vector<T> x{T(1), T(0)};
  std::vector<T> y(2);
  kernels::RotaryDims r{1, 2};
  kernels::rotary(r, flat<1>(2), x.data(), y.data());
  CHECK(y == x);
  r.offset = 1;
  kernels::rotary(r, flat<1>(2), x.data(), y.data());
  CHECK(y == std::vector<T>{static_cast<T>(std::cos(1.0)), static_cast<T>(std::sin(1.0))});
}

TEMPLATE_TEST_CASE("rotary gives a position the same bits alone and among others, in place and not",
                   "[kernels][rotary]", float, double) {
  using T = TestType;
  const auto x = normal<T>(3 * 100 * 8);
  for (const bool halves : {false, true}) {
    kernels::RotaryDims all{100, 8};
    all.halves = halves;
    std::vector<T> y(x.size());
    kernels::rotary(all, flat<1>(2400), x.data(), y.data());
    for (Index row = 0; row < 100; ++row) {
      kernels::RotaryDims one{1, 8};
      one.halves = halves, one.offset = row;
      std::vector<T> alone(8);
      kernels::rotary(one, flat<1>(8), x.data() + row * 8, alone.data());
      CHECK(same_bits(alone, std::vector<T>(y.data() + row * 8, y.data() + row * 8 + 8)));
    }
    auto z = x;
    kernels::rotary(all, flat<1>(2400), z.data(), z.data());
    CHECK(same_bits(z, y));
  }
}

TEST_CASE("rotary has the same bits at any number of threads", "[kernels][rotary]") {
  const auto x = normal<float>(64 * 300 * 16);
  for (const bool halves : {false, true}) {
    same_at_all_threads([&] {
      kernels::RotaryDims r{300, 16};
      r.halves = halves;
      std::vector<float> y(x.size());
      kernels::rotary(r, flat<1>(64 * 300 * 16), x.data(), y.data());
      return y;
    });
  }
}
