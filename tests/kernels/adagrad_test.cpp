#include "tenon/kernels/adagrad.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

TEMPLATE_TEST_CASE("adagrad's steps agree with PyTorch's formulas in double", "[kernels][adagrad]",
                   float, double) {
  using T = TestType;
  const Index n = 1003;
  for (const kernels::AdagradStep& step :
       {kernels::AdagradStep{}, {0.1, 0, 1e-10}, {0.1, 0.05, 1e-6}, {0.3, 0, 1e-3}}) {
    auto w = normal<T>(n, 1);
    std::vector<T> s(count(n), T(0.5));
    std::vector<double> exact_w(w.begin(), w.end()), exact_s(count(n), 0.5);
    for (int t = 0; t < 5; ++t) {
      auto g = normal<T>(n, static_cast<std::uint64_t>(10 + t));
      std::fill(g.begin() + 16, g.begin() + 80, T(0));  // rows that a batch did not meet
      kernels::adagrad_step(n, step, g.data(), s.data(), w.data());
      for (std::size_t i = 0; i < w.size(); ++i) {
        const double d = static_cast<double>(g[i]) + step.weight_decay * exact_w[i];
        exact_s[i] += d * d;
        exact_w[i] -= step.lr * d / (std::sqrt(exact_s[i]) + step.eps);
      }
    }
    double worst = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      worst = larger(worst, std::abs(static_cast<double>(w[i]) - exact_w[i]));
      worst = larger(worst, std::abs(static_cast<double>(s[i]) - exact_s[i]) / exact_s[i]);
    }
    CHECK(worst <= 8 * std::numeric_limits<T>::epsilon());
  }
}

TEMPLATE_TEST_CASE("a gradient of zero changes nothing in adagrad", "[kernels][adagrad]", float,
                   double) {
  using T = TestType;
  const Index n = 37;
  const std::vector<T> g(count(n), T(0)), w = normal<T>(n, 1);
  auto s = normal<T>(n, 2);
  for (T& v : s) v = v < T(0.5) ? T(0) : v;  // also where no gradient has come yet
  auto new_s = s, new_w = w;
  kernels::adagrad_step<T>(n, {}, g.data(), new_s.data(), new_w.data());
  CHECK(same_bits(new_s, s));
  CHECK(same_bits(new_w, w));
}

TEMPLATE_TEST_CASE("adagrad propagates NaN, and with decay moves weights without a gradient",
                   "[kernels][adagrad]", float, double) {
  using T = TestType;
  std::vector<T> g(40, T(0)), s(40, T(1)), w(40, T(2));
  g[17] = nan_v<T>;
  kernels::adagrad_step<T>(40, {}, g.data(), s.data(), w.data());
  for (std::size_t i = 0; i < 40; ++i) CHECK(std::isnan(w[i]) == (i == 17));
  std::fill(g.begin(), g.end(), T(0));
  kernels::adagrad_step<T>(40, {.lr = 0.5, .weight_decay = 1}, g.data(), s.data(), w.data());
  CHECK(w[0] == Approx(2 - 0.5 * 2 / std::sqrt(5.0)));
}

TEMPLATE_TEST_CASE("adagrad has the same bits at any number of threads", "[kernels][adagrad]",
                   float, double) {
  using T = TestType;
  const Index n = 70001;
  const auto g = normal<T>(n, 2);
  same_at_all_threads([&] {
    auto w = normal<T>(n, 1);
    std::vector<T> s(count(n), T(0.2));
    kernels::adagrad_step<T>(n, {}, g.data(), s.data(), w.data());
    w.insert(w.end(), s.begin(), s.end());
    return w;
  });
  kernels::adagrad_step<T>(0, {}, nullptr, nullptr, nullptr);
}
