#include "tenon/kernels/adam.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

kernels::AdamStep at(kernels::AdamStep step, int t) {
  step.bias_correction1 = 1 - std::pow(step.beta1, t);
  step.bias_correction2 = 1 - std::pow(step.beta2, t);
  return step;
}

}  // namespace

TEMPLATE_TEST_CASE("adam's steps agree with PyTorch's formulas in double", "[kernels][adam]", float,
                   double) {
  using T = TestType;
  const Index n = 1000;
  for (const kernels::AdamStep& option : {kernels::AdamStep{},
                                          {0.01, 0.8, 0.99, 1e-6, 0.1, false},
                                          {0.01, 0.9, 0.999, 1e-8, 0.1, true},
                                          {0.01, 0.3, 0.5, 1e-3, 0, false}}) {
    auto w = normal<T>(n, 1);
    std::vector<T> m(count(n)), v(count(n));
    std::vector<double> exact_w(w.begin(), w.end()), exact_m(count(n)), exact_v(count(n));
    for (int t = 1; t <= 5; ++t) {
      const auto g = normal<T>(n, static_cast<std::uint64_t>(10 + t));
      const auto step = at(option, t);
      kernels::adam_step(n, step, g.data(), m.data(), v.data(), w.data());
      for (std::size_t i = 0; i < w.size(); ++i) {
        double d = static_cast<double>(g[i]);
        if (step.decoupled) {
          exact_w[i] -= step.lr * step.weight_decay * exact_w[i];
        } else {
          d += step.weight_decay * exact_w[i];
        }
        exact_m[i] = step.beta1 * exact_m[i] + (1 - step.beta1) * d;
        exact_v[i] = step.beta2 * exact_v[i] + (1 - step.beta2) * d * d;
        const double root = std::sqrt(exact_v[i] / step.bias_correction2) + step.eps;
        exact_w[i] -= step.lr * (exact_m[i] / step.bias_correction1) / root;
      }
    }
    double worst = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      worst = larger(worst, std::abs(static_cast<double>(w[i]) - exact_w[i]));
    }
    CHECK(worst <= 8 * std::numeric_limits<T>::epsilon());
  }
}

TEMPLATE_TEST_CASE("adam's first step moves every weight by the learning rate", "[kernels][adam]",
                   float, double) {
  using T = TestType;
  const std::vector<T> g{T(1e-3), T(-5), T(0), T(1e4)};
  std::vector<T> w(4), m(4), v(4);
  kernels::adam_step<T>(4, at({0.5}, 1), g.data(), m.data(), v.data(), w.data());
  CHECK(w[0] == Approx(-0.5).epsilon(1e-4));
  CHECK(w[1] == Approx(0.5).epsilon(1e-4));
  CHECK(w[2] == T(0));
  CHECK(w[3] == Approx(-0.5).epsilon(1e-4));
}

TEMPLATE_TEST_CASE("adam has the same bits at any number of threads", "[kernels][adam]", float,
                   double) {
  using T = TestType;
  const Index n = 70001;
  const auto g = normal<T>(n, 2);
  same_at_all_threads([&] {
    auto w = normal<T>(n, 1);
    std::vector<T> m(count(n), T(0.1)), v(count(n), T(0.2));
    kernels::adam_step<T>(n, at({}, 3), g.data(), m.data(), v.data(), w.data());
    w.insert(w.end(), m.begin(), m.end());
    w.insert(w.end(), v.begin(), v.end());
    return w;
  });
  kernels::adam_step<T>(0, {}, nullptr, nullptr, nullptr, nullptr);
}
