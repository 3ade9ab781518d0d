#include "tenon/kernels/compare.hpp"

#include <cstdint>
#include <memory>

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Small whole numbers, so that equality happens in every type.
template <class T>
std::unique_ptr<T[]> small_numbers(Index n, std::uint64_t stream) {
  std::unique_ptr<T[]> x(new T[count(n)]);
  for (Index i = 0; i < n; ++i) {
    x[count(i)] =
        static_cast<T>(4 * detail::uniform_at<double>({3, stream}, static_cast<std::uint64_t>(i)));
  }
  return x;
}

template <class T>
using Comparison = void (*)(const kernels::ElementwiseDims<2>&, const T*, const T*, bool*);

template <class T, class F>
void check(Comparison<T> kernel, const F& f) {
  const auto a = small_numbers<T>(400, 1), b = small_numbers<T>(400, 2);
  if constexpr (std::numeric_limits<T>::has_quiet_NaN) a[3] = b[4] = nan_v<T>;
  for (const auto& d : {flat<2>(0), flat<2>(1), flat<2>(400), dims<2>({400}, {{1}, {0}}),
                        dims<2>({20, 20}, {{1, 20}, {20, 1}}), dims<2>({9, 3}, {{0, 2}, {1, 7}}),
                        dims<2>({}, {{}, {}})}) {
    const std::unique_ptr<bool[]> y(new bool[count(d.numel) + 1]);
    kernel(d, a.get(), b.get(), y.get());
    const auto expected = reference::map(d, a.get(), b.get(), f);
    for (Index i = 0; i < d.numel; ++i) CHECK(y[count(i)] == expected[count(i)]);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("comparisons agree with the operators, NaN included", "[kernels][compare]",
                   float, double, std::int64_t, std::int32_t, std::uint8_t, bool) {
  using T = TestType;
  check<T>(kernels::eq, [](T p, T q) { return p == q; });
  check<T>(kernels::ne, [](T p, T q) { return p != q; });
  check<T>(kernels::lt, [](T p, T q) { return p < q; });
  check<T>(kernels::le, [](T p, T q) { return p <= q; });
  check<T>(kernels::gt, [](T p, T q) { return p > q; });
  check<T>(kernels::ge, [](T p, T q) { return p >= q; });
}

TEST_CASE("integers beyond double's precision compare exactly", "[kernels][compare]") {
  const std::int64_t a = (std::int64_t{1} << 53) + 1, b = std::int64_t{1} << 53;
  bool y = true;
  kernels::eq(flat<2>(1), &a, &b, &y);
  CHECK_FALSE(y);
  kernels::gt(flat<2>(1), &a, &b, &y);
  CHECK(y);
}

TEMPLATE_TEST_CASE("where takes each element from the side that c names", "[kernels][compare]",
                   float, double, std::int64_t, std::uint8_t, bool) {
  using T = TestType;
  const Index n = 50000;
  const auto a = small_numbers<T>(n, 1), b = small_numbers<T>(n, 2), y = small_numbers<T>(n, 3);
  const auto c = small_numbers<bool>(n, 4);
  kernels::where(flat<3>(n), c.get(), a.get(), b.get(), y.get());
  bool right = true;
  for (std::size_t i = 0; i < count(n); ++i) right = right && y[i] == (c[i] ? a[i] : b[i]);
  CHECK(right);

  // One of the sides a number, or the condition one of all.
  for (const auto& d :
       {dims<3>({n}, {{1}, {1}, {0}}), dims<3>({n}, {{1}, {0}, {1}}), dims<3>({n}, {{0}, {1}, {1}}),
        dims<3>({n}, {{1}, {0}, {0}}), dims<3>({n / 2}, {{2}, {1}, {1}})}) {
    kernels::where(d, c.get(), a.get(), b.get(), y.get());
    right = true;
    for (Index i = 0; i < d.numel; ++i) {
      const T expected = c[count(i * d.strides[0][0])] ? a[count(i * d.strides[1][0])]
                                                       : b[count(i * d.strides[2][0])];
      right = right && y[count(i)] == expected;
    }
    CHECK(right);
  }

  const auto d = dims<3>({4, 5}, {{0, 1}, {1, 4}, {0, 0}});
  kernels::where(d, c.get(), a.get(), b.get(), y.get());
  for (Index i = 0; i < 4; ++i) {
    for (Index j = 0; j < 5; ++j) {
      CHECK(y[count(i * 5 + j)] == (c[count(j)] ? a[count(i + 4 * j)] : b[0]));
    }
  }
}

TEST_CASE("where does not let a NaN of the other side through, and may write over a side",
          "[kernels][compare]") {
  const bool c[] = {true, false};
  double a[] = {1, nan_v<double>};
  const double b[] = {nan_v<double>, 2};
  kernels::where(flat<3>(2), c, a, b, a);
  CHECK(a[0] == 1);
  CHECK(a[1] == 2);
}
