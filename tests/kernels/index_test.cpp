#include "tenon/kernels/index.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;
using kernels::IndexDims;

namespace {

const IndexDims cases[] = {{1, 1, 1, 1, true},    {2, 5, 3, 7, false},       {2, 5, 3, 7, true},
                           {3, 4, 65, 9, true},   {3, 4, 65, 9, false},      {1, 7, 1, 300, true},
                           {40, 3, 130, 5, true}, {0, 3, 2, 4, true},        {2, 3, 0, 4, false},
                           {2, 3, 4, 0, true},    {2, 9000, 2, 20000, false}};

std::vector<std::int64_t> positions(const IndexDims& d) {
  std::vector<std::int64_t> index(count(d.per_element ? d.outer * d.count * d.inner : d.count));
  for (std::size_t i = 0; i < index.size(); ++i) {
    index[i] = static_cast<std::int64_t>((i * 2654435761u >> 7) % count(d.length));
  }
  return index;
}

std::int64_t at(const IndexDims& d, const std::vector<std::int64_t>& index, Index o, Index k,
                Index i) {
  return index[count(d.per_element ? (o * d.count + k) * d.inner + i : k)];
}

}  // namespace

TEMPLATE_TEST_CASE("gather reads and scatter_add adds where the index says", "[kernels][index]",
                   float, double, std::int64_t) {
  using T = TestType;
  for (const IndexDims& d : cases) {
    INFO(d.outer << " x " << d.length << " x " << d.inner << ", " << d.count);
    const auto index = positions(d);
    std::vector<T> x(count(d.outer * d.length * d.inner)),
        source(count(d.outer * d.count * d.inner));
    // Whole numbers, whose sums are exact in any order.
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(i % 1009);
    for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<T>(i % 31);
    std::vector<T> read(source.size()), added = x;
    for (Index o = 0; o < d.outer; ++o) {
      for (Index k = 0; k < d.count; ++k) {
        for (Index i = 0; i < d.inner; ++i) {
          const std::size_t from = count((o * d.length + at(d, index, o, k, i)) * d.inner + i);
          const std::size_t to = count((o * d.count + k) * d.inner + i);
          read[to] = x[from];
          added[from] += source[to];
        }
      }
    }
    CHECK(same_bits(read, same_at_all_threads([&] {
                      std::vector<T> y(source.size(), T(77));
                      kernels::gather(d, index.data(), x.data(), y.data());
                      return y;
                    })));
    CHECK(same_bits(added, same_at_all_threads([&] {
                      std::vector<T> y = x;
                      kernels::scatter_add(d, index.data(), source.data(), y.data());
                      return y;
                    })));
  }
}

TEMPLATE_TEST_CASE("scatter writes rows where the index says, and nothing else", "[kernels][index]",
                   float, double, std::int64_t) {
  using T = TestType;
  for (const IndexDims& d :
       {IndexDims{1, 1, 1, 1, false}, IndexDims{1, 7, 3, 4, false}, IndexDims{1, 7, 0, 4, false},
        IndexDims{1, 7, 3, 0, false}, IndexDims{1, 40000, 1, 20000, false},
        IndexDims{1, 300, 130, 299, false}}) {
    INFO(d.length << " x " << d.inner << ", " << d.count);
    std::vector<std::int64_t> index(count(d.count));  // different: steps of a prime
    for (Index k = 0; k < d.count; ++k) index[count(k)] = k * 13 % d.length;
    std::vector<T> x(count(d.length * d.inner), T(-1)), source(count(d.count * d.inner));
    for (std::size_t i = 0; i < source.size(); ++i) source[i] = static_cast<T>(i);
    std::vector<T> expected = x;
    for (Index k = 0; k < d.count; ++k) {
      for (Index i = 0; i < d.inner; ++i) {
        expected[count(index[count(k)] * d.inner + i)] = source[count(k * d.inner + i)];
      }
    }
    CHECK(same_bits(expected, same_at_all_threads([&] {
                      std::vector<T> y = x;
                      kernels::scatter(d, index.data(), source.data(), y.data());
                      return y;
                    })));
  }
}

TEST_CASE("scatter_add adds in the order of the positions", "[kernels][index]") {
  const std::vector<std::int64_t> index(4, 0);
  const std::vector<float> source{1e8F, 1, -1e8F, 1};
  std::vector<float> y{0};
  kernels::scatter_add({1, 1, 1, 4, false}, index.data(), source.data(), y.data());
  CHECK(y[0] == 1);
  const IndexDims d{30, 50, 70, 400, true};
  const auto many = positions(d);
  const auto values = normal<float>(d.outer * d.count * d.inner);
  same_at_all_threads([&] {
    std::vector<float> sums(count(d.outer * d.length * d.inner));
    kernels::scatter_add(d, many.data(), values.data(), sums.data());
    return sums;
  });
}
