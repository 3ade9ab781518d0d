#include "tenon/kernels/adaptive.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// What a step changes, in double: w and the two arrays beside it.
struct Exact {
  std::vector<double> a, b, w;
};

/// Runs five steps of kernel and of formula(gradient, a, b, w) side by side; returns the greatest
/// difference of w, relative to what w can be.
template <class T, class Kernel, class Formula>
double worst_of(const Kernel& kernel, const Formula& formula) {
  const Index n = 1003;
  auto w = normal<T>(n, 1);
  std::vector<T> a(count(n), T(0.25)), b(count(n), T(0.5));
  Exact exact{{a.begin(), a.end()}, {b.begin(), b.end()}, {w.begin(), w.end()}};
  for (std::uint64_t t = 0; t < 5; ++t) {
    const auto g = normal<T>(n, 10 + t);
    kernel(n, g.data(), a.data(), b.data(), w.data());
    for (std::size_t i = 0; i < w.size(); ++i) {
      formula(static_cast<double>(g[i]), exact.a[i], exact.b[i], exact.w[i]);
    }
  }
  double worst = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    worst = larger(worst, std::abs(static_cast<double>(w[i]) - exact.w[i]));
    worst = larger(worst, std::abs(static_cast<double>(a[i]) - exact.a[i]));
    worst = larger(worst, std::abs(static_cast<double>(b[i]) - exact.b[i]));
  }
  return worst / std::numeric_limits<T>::epsilon();
}

}  // namespace

TEMPLATE_TEST_CASE("the rarer optimisers' steps agree with their formulas in double",
                   "[kernels][adaptive]", float, double) {
  using T = TestType;
  for (const double decay : {0.0, 0.125}) {
    const kernels::AdadeltaStep adadelta{0.5, 0.75, 1e-3, decay};
    CHECK(worst_of<T>([&](Index n, const T* g, T* v, T* a,
                          T* w) { kernels::adadelta_step(n, adadelta, g, v, a, w); },
                      [&](double g, double& v, double& a, double& w) {
                        g += decay * w;
                        v = 0.75 * v + 0.25 * g * g;
                        const double d = std::sqrt((a + 1e-3) / (v + 1e-3)) * g;
                        a = 0.75 * a + 0.25 * d * d;
                        w -= 0.5 * d;
                      }) <= 32);
    const kernels::AdamaxStep adamax{0.125, 0.5, 0.75, 1e-3, decay};
    CHECK(worst_of<T>([&](Index n, const T* g, T* m, T* u,
                          T* w) { kernels::adamax_step(n, adamax, g, m, u, w); },
                      [&](double g, double& m, double& u, double& w) {
                        g += decay * w;
                        m = 0.5 * m + 0.5 * g;
                        u = std::max(0.75 * u, std::abs(g) + 1e-3);
                        w -= 0.125 * m / u;
                      }) <= 32);
    for (const bool divides : {true, false}) {
      const kernels::AdaptiveStep step{1 - decay, decay, 0.5,   0.75,   1e-3,
                                       0.5,       0.25,  0.125, divides};
      CHECK(worst_of<T>([&](Index n, const T* g, T* m, T* v,
                            T* w) { kernels::adaptive_step(n, step, g, m, v, w); },
                        [&](double g, double& m, double& v, double& w) {
                          w *= 1 - decay;
                          g += decay * w;
                          m = 0.5 * m + 0.5 * g;
                          v = 0.75 * v + 0.25 * g * g;
                          w -= (0.25 * g + 0.125 * m) / (divides ? 2 * std::sqrt(v) + 1e-3 : 1);
                        }) <= 32);
    }
  }
}

TEMPLATE_TEST_CASE("the rarer optimisers keep NaN where it came, and infinite weights finite steps",
                   "[kernels][adaptive]", float, double) {
  using T = TestType;
  std::vector<T> g(40, T(1)), a(40, T(1)), b(40, T(1)), w(40, T(2));
  g[17] = nan_v<T>;
  w[3] = std::numeric_limits<T>::infinity();
  const auto check = [&](const auto& kernel) {
    auto new_a = a, new_b = b, new_w = w;
    kernel(40, g.data(), new_a.data(), new_b.data(), new_w.data());
    for (std::size_t i = 0; i < 40; ++i) CHECK(std::isnan(new_w[i]) == (i == 17));
    const std::vector<T> fine(40, T(1));  // the next step's gradient does not make it forgotten
    kernel(40, fine.data(), new_a.data(), new_b.data(), new_w.data());
    for (std::size_t i = 0; i < 40; ++i) CHECK(std::isnan(new_b[i]) == (i == 17));
    CHECK(std::isnan(new_w[17]));
  };
  check(
      [](Index n, const T* x, T* v, T* d, T* y) { kernels::adadelta_step<T>(n, {}, x, v, d, y); });
  check([](Index n, const T* x, T* m, T* u, T* y) { kernels::adamax_step<T>(n, {}, x, m, u, y); });
  check([](Index n, const T* x, T* m, T* v, T* y) {
    kernels::adaptive_step<T>(n, {.mean_rate = 0.1}, x, m, v, y);
  });
}

TEMPLATE_TEST_CASE("the rarer optimisers have the same bits at any number of threads",
                   "[kernels][adaptive]", float, double) {
  using T = TestType;
  const Index n = 70001;
  const auto g = normal<T>(n, 2);
  same_at_all_threads([&] {
    auto w = normal<T>(n, 1);
    std::vector<T> a(count(n), T(0.2)), b(count(n), T(0.3));
    kernels::adadelta_step<T>(n, {}, g.data(), a.data(), b.data(), w.data());
    kernels::adamax_step<T>(n, {}, g.data(), a.data(), b.data(), w.data());
    kernels::adaptive_step<T>(n, {.mean_rate = 0.1}, g.data(), a.data(), b.data(), w.data());
    w.insert(w.end(), a.begin(), a.end());
    w.insert(w.end(), b.begin(), b.end());
    return w;
  });
  kernels::adadelta_step<T>(0, {}, nullptr, nullptr, nullptr, nullptr);
  kernels::adamax_step<T>(0, {}, nullptr, nullptr, nullptr, nullptr);
  kernels::adaptive_step<T>(0, {}, nullptr, nullptr, nullptr, nullptr);
}
