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
    }
  }
}
