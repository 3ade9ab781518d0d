#include "tenon/kernels/adaptive_max_pool2d.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;
using kernels::AdaptivePool2dDims;

namespace {

/// Whether position p belongs to window i: (i H) / out <= p < ((i + 1) H) / out, in real numbers,
/// the bounds rounded outwards.
bool belongs(Index p, Index i, Index size, Index outputs) {
  return (p + 1) * outputs > i * size && p * outputs < (i + 1) * size;
}

}  // namespace

TEMPLATE_TEST_CASE("adaptive_max_pool2d finds the first largest pixel of each window",
                   "[kernels][adaptive_max_pool2d]", float, double) {
  using T = TestType;
  for (const bool with_nan : {false, true}) {
    for (const AdaptivePool2dDims& d :
         {AdaptivePool2dDims{1, 1, 1, 1, 1}, AdaptivePool2dDims{2, 5, 7, 2, 3},
          AdaptivePool2dDims{3, 7, 5, 7, 5}, AdaptivePool2dDims{2, 3, 4, 5, 9},
          AdaptivePool2dDims{2, 6, 8, 3, 2}, AdaptivePool2dDims{0, 3, 3, 2, 2},
          AdaptivePool2dDims{2, 3, 3, 0, 2}, AdaptivePool2dDims{500, 13, 11, 4, 6}}) {
      INFO(d.h << " x " << d.w << " to " << d.out_h << " x " << d.out_w);
      auto x = normal<T>(d.planes * d.h * d.w, 1);
      for (T& v : x) v = std::round(v * T(2));  // many ties
      for (std::size_t i = 3; with_nan && i < x.size(); i += 11) x[i] = nan_v<T>;
      std::vector<std::int64_t> expected;
      for (Index p = 0; p < d.planes; ++p) {
        const T* image = x.data() + p * d.h * d.w;
        for (Index i = 0; i < d.out_h; ++i) {
          for (Index j = 0; j < d.out_w; ++j) {
            Index best = -1;
            for (Index at = 0; at < d.h * d.w; ++at) {
              if (!belongs(at / d.w, i, d.h, d.out_h) || !belongs(at % d.w, j, d.w, d.out_w)) {
                continue;
              }
              const bool better = best < 0 || (!std::isnan(image[best]) &&
                                               (std::isnan(image[at]) || image[at] > image[best]));
              if (better) best = at;
            }
            expected.push_back(best);
          }
        }
      }
      CHECK(expected == same_at_all_threads([&] {
              std::vector<std::int64_t> argmax(expected.size(), -1);
              kernels::adaptive_max_pool2d(d, x.data(), argmax.data());
              return argmax;
            }));
    }
  }
}
