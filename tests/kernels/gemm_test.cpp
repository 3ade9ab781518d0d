#include "tenon/kernels/gemm.hpp"

#include <Eigen/Dense>

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// What a blocked sum of k random terms may be off, in units of epsilon times the sum of their
/// absolute values: blocks of 256 terms, one after another. Measured 4.6 at most.
constexpr double allowed = 8;

struct Case {
  Index batch, m, n, k;
  bool a_transposed, b_transposed;
};

kernels::GemmDims contiguous(const Case& s) {
  kernels::GemmDims d{};
  d.batch = s.batch;
  d.m = s.m;
  d.n = s.n;
  d.k = s.k;
  d.a_batch = s.m * s.k;
  d.a_row = s.a_transposed ? 1 : s.k;
  d.a_col = s.a_transposed ? s.m : 1;
  d.b_batch = s.k * s.n;
  d.b_row = s.b_transposed ? 1 : s.n;
  d.b_col = s.b_transposed ? s.k : 1;
  d.c_batch = s.m * s.n;
  d.c_row = s.n;
  return d;
}

/// Shapes on both sides of every block size, and with nothing or one of something.
std::vector<Case> cases() {
  std::vector<Case> all;
  const Index shapes[][4] = {
      {1, 1, 1, 1},       {1, 1, 17, 5},    {1, 5, 1, 3},      {1, 3, 7, 300},    {1, 4, 8, 256},
      {1, 5, 9, 257},     {2, 33, 65, 31},  {1, 63, 127, 513}, {1, 65, 129, 64},  {3, 7, 11, 0},
      {0, 4, 4, 4},       {1, 0, 5, 5},     {1, 5, 0, 5},      {1, 300, 40, 70},  {7, 1, 130, 10},
      {1, 259, 3, 300},   {1, 1, 1000, 40}, {4, 260, 12, 20},  {1, 513, 17, 257}, {1, 9, 70, 577},
      {1, 600, 67, 1200}, {2, 7, 65, 1153}};
  for (const auto& s : shapes) {
    for (int layout = 0; layout < 4; ++layout) {
      all.push_back({s[0], s[1], s[2], s[3], (layout & 1) != 0, (layout & 2) != 0});
    }
  }
  return all;
}

}  // namespace

TEMPLATE_TEST_CASE("gemm agrees with a double product in every layout and size", "[kernels][gemm]",
                   float, double) {
  using T = TestType;
  for (const Case& s : cases()) {
    const auto a = normal<T>(s.batch * s.m * s.k, 1), b = normal<T>(s.batch * s.k * s.n, 2);
    std::vector<T> c(count(s.batch * s.m * s.n), nan_v<T>);
    const auto d = contiguous(s);
    kernels::gemm(d, a.data(), b.data(), c.data());
    INFO(s.batch << "x" << s.m << "x" << s.n << "x" << s.k << " " << s.a_transposed
                 << s.b_transposed);
    CHECK(worst_sum_error(c, reference::gemm(d, a.data(), b.data())) <= allowed);
  }
}

TEMPLATE_TEST_CASE("gemm agrees with Eigen", "[kernels][gemm]", float, double) {
  using T = TestType;
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  for (auto [m, n, k] : {std::tuple<Index, Index, Index>{31, 47, 270}, {300, 65, 129}}) {
    const auto a = normal<T>(m * k, 1), b = normal<T>(k * n, 2);
    Matrix c(m, n);
    kernels::gemm(contiguous({1, m, n, k, false, false}), a.data(), b.data(), c.data());
    const Matrix expected =
        Eigen::Map<const Matrix>(a.data(), m, k) * Eigen::Map<const Matrix>(b.data(), k, n);
    CHECK((c - expected).norm() <= 4 * std::numeric_limits<T>::epsilon() * expected.norm());
  }
}

TEMPLATE_TEST_CASE("gemm takes any strides and leaves the gaps between c's rows alone",
                   "[kernels][gemm]", float, double) {
  using T = TestType;
  kernels::GemmDims d{};
  d.batch = 3;
  d.m = 13;
  d.n = 21;
  d.k = 19;
  d.a_batch = 5;
  d.a_row = 57;
  d.a_col = 3;
  d.b_batch = 0;  // one b for all
  d.b_row = 2;
  d.b_col = 40;
  d.c_batch = 1000;
  d.c_row = 30;
  const auto a = normal<T>(2000, 1), b = normal<T>(2000, 2);
  std::vector<T> c(3000, T(-7));
  kernels::gemm(d, a.data(), b.data(), c.data());
  const auto expected = reference::gemm(d, a.data(), b.data());
  std::vector<T> written;
  Index untouched = 0;
  for (Index i = 0; i < 3000; ++i) {
    const bool inside = i % 1000 / 30 < d.m && i % 1000 % 30 < d.n;
    if (inside) {
      written.push_back(c[count(i)]);
    } else {
      untouched += c[count(i)] == T(-7);
    }
  }
  CHECK(worst_sum_error(written, expected) <= allowed);
  CHECK(untouched == 3000 - d.batch * d.m * d.n);

  kernels::GemmDims same_a = d;  // a broadcast along its rows, too
  same_a.a_row = 0;
  kernels::gemm(same_a, a.data(), b.data(), c.data());
  CHECK(c[0] == c[30]);
  CHECK(c[20] == c[12 * 30 + 20]);
}

TEMPLATE_TEST_CASE("gemm adds to c where asked to, and k = 0 gives zeros", "[kernels][gemm]", float,
                   double) {
  using T = TestType;
  for (const Case& s : {Case{1, 9, 17, 300, false, true}, Case{1, 2, 20, 5, false, false},
                        Case{1, 400, 9, 300, true, false}, Case{2, 3, 5, 0, false, false}}) {
    const auto a = normal<T>(s.batch * s.m * s.k, 1), b = normal<T>(s.batch * s.k * s.n, 2);
    const auto before = normal<T>(s.batch * s.m * s.n, 3);
    auto c = before;
    kernels::gemm(contiguous(s), a.data(), b.data(), c.data(), true);
    auto expected = reference::gemm(contiguous(s), a.data(), b.data());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      expected[i].value += static_cast<double>(before[i]);
      expected[i].magnitude += std::abs(static_cast<double>(before[i]));
    }
    CHECK(worst_sum_error(c, expected) <= allowed);
  }
  std::vector<T> c(6, T(5));
  kernels::gemm(contiguous({1, 2, 3, 0, false, false}), c.data(), c.data(), c.data());
  CHECK(c == std::vector<T>(6));
}

TEMPLATE_TEST_CASE("gemm's epilogue has the bits of adding the bias and relu afterwards",
                   "[kernels][gemm]", float, double) {
  using T = TestType;
  for (const Case& s : cases()) {
    const auto d = contiguous(s);
    auto a = normal<T>(s.batch * s.m * s.k, 1);
    const auto b = normal<T>(s.batch * s.k * s.n, 2), bias = normal<T>(s.n, 3);
    if (!a.empty()) a[0] = nan_v<T>;
    std::vector<T> apart(count(s.batch * s.m * s.n), T(0.5)), fused = apart;
    for (const bool accumulate : {false, true}) {
      kernels::gemm(d, a.data(), b.data(), apart.data(), accumulate);
      for (std::size_t i = 0; i < apart.size(); ++i) {
        apart[i] += bias[i % count(s.n)];
        apart[i] = apart[i] <= T(0) ? T(0) : apart[i];
      }
      kernels::gemm<T>(d, a.data(), b.data(), fused.data(), accumulate, {bias.data(), true});
      CHECK(same_bits(fused, apart));
    }
  }
}

TEMPLATE_TEST_CASE("a row of a product does not depend on the rows and columns beside it",
                   "[kernels][gemm]", float, double) {
  using T = TestType;
  const Index m = 300, n = 77, k = 600;
  const auto a = normal<T>(m * k, 1), b = normal<T>(k * n, 2);
  std::vector<T> all(count(m * n)), one(count(n));
  kernels::gemm(contiguous({1, m, n, k, false, false}), a.data(), b.data(), all.data());
  for (Index row : {Index{0}, Index{3}, Index{257}, m - 1}) {
    kernels::gemm(contiguous({1, 1, n, k, false, false}), a.data() + row * k, b.data(), one.data());
    CHECK(std::equal(one.begin(), one.end(), all.begin() + row * n));
  }
}

TEMPLATE_TEST_CASE("gemm lets NaN and infinity reach exactly their row and column",
                   "[kernels][gemm]", float, double) {
  using T = TestType;
  auto a = normal<T>(9 * 20, 1), b = normal<T>(20 * 13, 2);
  a[2 * 20 + 7] = nan_v<T>;
  b[11 * 13 + 12] = infinity_v<T>;
  std::vector<T> c(9 * 13);
  kernels::gemm(contiguous({1, 9, 13, 20, false, false}), a.data(), b.data(), c.data());
  for (std::size_t i = 0; i < 9; ++i) {
    for (std::size_t j = 0; j < 13; ++j) {
      CHECK(std::isnan(c[i * 13 + j]) == (i == 2));
      CHECK(std::isinf(c[i * 13 + j]) == (i != 2 && j == 12));
    }
  }
}

TEMPLATE_TEST_CASE("an outlier among small terms does not swallow the others", "[kernels][gemm]",
                   float, double) {
  using T = TestType;
  const Index k = 1000;
  std::vector<T> a(count(k), T(1)), b(count(k), T(1)), c(1);
  a[0] = T(1e6);
  kernels::gemm(contiguous({1, 1, 1, k, false, false}), a.data(), b.data(), c.data());
  CHECK(worst_sum_error(
            c, reference::gemm(contiguous({1, 1, 1, k, false, false}), a.data(), b.data())) <= 2);
}

TEMPLATE_TEST_CASE("gemm has the same bits at any number of threads", "[kernels][gemm]", float,
                   double) {
  using T = TestType;
  for (const Case& s : {Case{1, 700, 90, 520, false, false}, Case{1, 64, 900, 300, false, true},
                        Case{20, 40, 50, 60, true, false}, Case{1, 1, 3000, 500, false, false}}) {
    const auto a = normal<T>(s.batch * s.m * s.k, 1), b = normal<T>(s.batch * s.k * s.n, 2);
    same_at_all_threads([&] {
      std::vector<T> c(count(s.batch * s.m * s.n));
      kernels::gemm(contiguous(s), a.data(), b.data(), c.data());
      return c;
    });
  }
}
