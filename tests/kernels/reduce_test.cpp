#include "tenon/kernels/reduce.hpp"

#include "kernel_support.hpp"
#include "reference/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Axes = std::initializer_list<Index>;

kernels::ReduceDims reduce(Axes sizes, Axes strides, Axes reduced_sizes, Axes reduced_strides) {
  kernels::ReduceDims d{};
  d.rank = static_cast<int>(sizes.size());
  d.reduced_rank = static_cast<int>(reduced_sizes.size());
  std::copy(sizes.begin(), sizes.end(), d.sizes);
  std::copy(strides.begin(), strides.end(), d.strides);
  std::copy(reduced_sizes.begin(), reduced_sizes.end(), d.reduced_sizes);
  std::copy(reduced_strides.begin(), reduced_strides.end(), d.reduced_strides);
  return d;
}

Index outputs(const kernels::ReduceDims& d) {
  Index n = 1;
  for (int i = 0; i < d.rank; ++i) n *= d.sizes[i];
  return n;
}

constexpr Index room = 300000;

std::vector<kernels::ReduceDims> cases() {
  return {reduce({}, {}, {1000}, {1}),    // everything
          reduce({}, {}, {150001}, {1}),  // everything, in three parts
          reduce({}, {}, {150001}, {2}),
          reduce({}, {}, {}, {}),    // a scalar
          reduce({7}, {1}, {}, {}),  // nothing
          reduce({5}, {1}, {1, 1}, {3, 9}),
          reduce({6}, {333}, {333}, {1}),  // the last axis
          reduce({333}, {1}, {6}, {333}),  // the leading axis
          reduce({64}, {1}, {1000}, {64}),
          reduce({65}, {1}, {129}, {65}),
          reduce({3}, {1}, {70000}, {3}),        // leading, in parts
          reduce({8}, {25}, {6, 25}, {200, 1}),  // (N, O, HW) over N and HW
          reduce({4, 6}, {120, 1}, {20}, {6}),   // the middle axis
          reduce({4, 6}, {1, 4}, {20}, {24}),    // of a transposed view
          reduce({3, 5}, {100, 2}, {4, 3}, {20, 7}),
          reduce({2, 70, 3}, {1000, 1, 210}, {2, 2}, {2000, 70}),
          reduce({5}, {1}, {8}, {0}),  // a broadcast axis
          reduce({5}, {0}, {8}, {1}),
          reduce({2, 2, 2, 2}, {1, 2, 4, 8}, {2, 2, 2, 2}, {16, 32, 64, 128})};
}

}  // namespace

TEMPLATE_TEST_CASE("sum agrees with a double sum in every layout", "[kernels][reduce]", float,
                   double) {
  using T = TestType;
  const auto x = normal<T>(room + 2, 1);
  for (const auto& d : cases()) {
    std::vector<T> y(count(outputs(d)), nan_v<T>);
    std::vector<reference::Product> expected(y.size());
    reference::for_each_reduced(d, [&](std::size_t o, std::size_t, Index at) {
      expected[o].value += static_cast<double>(x[count(at)]);
      expected[o].magnitude += std::abs(static_cast<double>(x[count(at)]));
    });
    kernels::sum(d, x.data(), y.data());
    INFO("outputs " << y.size());
    CHECK(worst_sum_error(y, expected) <= 2);
  }
}

TEMPLATE_TEST_CASE("length agrees with long doubles in every layout", "[kernels][reduce]", float,
                   double) {
  using T = TestType;
  const auto x = normal<T>(room + 2, 1);
  for (const auto& d : cases()) {
    std::vector<T> y(count(outputs(d)), nan_v<T>);
    std::vector<long double> expected(y.size());
    reference::for_each_reduced(d, [&](std::size_t o, std::size_t, Index at) {
      const auto v = static_cast<long double>(x[count(at)]);
      expected[o] += v * v;
    });
    for (auto& v : expected) v = std::sqrt(v);
    kernels::length(d, x.data(), y.data());
    CHECK(worst_ulps(y, expected) <= (std::is_same_v<T, float> ? 0.51 : 4));
    CHECK(same_bits(y, same_at_all_threads([&] {
                      std::vector<T> again(y.size());
                      kernels::length(d, x.data(), again.data());
                      return again;
                    })));
  }
  const std::vector<float> far{3e30F, 4e30F, 3e-30F, 4e-30F};
  float lengths[2];
  kernels::length(reduce({2}, {2}, {2}, {1}), far.data(), lengths);
  CHECK(lengths[0] == Approx(5e30));
  CHECK(lengths[1] == Approx(5e-30));
}

TEMPLATE_TEST_CASE("prod agrees with a product of long doubles in every layout",
                   "[kernels][reduce]", float, double) {
  using T = TestType;
  auto x = normal<T>(room + 2, 1);
  for (T& v : x) v = v < T(0) ? v / T(2) - T(1) : v / T(2) + T(0.75);  // products stay in range
  for (const auto& d : cases()) {
    if (d.reduced_rank > 0 && d.reduced_sizes[0] > 2000) continue;
    std::vector<T> y(count(outputs(d)), nan_v<T>);
    std::vector<long double> expected(y.size(), 1);
    std::size_t terms = 0;
    reference::for_each_reduced(d, [&](std::size_t o, std::size_t r, Index at) {
      expected[o] *= static_cast<long double>(x[count(at)]);
      terms = std::max(terms, r + 1);
    });
    kernels::prod(d, x.data(), y.data());
    INFO("outputs " << y.size());
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const auto value = static_cast<long double>(static_cast<T>(expected[i]));
      if (value == 0 || std::isinf(value)) {
        worst = larger(worst, value == static_cast<long double>(y[i]) ? 0.0 : 1e9);
      } else {
        worst = larger(worst, static_cast<double>(std::abs((y[i] - value) / value)));
      }
    }
    // float is multiplied in double and rounded once.
    const double factors = std::is_same_v<T, float> ? 1 : static_cast<double>(terms);
    CHECK(worst <= factors * static_cast<double>(std::numeric_limits<T>::epsilon()));
  }
}

TEMPLATE_TEST_CASE("prod of many, of zeros and of nothing", "[kernels][reduce]", float, double) {
  using T = TestType;
  const Index n = 200003;  // in parts
  std::vector<T> x(count(n), T(1)), y(3, T(5));
  x[7] = T(3), x[100000] = T(-2), x.back() = T(7);
  kernels::prod(reduce({}, {}, {n}, {1}), x.data(), y.data());
  CHECK(y[0] == T(-42));
  x[150000] = T(0);
  kernels::prod(reduce({}, {}, {n}, {1}), x.data(), y.data());
  CHECK(y[0] == T(0));
  x[3] = nan_v<T>;
  kernels::prod(reduce({}, {}, {n}, {1}), x.data(), y.data());
  CHECK(std::isnan(y[0]));
  kernels::prod(reduce({2}, {1}, {0}, {2}), x.data(), y.data());
  CHECK(y[0] == T(1));
  CHECK(y[1] == T(1));
  CHECK(y[2] == T(5));
  // Large and small factors whose product is in range, though that of the first is not in float.
  const std::vector<float> mixed{1e30F, 1e30F, 1e-30F, 1e-30F};
  float product = 0;
  kernels::prod(reduce({}, {}, {4}, {1}), mixed.data(), &product);
  CHECK(product == Approx(1));
}

TEMPLATE_TEST_CASE("max finds the largest and where it is in every layout", "[kernels][reduce]",
                   float, double) {
  using T = TestType;
  auto x = normal<T>(room + 2, 1);
  for (T& v : x) v = std::round(v * T(8));  // many ties
  for (bool with_nan : {false, true}) {
    for (std::size_t i = 100; with_nan && i < x.size(); i += 97) x[i] = nan_v<T>;
    for (const auto& d : cases()) {
      std::vector<T> y(count(outputs(d))), expected(y.size());
      std::vector<Index> argmax(y.size(), -1), where(y.size());
      reference::for_each_reduced(d, [&](std::size_t o, std::size_t r, Index at) {
        const T v = x[count(at)];
        const bool better =
            r == 0 || (!std::isnan(expected[o]) && (std::isnan(v) || v > expected[o]));
        if (better) {
          expected[o] = v;
          where[o] = static_cast<Index>(r);
        }
      });
      kernels::max(d, x.data(), y.data(), argmax.data());
      CHECK(worst_ulps(y, expected) == 0);
      CHECK(argmax == where);
      std::vector<T> values(y.size());
      kernels::max(d, x.data(), values.data(), nullptr);
      CHECK(same_bits(values, y));
    }
  }
}

TEMPLATE_TEST_CASE("max of nothing but -infinity is -infinity at the first place",
                   "[kernels][reduce]", float, double) {
  using T = TestType;
  const std::vector<T> x(5, -infinity_v<T>);
  T y = T(0);
  Index argmax = -1;
  kernels::max(reduce({}, {}, {5}, {1}), x.data(), &y, &argmax);
  CHECK(y == -infinity_v<T>);
  CHECK(argmax == 0);
}

TEMPLATE_TEST_CASE("an empty sum is zero and an empty output is left alone", "[kernels][reduce]",
                   float, double) {
  using T = TestType;
  std::vector<T> y{T(3), T(3)};
  kernels::sum(reduce({2}, {1}, {0}, {2}), y.data(), y.data());
  CHECK(y == std::vector<T>(2));
  y = {T(3), T(3)};
  kernels::sum(reduce({0}, {1}, {4}, {1}), y.data(), y.data());
  kernels::sum(reduce({2, 0}, {1, 1}, {0}, {1}), y.data(), y.data());
  kernels::prod(reduce({0}, {1}, {4}, {1}), y.data(), y.data());
  kernels::max<T>(reduce({0}, {1}, {4}, {1}), y.data(), y.data(), nullptr);
  CHECK(y == std::vector<T>{T(3), T(3)});
}

TEST_CASE("a float sum of ten million ones is right, along any axis", "[kernels][reduce]") {
  const Index n = 10000000;
  const std::vector<float> x(count(n), 1.0f);
  float y[2] = {};
  kernels::sum(reduce({}, {}, {n}, {1}), x.data(), y);
  CHECK(y[0] == 1e7f);
  kernels::sum(reduce({2}, {1}, {n / 2}, {2}), x.data(), y);
  CHECK(y[0] == 5e6f);
  CHECK(y[1] == 5e6f);
  kernels::sum(reduce({}, {}, {n / 2}, {2}), x.data(), y);
  CHECK(y[0] == 5e6f);
}

TEST_CASE("a float sum of tenths stays within 1e-6", "[kernels][reduce]") {
  const Index n = 3000017;
  const std::vector<float> x(count(n), 0.1f);
  float y = 0;
  kernels::sum(reduce({}, {}, {n}, {1}), x.data(), &y);
  const double expected = static_cast<double>(0.1f) * static_cast<double>(n);
  CHECK(std::abs(static_cast<double>(y) - expected) <= 1e-6 * expected);
}

TEMPLATE_TEST_CASE("NaN and infinity pass through a sum", "[kernels][reduce]", float, double) {
  using T = TestType;
  auto x = normal<T>(600);
  x[250] = infinity_v<T>;
  T y[3];
  kernels::sum(reduce({3}, {200}, {200}, {1}), x.data(), y);
  CHECK(std::isfinite(y[0]));
  CHECK(y[1] == infinity_v<T>);
  x[260] = -infinity_v<T>;
  x[599] = nan_v<T>;
  kernels::sum(reduce({3}, {200}, {200}, {1}), x.data(), y);
  CHECK(std::isnan(y[1]));
  CHECK(std::isnan(y[2]));
}

TEMPLATE_TEST_CASE("reductions have the same bits at any number of threads", "[kernels][reduce]",
                   float, double) {
  using T = TestType;
  const auto x = normal<T>(room, 1);
  for (const auto& d : {reduce({}, {}, {room}, {1}), reduce({300}, {1}, {1000}, {300}),
                        reduce({300}, {1000}, {1000}, {1}), reduce({3}, {1}, {100000}, {3}),
                        reduce({50}, {60}, {100, 60}, {3000, 1})}) {
    same_at_all_threads([&] {
      std::vector<T> y(count(outputs(d)));
      kernels::sum(d, x.data(), y.data());
      return y;
    });
    same_at_all_threads([&] {
      std::vector<T> y(count(outputs(d)));
      std::vector<Index> argmax(y.size());
      kernels::max(d, x.data(), y.data(), argmax.data());
      return argmax;
    });
  }
}
