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

TEMPLATE_TEST_CASE("dropout keeps exactly the elements whose random number is p or more",
                   "[kernels][dropout]", float, double) {
  using T = TestType;
  for (const RandomKey& key :
       {RandomKey{0, 0}, RandomKey{8, 1}, RandomKey{0xFEDCBA9876543210, 0x123456789ABCDEF0},
        RandomKey{~std::uint64_t{0}, ~std::uint64_t{0}}}) {
    for (double p : {0.0, 0x1p-24, 0.1, 0.5, 0.9, 1 - 0x1p-24, 1.0}) {
      const auto mask = mask_of<T>(40003, p, key);
      bool same = true;
      for (Index i = 0; i < 40003; ++i) {
        const float u = detail::uniform_at<float>(key, static_cast<std::uint64_t>(i));
        const bool is_kept = static_cast<double>(u) * 0x1p24 >= std::ceil(p * 0x1p24);
        const T expected = is_kept ? static_cast<T>(1 / (1 - p)) : T(0);
        same = same && mask[count(i)] == expected;
      }
      CHECK(same);
    }
  }
}

TEMPLATE_TEST_CASE("dropout writes as many elements as it is told to", "[kernels][dropout]", float,
                   double) {
  using T = TestType;
  const auto whole = mask_of<T>(100, 0.5);
  for (Index n = 0; n < 100; ++n) {
    std::vector<T> mask(100, T(7));
    kernels::dropout_mask(n, {8, 1}, 0.5, mask.data());
    CHECK(std::equal(mask.begin(), mask.begin() + n, whole.begin()));
    CHECK(std::all_of(mask.begin() + n, mask.end(), [](T v) { return v == T(7); }));
  }
}
