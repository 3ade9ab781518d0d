#include "tenon/kernels/embedding.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Case {
  Index n, v, d, padding_idx = -1;
};

const Case cases[] = {{0, 3, 4},      {1, 1, 1},        {5, 1, 3},      {7, 100, 1, 0},
                      {300, 17, 5},   {300, 17, 16, 3}, {64, 9, 33, 8}, {2000, 500, 67},
                      {40, 4000, 64}, {300, 7, 131, 2}, {10, 3, 0}};

kernels::EmbeddingDims dims(const Case& c) { return {c.n, c.v, c.d, c.padding_idx}; }

/// Small ids are frequent, as in a vocabulary that is sorted by frequency; some never occur.
std::vector<std::int64_t> ids_of(const Case& c, std::uint64_t stream = 5) {
  std::vector<std::int64_t> ids;
  for (Index i = 0; i < c.n; ++i) {
    const double u = detail::uniform_at<double>({7, stream}, static_cast<std::uint64_t>(i));
    ids.push_back(static_cast<std::int64_t>(u * u * u * static_cast<double>(c.v)));
  }
  return ids;
}

}  // namespace

TEMPLATE_TEST_CASE("embedding copies the rows that the ids name", "[kernels][embedding]", float,
                   double) {
  using T = TestType;
  for (const Case& c : cases) {
    INFO(c.n << " ids, table " << c.v << " x " << c.d);
    const auto w = normal<T>(c.v * c.d);
    const auto ids = ids_of(c);
    std::vector<T> y(count(c.n * c.d), nan_v<T>), expected;
    for (const auto id : ids) {
      for (Index j = 0; j < c.d; ++j) expected.push_back(w[count(id * c.d + j)]);
    }
    kernels::embedding_forward(dims(c), ids.data(), w.data(), y.data());
    CHECK(same_bits(y, expected));
  }
}

TEMPLATE_TEST_CASE("embedding's gradient adds up each id's rows in their order",
                   "[kernels][embedding]", float, double) {
  using T = TestType;
  for (const Case& c : cases) {
    INFO(c.n << " ids, table " << c.v << " x " << c.d << ", padding " << c.padding_idx);
    const auto dy = normal<T>(c.n * c.d, 1);
    const auto ids = ids_of(c);
    std::vector<T> dw(count(c.v * c.d), nan_v<T>), expected(dw.size());
    for (Index i = 0; i < c.n; ++i) {
      if (ids[count(i)] == c.padding_idx) continue;
      for (Index j = 0; j < c.d; ++j) {
        expected[count(ids[count(i)] * c.d + j)] += dy[count(i * c.d + j)];
      }
    }
    kernels::embedding_backward(dims(c), ids.data(), dy.data(), dw.data());
    CHECK(same_bits(dw, expected));
  }
}

TEMPLATE_TEST_CASE("embedding has the same bits at any number of threads", "[kernels][embedding]",
                   float, double) {
  using T = TestType;
  const Case c{30000, 5000, 24, 0};
  const auto dy = normal<T>(c.n * c.d, 1), w = normal<T>(c.v * c.d, 2);
  const auto ids = ids_of(c);
  same_at_all_threads([&] {
    std::vector<T> y(dy.size()), dw(w.size());
    kernels::embedding_forward(dims(c), ids.data(), w.data(), y.data());
    kernels::embedding_backward(dims(c), ids.data(), dy.data(), dw.data());
    y.insert(y.end(), dw.begin(), dw.end());
    return y;
  });
}

TEMPLATE_TEST_CASE("embedding keeps NaN and infinity in their rows", "[kernels][embedding]", float,
                   double) {
  using T = TestType;
  const std::int64_t ids[] = {1, 0, 1};
  const T dy[] = {T(1), nan_v<T>, infinity_v<T>};
  T dw[3];
  kernels::embedding_backward<T>({3, 3, 1}, ids, dy, dw);
  CHECK(std::isnan(dw[0]));
  CHECK(dw[1] == infinity_v<T>);
  CHECK(dw[2] == T(0));
}
