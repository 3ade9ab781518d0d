// Products whose operands are larger than a cache: tiles that fetch ahead, sums that pass all
// panels block by block, a weight that is transposed for all blocks of rows at once.

#include "kernel_support.hpp"
#include "tenon/kernels/gemm.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr double allowed = 8;  // as in gemm_test.cpp

struct Sizes {
  Index m, n, k;
};

/// Rows of a and b lie `gap` farther apart than they are long.
kernels::GemmDims dims_of(const Sizes& s, bool a_transposed, bool b_transposed, Index gap) {
  kernels::GemmDims d{};
  d.m = s.m;
  d.n = s.n;
  d.k = s.k;
  d.a_row = a_transposed ? 1 : s.k + gap;
  d.a_col = a_transposed ? s.m + gap : 1;
  d.b_row = b_transposed ? 1 : s.n + gap;
  d.b_col = b_transposed ? s.k + gap : 1;
  d.c_row = s.n;
  return d;
}

}  // namespace

TEMPLATE_TEST_CASE(
    "large products agree with a double product and have the same bits at any "
    "number of threads",
    "[kernels][gemm]", float, double) {
  using T = TestType;
  for (const Sizes& s : {Sizes{1100, 64, 64}, Sizes{701, 130, 129}, Sizes{1500, 70, 65},
                         Sizes{98, 64, 1300}, Sizes{127, 200, 1153}, Sizes{200, 256, 577}}) {
    for (int layout = 0; layout < 8; ++layout) {
      const bool a_transposed = (layout & 1) != 0, b_transposed = (layout & 2) != 0;
      const Index gap = (layout & 4) != 0 ? 5 : 0;
      const auto d = dims_of(s, a_transposed, b_transposed, gap);
      const auto a = normal<T>((s.m + gap) * (s.k + gap), 1);
      const auto b = normal<T>((s.k + gap) * (s.n + gap), 2);
      INFO(s.m << "x" << s.n << "x" << s.k << " layout " << layout);
      const auto c = same_at_all_threads([&] {
        std::vector<T> values(count(s.m * s.n), nan_v<T>);
        kernels::gemm(d, a.data(), b.data(), values.data());
        return values;
      });
      CHECK(worst_sum_error(c, reference::gemm(d, a.data(), b.data())) <= allowed);
    }
  }
}
