#include "tenon/kernels/rmsprop.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Case {
  kernels::RMSpropStep step;
  bool centered;
};

}  // namespace

TEMPLATE_TEST_CASE("rmsprop's steps agree with PyTorch's formulas in double", "[kernels][rmsprop]",
                   float, double) {
  using T = TestType;
  const Index n = 1003;
  for (const Case& c :
       {Case{{}, false},
        {{.alpha = 0.7, .eps = 1e-3}, false},
        {{.weight_decay = 0.1}, false},
        {{.eps = 1e-2, .momentum = 0.9}, false},
        {{.alpha = 0.9, .eps = 1e-2}, true},
        {{.alpha = 0.9, .eps = 1e-2, .weight_decay = 0.05, .momentum = 0.5}, true}}) {
    const auto& step = c.step;
    auto w = normal<T>(n, 1);
    std::vector<T> v(count(n)), m(count(n)), b(count(n));
    std::vector<double> exact_w(w.begin(), w.end()), exact_v(count(n)), exact_m(count(n)),
        exact_b(count(n));
    for (int t = 0; t < 5; ++t) {
      const auto g = normal<T>(n, static_cast<std::uint64_t>(10 + t));
      kernels::rmsprop_step(n, step, g.data(), v.data(), c.centered ? m.data() : nullptr,
                            step.momentum > 0 ? b.data() : nullptr, w.data());
      for (std::size_t i = 0; i < w.size(); ++i) {
        const double d = static_cast<double>(g[i]) + step.weight_decay * exact_w[i];
        exact_v[i] = step.alpha * exact_v[i] + (1 - step.alpha) * d * d;
        exact_m[i] = step.alpha * exact_m[i] + (1 - step.alpha) * d;
        const double square = exact_v[i] - (c.centered ? exact_m[i] * exact_m[i] : 0);
        exact_b[i] = step.momentum * exact_b[i] + d / (std::sqrt(square) + step.eps);
        exact_w[i] -= step.lr * exact_b[i];
      }
    }
    double worst = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      worst = larger(worst, std::abs(static_cast<double>(w[i]) - exact_w[i]));
    }
    CHECK(worst <= 16 * std::numeric_limits<T>::epsilon());
  }
}

TEMPLATE_TEST_CASE("the variance of a gradient that never changes does not become NaN",
                   "[kernels][rmsprop]", float, double) {
  using T = TestType;
  const Index n = 500;
  const auto g = normal<T>(n, 3);
  auto w = normal<T>(n, 1);
  std::vector<T> v(count(n)), m(count(n));
  for (int t = 0; t < 300; ++t) {
    kernels::rmsprop_step<T>(n, {.alpha = 0.5, .eps = 1e-2}, g.data(), v.data(), m.data(), nullptr,
                             w.data());
  }
  for (const T value : w) CHECK(std::isfinite(value));
  std::vector<T> bad(count(n), nan_v<T>);
  kernels::rmsprop_step<T>(n, {}, bad.data(), v.data(), m.data(), nullptr, w.data());
  for (const T value : w) CHECK(std::isnan(value));
}

TEMPLATE_TEST_CASE("rmsprop has the same bits at any number of threads", "[kernels][rmsprop]",
                   float, double) {
  using T = TestType;
  const Index n = 70001;
  const auto g = normal<T>(n, 2);
  same_at_all_threads([&] {
    auto w = normal<T>(n, 1);
    std::vector<T> v(count(n), T(1.5)), m(count(n), T(0.1)), b(count(n), T(0.2));
    kernels::rmsprop_step<T>(n, {.momentum = 0.9}, g.data(), v.data(), m.data(), b.data(),
                             w.data());
    for (const auto* part : {&v, &m, &b}) w.insert(w.end(), part->begin(), part->end());
    return w;
  });
  kernels::rmsprop_step<T>(0, {}, nullptr, nullptr, nullptr, nullptr, nullptr);
}
