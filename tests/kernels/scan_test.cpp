#include "tenon/kernels/scan.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;
using kernels::ScanDims;

TEMPLATE_TEST_CASE("scans run along the middle axis in either direction", "[kernels][scan]", float,
                   double) {
  using T = TestType;
  for (ScanDims d : {ScanDims{1, 1, 1}, ScanDims{3, 7, 2}, ScanDims{2, 33, 65}, ScanDims{0, 3, 2},
                     ScanDims{2, 0, 3}, ScanDims{2, 3, 0}, ScanDims{900, 40, 3}}) {
    for (const bool reverse : {false, true}) {
      d.reverse = reverse;
      INFO(d.outer << " x " << d.length << " x " << d.inner << ", reverse " << reverse);
      const Index n = d.outer * d.length * d.inner;
      const auto a = normal<T>(n, 1), b = normal<T>(n, 2);
      std::vector<double> sums(count(n)), products(count(n)), both(count(n));
      for (Index o = 0; o < d.outer; ++o) {
        for (Index i = 0; i < d.inner; ++i) {
          double sum = 0, product = 1, y = 0;
          for (Index k = 0; k < d.length; ++k) {
            const Index at = (o * d.length + (reverse ? d.length - 1 - k : k)) * d.inner + i;
            const double f = static_cast<double>(a[count(at)]);
            sums[count(at)] = sum += static_cast<double>(b[count(at)]);
            products[count(at)] = product *= f;
            both[count(at)] = y = static_cast<double>(b[count(at)]) + (k == 0 ? 0 : f * y);
          }
        }
      }
      std::vector<T> y(count(n));
      kernels::cumsum(d, b.data(), y.data());
      CHECK(worst_ulps(y, sums) <= 0.5);
      kernels::cumprod(d, a.data(), y.data());
      CHECK(worst_ulps(y, products) <= 0.5);
      const auto result = same_at_all_threads([&] {
        kernels::linear_recurrence(d, a.data(), b.data(), y.data());
        return y;
      });
      CHECK(worst_ulps(result, both) <= 0.5);
    }
  }
}

TEST_CASE("sums of integers wrap around", "[kernels][scan]") {
  const std::vector<std::int64_t> x{INT64_MAX, 1, -1};
  std::vector<std::int64_t> y(3);
  kernels::cumsum({1, 3, 1}, x.data(), y.data());
  CHECK(y == std::vector<std::int64_t>{INT64_MAX, INT64_MIN, INT64_MAX});
}
