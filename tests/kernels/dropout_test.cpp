#include "tenon/kernels/dropout.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
std::vector<T> mask_of(Index n, double p, RandomKey key = {8, 1}) {
  std::vector<T> mask(count(n), nan_v<T>);
  kernels::dropout_mask(n, key, p, mask.data());
  return mask;
}

template <class T>
Index kept(const std::vector<T>& mask) {
  return std::count_if(mask.begin(), mask.end(), [](T v) { return v != T(0); });
}

}  // namespace

TEMPLATE_TEST_CASE("dropout keeps what it should and scales it", "[kernels][dropout]", float,
                   double) {
  using T = TestType;
  const Index n = 100000;
  for (double p : {0.1, 0.25, 0.5, 0.9}) {
    const auto mask = mask_of<T>(n, p);
    for (T v : mask) CHECK((v == T(0) || v == static_cast<T>(1 / (1 - p))));
    const double expected = (1 - p) * static_cast<double>(n);
    const double deviation = std::sqrt(expected * p);
    CHECK(std::abs(static_cast<double>(kept(mask)) - expected) < 5 * deviation);
  }
  CHECK(mask_of<T>(n, 0.0) == std::vector<T>(count(n), T(1)));
  CHECK(mask_of<T>(n, 1.0) == std::vector<T>(count(n), T(0)));
  CHECK(mask_of<T>(0, 0.5).empty());
}

TEMPLATE_TEST_CASE("a position's fate depends on key and position alone", "[kernels][dropout]",
                   float, double) {
  using T = TestType;
  const auto mask = same_at_all_threads([] { return mask_of<T>(50001, 0.3); });
  const auto shorter = mask_of<T>(777, 0.3);
  CHECK(std::equal(shorter.begin(), shorter.end(), mask.begin()));
  CHECK(mask_of<T>(777, 0.3, {8, 2}) != shorter);
  CHECK(mask_of<T>(777, 0.3, {9, 1}) != shorter);
}

TEST_CASE("float and double drop the same elements", "[kernels][dropout]") {
  for (double p : {0.1, 1.0 / 3, 0.7}) {
    const auto f = mask_of<float>(100000, p);
    const auto d = mask_of<double>(100000, p);
    bool same = true;
    for (std::size_t i = 0; i < f.size(); ++i) same = same && (f[i] == 0.0f) == (d[i] == 0.0);
    CHECK(same);
  }
}
