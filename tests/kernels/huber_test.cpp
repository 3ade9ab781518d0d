#include "tenon/kernels/huber.hpp"

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

TEMPLATE_TEST_CASE("huber is a parabola up to delta, then a straight line", "[kernels][huber]",
                   float, double) {
  using T = TestType;
  const Index n = 40000;
  auto x = normal<T>(n, 1);
  x[3] = T(0), x[4] = T(-0.7), x[5] = T(0.7);
  for (const auto& d : {flat<1>(0), flat<1>(1), flat<1>(n), dims<1>({100, 20}, {{1, 100}})}) {
    for (const T delta : {T(0.7), T(1), T(100)}) {
      std::vector<T> y(count(d.numel));
      kernels::huber(d, delta, x.data(), y.data());
      std::vector<long double> expected;
      for (Index i = 0; i < d.numel; ++i) {
        const long double v = std::abs(x[count(reference::offset(d, 0, i))]), most = delta;
        expected.push_back(v <= most ? v * v / 2 : most * (v - most / 2));
      }
      CHECK(worst_ulps(y, expected) <= 2);
    }
  }
  const std::vector<T> far{infinity_v<T>, -infinity_v<T>, nan_v<T>};
  std::vector<T> y(3);
  kernels::huber(flat<1>(3), T(2), far.data(), y.data());
  CHECK(y[0] == infinity_v<T>);
  CHECK(y[1] == infinity_v<T>);
  CHECK(std::isnan(y[2]));
}
