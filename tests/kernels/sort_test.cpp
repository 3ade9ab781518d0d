#include "tenon/kernels/sort.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;
using kernels::SortDims;

TEMPLATE_TEST_CASE("sort takes the first of a stable order, line by line", "[kernels][sort]", float,
                   double, std::int64_t) {
  using T = TestType;
  for (const SortDims& d :
       {SortDims{1, 1, 1, 1}, SortDims{3, 17, 2, 17}, SortDims{2, 40, 5, 3}, SortDims{2, 9, 3, 0},
        SortDims{0, 4, 2, 2}, SortDims{2, 0, 3, 0}, SortDims{50, 300, 2, 20}}) {
    for (const bool descending : {false, true}) {
      INFO(d.outer << " x " << d.length << " x " << d.inner << ", " << d.k);
      std::vector<T> x(count(d.outer * d.length * d.inner));
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = static_cast<T>((i * 2654435761u >> 9) % 23);
      }
      std::vector<std::int64_t> expected(count(d.outer * d.k * d.inner));
      for (Index o = 0; o < d.outer; ++o) {
        for (Index i = 0; i < d.inner; ++i) {
          std::vector<std::int64_t> places(count(d.length));
          for (std::size_t p = 0; p < places.size(); ++p) places[p] = static_cast<std::int64_t>(p);
          const auto at = [&](Index p) { return x[count((o * d.length + p) * d.inner + i)]; };
          std::stable_sort(places.begin(), places.end(), [&](Index p, Index q) {
            return descending ? at(p) > at(q) : at(p) < at(q);
          });
          for (Index p = 0; p < d.k; ++p)
            expected[count((o * d.k + p) * d.inner + i)] = places[count(p)];
        }
      }
      std::vector<T> y(expected.size());
      const auto indices = same_at_all_threads([&] {
        std::vector<std::int64_t> found(expected.size(), -1);
        kernels::sort(d, descending, x.data(), y.data(), found.data());
        return found;
      });
      CHECK(indices == expected);
      bool right = true;
      for (Index o = 0; o < d.outer; ++o) {
        for (Index k = 0; k < d.k * d.inner; ++k) {
          const Index at = o * d.k * d.inner + k;
          right &=
              y[count(at)] == x[count((o * d.length + indices[count(at)]) * d.inner + k % d.inner)];
        }
      }
      CHECK(right);
    }
  }
}

TEMPLATE_TEST_CASE("sort orders all numbers, NaN above them, and keeps the order of equal ones",
                   "[kernels][sort]", float, double) {
  using T = TestType;
  const T tiny = std::numeric_limits<T>::denorm_min(), huge = std::numeric_limits<T>::max();
  const std::vector<T> x{T(0),      nan_v<T>, T(-0.0),       -huge, T(1),           -tiny, huge,
                         -nan_v<T>, T(-1),    infinity_v<T>, T(0),  -infinity_v<T>, tiny,  T(-0.0)};
  const std::vector<std::int64_t> up{11, 3, 8, 5, 0, 2, 10, 13, 12, 4, 6, 9, 1, 7};
  const std::vector<std::int64_t> down{1, 7, 9, 6, 4, 12, 0, 2, 10, 13, 5, 8, 3, 11};
  const Index n = static_cast<Index>(x.size());
  for (Index k = 0; k <= n; ++k) {
    std::vector<T> y(count(k));
    std::vector<std::int64_t> indices(count(k));
    for (const bool descending : {false, true}) {
      const auto& expected = descending ? down : up;
      kernels::sort({1, n, 1, k}, descending, x.data(), y.data(), indices.data());
      CHECK(std::equal(indices.begin(), indices.end(), expected.begin()));
      std::vector<T> values;
      for (const auto place : indices) values.push_back(x[count(place)]);
      CHECK(same_bits(y, values));
    }
  }
}

TEST_CASE("sort tells apart whole numbers that no double can", "[kernels][sort]") {
  const std::vector<std::int64_t> x{INT64_MAX, INT64_MIN, INT64_MAX - 1, 0, -1, INT64_MIN + 1};
  std::vector<std::int64_t> y(6), indices(6);
  kernels::sort({1, 6, 1, 6}, false, x.data(), y.data(), indices.data());
  CHECK(indices == std::vector<std::int64_t>{1, 5, 4, 3, 2, 0});
  kernels::sort({1, 6, 1, 6}, true, x.data(), y.data(), indices.data());
  CHECK(indices == std::vector<std::int64_t>{0, 2, 3, 4, 5, 1});
}
