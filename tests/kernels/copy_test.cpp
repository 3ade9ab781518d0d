#include "tenon/kernels/copy.hpp"

#include <cstdint>
#include <memory>

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
std::unique_ptr<T[]> numbers(Index n) {
  std::unique_ptr<T[]> x(new T[count(n)]);
  for (Index i = 0; i < n; ++i) x[count(i)] = static_cast<T>(i % 97);
  return x;
}

template <class From, class To>
To cast_one(From x) {
  To y{};
  kernels::cast(1, &x, &y);
  return y;
}

}  // namespace

TEMPLATE_TEST_CASE("copy gathers any view and scatter puts it back", "[kernels][copy]", float,
                   double, std::int64_t, std::int32_t, std::uint8_t, bool) {
  using T = TestType;
  const Index n = 60000;
  const auto x = numbers<T>(n);
  for (const auto& d : {flat<1>(0), flat<1>(1), flat<1>(n), dims<1>({}, {{}}),
                        dims<1>({200, 300}, {{1, 200}}), dims<1>({100, 20}, {{300, 2}}),
                        dims<1>({3, 5, 7}, {{70, 14, 2}}), dims<1>({2, 0}, {{1, 1}})}) {
    const std::unique_ptr<T[]> y(new T[count(d.numel) + 1]), back = numbers<T>(n);
    kernels::copy_strided(d, x.get(), y.get());
    bool right = true;
    for (Index i = 0; i < d.numel; ++i) {
      right = right && y[count(i)] == x[count(reference::offset(d, 0, i))];
      back[count(reference::offset(d, 0, i))] = T(0);
    }
    CHECK(right);
    kernels::scatter_strided(d, y.get(), back.get());
    CHECK(std::equal(back.get(), back.get() + n, x.get()));
  }
}

TEMPLATE_TEST_CASE("assign copies one view into another, and nothing else", "[kernels][copy]",
                   float, double, std::int64_t, std::int32_t, std::uint8_t, bool) {
  const Index n = 60000;
  const auto x = numbers<TestType>(n);
  for (const auto& d :
       {flat<2>(0), flat<2>(1), flat<2>(n), dims<2>({}, {{}, {}}),
        dims<2>({200, 300}, {{1, 200}, {300, 1}}), dims<2>({200, 300}, {{300, 1}, {1, 200}}),
        dims<2>({100, 20}, {{300, 1}, {500, 1}}), dims<2>({100, 20}, {{300, 2}, {20, 1}}),
        dims<2>({100, 20}, {{0, 1}, {20, 1}}), dims<2>({3, 5, 7}, {{70, 14, 2}, {105, 1, 15}}),
        dims<2>({2, 0}, {{1, 1}, {1, 1}})}) {
    const std::unique_ptr<TestType[]> y(new TestType[count(n)]), expected(new TestType[count(n)]);
    std::fill_n(y.get(), n, TestType(1));
    std::fill_n(expected.get(), n, TestType(1));
    for (Index i = 0; i < d.numel; ++i) {
      expected[count(reference::offset(d, 1, i))] = x[count(reference::offset(d, 0, i))];
    }
    kernels::assign_strided(d, x.get(), y.get());
    CHECK(std::equal(y.get(), y.get() + n, expected.get()));
  }
}

TEMPLATE_TEST_CASE("copy reads axes backwards", "[kernels][copy]", float, std::int64_t, bool) {
  const Index n = 60000;
  const auto x = numbers<TestType>(n);
  for (const auto& d :
       {dims<1>({n}, {{-1}}), dims<1>({200, 300}, {{300, -1}}), dims<1>({200, 300}, {{-300, 1}}),
        dims<1>({30, 40, 50}, {{-2000, 50, -1}}), dims<1>({100, 3}, {{-6, -2}})}) {
    Index last = 0;
    for (int i = 0; i < d.rank; ++i) {
      if (d.strides[0][i] < 0) last -= (d.sizes[i] - 1) * d.strides[0][i];
    }
    const std::unique_ptr<TestType[]> y(new TestType[count(d.numel)]);
    kernels::copy_strided(d, x.get() + last, y.get());
    bool right = true;
    for (Index i = 0; i < d.numel; ++i) {
      right = right && y[count(i)] == x[count(last + reference::offset(d, 0, i))];
    }
    CHECK(right);
  }
}

TEMPLATE_TEST_CASE("an expanded view can be gathered", "[kernels][copy]", float, std::int64_t) {
  const auto x = numbers<TestType>(3);
  TestType y[6];
  kernels::copy_strided(dims<1>({2, 3}, {{0, 1}}), x.get(), y);
  CHECK(std::equal(y, y + 3, x.get()));
  CHECK(std::equal(y + 3, y + 6, x.get()));
  kernels::copy_strided(dims<1>({3, 2}, {{1, 0}}), x.get(), y);
  CHECK(y[0] == y[1]);
  CHECK(y[5] == x[2]);
}

TEMPLATE_TEST_CASE("scatter_add sums what meets at one place", "[kernels][copy]", float, double) {
  using T = TestType;
  const auto x = normal<T>(12);
  std::vector<T> y{T(1), T(2), T(3), T(4)};
  kernels::scatter_add_strided(dims<1>({3, 4}, {{0, 1}}), x.data(), y.data());
  for (std::size_t j = 0; j < 4; ++j) {
    CHECK(y[j] == ((static_cast<T>(j + 1) + x[j]) + x[4 + j]) + x[8 + j]);
  }
  T total = T(0);
  kernels::scatter_add_strided(dims<1>({12}, {{0}}), x.data(), &total);
  T expected = T(0);
  for (T v : x) expected += v;
  CHECK(total == expected);
  kernels::scatter_add_strided(flat<1>(0), x.data(), &total);
  kernels::scatter_add_strided(dims<1>({}, {{}}), x.data(), &total);
  CHECK(total == expected + x[0]);
}

TEMPLATE_TEST_CASE("fill writes n elements and no more", "[kernels][copy]", float, double,
                   std::int64_t, std::int32_t, std::uint8_t, bool) {
  using T = TestType;
  for (Index n : {0, 1, 7, 40000}) {
    const auto y = numbers<T>(n + 1);
    const T after = y[count(n)];
    kernels::fill(n, T(1), y.get());
    CHECK(std::all_of(y.get(), y.get() + n, [](T v) { return v == T(1); }));
    CHECK(y[count(n)] == after);
  }
}

TEST_CASE("casts convert as static_cast does", "[kernels][copy]") {
  CHECK(cast_one<float, double>(0.1f) == static_cast<double>(0.1f));
  CHECK(cast_one<double, float>(0.1) == 0.1f);
  CHECK(cast_one<double, float>(1e300) == infinity_v<float>);
  CHECK(cast_one<float, std::int64_t>(-2.7f) == -2);
  CHECK(cast_one<double, std::uint8_t>(254.9) == 254);
  CHECK(cast_one<std::int64_t, std::uint8_t>(258) == 2);
  CHECK(cast_one<std::int64_t, double>((std::int64_t{1} << 53) + 2) == 0x1p53 + 2);
  CHECK(cast_one<std::uint8_t, float>(200) == 200.0f);
  CHECK(cast_one<bool, float>(true) == 1.0f);
  CHECK(cast_one<float, bool>(0.5f));
  CHECK_FALSE(cast_one<double, bool>(-0.0));
  CHECK(cast_one<std::int64_t, bool>(std::int64_t{1} << 40));
}

TEMPLATE_TEST_CASE("real values outside an integer's range give its nearest value, NaN gives 0",
                   "[kernels][copy]", float, double) {
  using T = TestType;
  const T big = T(1e30);
  for (T v : {big, infinity_v<T>, T(9223372036854775808.0)}) {
    CHECK(cast_one<T, std::int64_t>(v) == std::numeric_limits<std::int64_t>::max());
    CHECK(cast_one<T, std::int64_t>(-v) == std::numeric_limits<std::int64_t>::min());
    CHECK(cast_one<T, std::int32_t>(v) == std::numeric_limits<std::int32_t>::max());
    CHECK(cast_one<T, std::int32_t>(-v) == std::numeric_limits<std::int32_t>::min());
    CHECK(cast_one<T, std::uint8_t>(v) == 255);
    CHECK(cast_one<T, std::uint8_t>(-v) == 0);
  }
  CHECK(cast_one<T, std::int32_t>(T(2147483520)) == 2147483520);
  CHECK(cast_one<T, std::uint8_t>(T(-0.5)) == 0);
  CHECK(cast_one<T, std::uint8_t>(T(256)) == 255);
  CHECK(cast_one<T, std::int64_t>(nan_v<T>) == 0);
  CHECK(cast_one<T, std::uint8_t>(nan_v<T>) == 0);
}

TEST_CASE("casts convert every element, whatever the number of threads", "[kernels][copy]") {
  const Index n = 100'003;
  const auto x = numbers<std::uint8_t>(n);
  std::vector<float> y(count(n), -1.0f);
  kernels::cast(n, x.get(), y.data());
  bool right = true;
  for (std::size_t i = 0; i < count(n); ++i) right = right && y[i] == static_cast<float>(i % 97);
  CHECK(right);
}
