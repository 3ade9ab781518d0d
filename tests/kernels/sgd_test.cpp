#include "tenon/kernels/sgd.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEMPLATE_TEST_CASE("sgd's steps agree with PyTorch's formulas in double", "[kernels][sgd]", float,
                   double) {
  using T = TestType;
  const Index n = 1000;
  for (const kernels::SgdStep& option : {kernels::SgdStep{0.1, 0, 0, 0, false, false},
                                         {0.1, 0, 0, 0.01, false, false},
                                         {0.1, 0.9, 0, 0, false, false},
                                         {0.05, 0.9, 0.3, 0.02, false, false},
                                         {0.1, 0.8, 0, 0.01, true, false}}) {
    auto w = normal<T>(n, 1);
    std::vector<T> buffer(count(n), nan_v<T>);  // the first step must not read it
    std::vector<double> exact_w(w.begin(), w.end()), exact_buffer(count(n));
    for (int t = 0; t < 4; ++t) {
      const auto g = normal<T>(n, static_cast<std::uint64_t>(10 + t));
      kernels::SgdStep step = option;
      step.first = t == 0;
      kernels::sgd_step(n, step, g.data(), step.momentum == 0 ? nullptr : buffer.data(), w.data());
      for (std::size_t i = 0; i < w.size(); ++i) {
        double d = static_cast<double>(g[i]) + step.weight_decay * exact_w[i];
        if (step.momentum != 0) {
          double& b = exact_buffer[i];
          b = t == 0 ? d : step.momentum * b + (1 - step.dampening) * d;
          d = step.nesterov ? d + step.momentum * b : b;
        }
        exact_w[i] -= step.lr * d;
      }
    }
    double worst = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      worst = larger(worst, std::abs(static_cast<double>(w[i]) - exact_w[i]));
    }
    CHECK(worst <= 8 * std::numeric_limits<T>::epsilon());
  }
}

TEMPLATE_TEST_CASE(
    "sgd takes any number of elements and has the same bits at any number of threads",
    "[kernels][sgd]", float, double) {
  using T = TestType;
  const Index n = 70001;
  const auto g = normal<T>(n, 2);
  same_at_all_threads([&] {
    auto w = normal<T>(n, 1);
    std::vector<T> buffer(count(n), T(1));
    kernels::sgd_step<T>(n, {0.1, 0.9, 0, 0.01, true, false}, g.data(), buffer.data(), w.data());
    return w;
  });
  kernels::sgd_step<T>(0, {}, nullptr, nullptr, nullptr);
}

TEMPLATE_TEST_CASE("without decay an infinite weight stays infinite", "[kernels][sgd]", float,
                   double) {
  const TestType g = TestType(1);
  TestType w = infinity_v<TestType>;
  kernels::sgd_step<TestType>(1, {}, &g, nullptr, &w);
  CHECK(w == infinity_v<TestType>);
}

TEMPLATE_TEST_CASE("sgd changes the elements that it is told to, whatever their number",
                   "[kernels][sgd]", float, double) {
  using T = TestType;
  const auto g = normal<T>(70, 1);
  for (bool has_momentum : {false, true}) {
    const kernels::SgdStep step{0.5, has_momentum ? 0.5 : 0};
    for (Index n = 0; n < 70; ++n) {
      std::vector<T> w(70, T(1)), buffer(70, T(2));
      kernels::sgd_step(n, step, g.data(), has_momentum ? buffer.data() : nullptr, w.data());
      bool same = true;
      for (Index i = 0; i < 70; ++i) {
        const T fresh = has_momentum ? T(1) + g[count(i)] : g[count(i)];
        same = same && w[count(i)] == (i < n ? T(1) - T(0.5) * fresh : T(1));
        same = same && buffer[count(i)] == (i < n && has_momentum ? fresh : T(2));
      }
      CHECK(same);
    }
  }
}
