#include "tenon/kernels/activations.hpp"

#include <cmath>

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;
using L = long double;

namespace {

template <class T>
using Forward = void (*)(const kernels::ElementwiseDims<1>&, const T*, const T*, T*);
template <class T>
using Backward = void (*)(const kernels::ElementwiseDims<2>&, const T*, const T*, const T*, T*);

L sigmoid(L x) { return 1 / (1 + std::exp(-x)); }
L softplus(L x) { return std::max(x, L(0)) + std::log1p(std::exp(-std::abs(x))); }

/// One activation: its kernels, its parameters, the formula and its slope, and what they may be off
/// by in units of the last place (the slope, which may pass through 0, of numbers of size 1).
template <class T>
struct Activation {
  const char* name;
  Forward<T> forward;
  Backward<T> backward;
  T p[4];
  L (*plain)(L);
  L (*slope)(L);
  double ulps, slope_ulps;
};

template <class T>
std::vector<Activation<T>> activations() {
  const T inf = infinity_v<T>;
  return {
      {"elu",
       kernels::elu<T>,
       kernels::elu_backward<T>,
       {T(1.5), T(2), T(0.5)},
       [](L x) { return x > 0 ? 2 * x : 3 * std::expm1(x / 2); },
       [](L x) { return x > 0 ? L(2) : L(1.5) * std::exp(x / 2); },
       3,
       4},
      {"softplus",
       kernels::softplus<T>,
       kernels::softplus_backward<T>,
       {T(2), T(10)},
       [](L x) { return 2 * x > 10 ? x : softplus(2 * x) / 2; },
       [](L x) { return 2 * x > 10 ? L(1) : sigmoid(2 * x); },
       4,
       4},
      {"logsigmoid",
       kernels::softplus<T>,
       kernels::softplus_backward<T>,
       {T(-1), inf},
       [](L x) { return -softplus(-x); },
       [](L x) { return sigmoid(-x); },
       4,
       4},
      {"mish",
       kernels::mish<T>,
       kernels::mish_backward<T>,
       {},
       [](L x) { return x * std::tanh(softplus(x)); },
       [](L x) {
         const L t = std::tanh(softplus(x));
         return t + x * (1 - t * t) * sigmoid(x);
       },
       5,
       4},
      {"softsign",
       kernels::softsign<T>,
       kernels::softsign_backward<T>,
       {},
       [](L x) { return x / (1 + std::abs(x)); },
       [](L x) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); },
       2,
       3},
      {"ramp",
       kernels::ramp<T>,
       kernels::ramp_backward<T>,
       {T(3), T(0), T(6), T(1) / T(6)},
       [](L x) { return std::min(std::max(x + 3, L(0)), L(6)) / 6; },
       [](L x) { return x <= -3 || x >= 3 ? L(0) : L(1) / 6; },
       // x + 3 is rounded once, as PyTorch does.
       3,
       2},
      {"hardswish",
       kernels::hardswish<T>,
       kernels::hardswish_backward<T>,
       {},
       [](L x) { return x * std::min(std::max(x + 3, L(0)), L(6)) / 6; },
       [](L x) { return x < -3  ? L(0)
                        : x > 3 ? L(1)
                                : x / 3 + L(0.5); },
       3,
       2},
  };
}

/// Values around zero and further out, where each function still has digits to lose.
template <class T>
std::vector<T> inputs() {
  auto x = normal<T>(3000);
  for (std::size_t i = 0; i < 1500; ++i) x[i] *= T(6);
  for (std::size_t i = 0; i < 500; ++i) x[i] *= T(1e-4);
  for (const double v : {0.0, -0.0, 3.0, -3.0, 1e-20, -1e-20, 50.0, -50.0, 1e30}) {
    x.push_back(static_cast<T>(v));
  }
  return x;
}

template <class T>
double worst_forward(const Activation<T>& a) {
  const auto x = inputs<T>();
  std::vector<T> y(x.size());
  a.forward(flat<1>(static_cast<Index>(x.size())), a.p, x.data(), y.data());
  std::vector<L> expected;
  for (const T v : x) {
    // What is below the smallest normal number is flushed to zero.
    const L y_exact = a.plain(static_cast<L>(v));
    expected.push_back(std::abs(y_exact) < std::numeric_limits<T>::min() ? L(0) : y_exact);
  }
  return worst_ulps(y, expected);
}

/// dy times the slope, off by so many units of dy's last place.
template <class T>
double worst_backward(const Activation<T>& a, const kernels::ElementwiseDims<2>& d) {
  const auto dy = normal<T>(d.numel + 1, 7), x = inputs<T>();
  std::vector<T> dx(count(d.numel));
  a.backward(d, a.p, dy.data(), x.data(), dx.data());
  const auto expected =
      reference::map(d, dy.data(), x.data(), [&](T g, T v) { return L(g) * a.slope(L(v)); });
  const auto sizes = reference::map(d, dy.data(), x.data(), [](T g, T) { return std::abs(g); });
  double worst = 0;
  for (std::size_t i = 0; i < dx.size(); ++i) {
    const L off =
        std::abs(L(dx[i]) - expected[i]) / (L(sizes[i]) * L(std::numeric_limits<T>::epsilon()));
    worst = larger(worst, static_cast<double>(off));
  }
  return worst;
}

}  // namespace

TEMPLATE_TEST_CASE("smooth activations and ramps are right to a few last places",
                   "[kernels][activations]", float, double) {
  for (const auto& a : activations<TestType>()) {
    INFO(a.name);
    CHECK(worst_forward(a) <= a.ulps);
  }
}

TEMPLATE_TEST_CASE("gradients of smooth activations and ramps follow their formulas",
                   "[kernels][activations]", float, double) {
  for (const auto& a : activations<TestType>()) {
    for (const auto& d : {flat<2>(3009), dims<2>({50, 25}, {{1, 50}, {25, 1}}),
                          dims<2>({50, 25}, {{0, 1}, {25, 1}}), flat<2>(0), flat<2>(1)}) {
      INFO(a.name);
      CHECK(worst_backward(a, d) <= a.slope_ulps);
    }
  }
}

TEMPLATE_TEST_CASE("activations have their limits at infinity and pass NaN on",
                   "[kernels][activations]", float, double) {
  using T = TestType;
  const T inf = infinity_v<T>, most = std::numeric_limits<T>::max();
  const std::vector<T> x{inf, -inf, most, -most, nan_v<T>}, dy(5, T(1));
  // At infinity, at -infinity, and the slopes there.
  const T expected[][4] = {{inf, T(-3), T(2), T(0)},  {inf, T(0), T(1), T(0)},
                           {T(0), -inf, T(0), T(1)},  {inf, T(0), T(1), T(0)},
                           {T(1), T(-1), T(0), T(0)}, {T(1), T(0), T(0), T(0)},
                           {inf, T(0), T(1), T(0)}};
  std::size_t row = 0;
  for (const auto& a : activations<T>()) {
    INFO(a.name);
    std::vector<T> y(5), dx(5);
    a.forward(flat<1>(5), a.p, x.data(), y.data());
    a.backward(flat<2>(5), a.p, dy.data(), x.data(), dx.data());
    CHECK(y[0] == expected[row][0]);
    CHECK(y[1] == expected[row][1]);
    CHECK(dx[0] == expected[row][2]);
    CHECK(dx[1] == expected[row][3]);
    CHECK(dx[2] == expected[row][2]);
    CHECK(dx[3] == expected[row][3]);
    CHECK_FALSE(std::isnan(y[2]));
    CHECK_FALSE(std::isnan(y[3]));
    CHECK(std::isnan(y[4]));
    ++row;
  }
}

TEMPLATE_TEST_CASE("prelu takes a slope for all, for a column or for a channel",
                   "[kernels][activations]", float, double) {
  using T = TestType;
  const auto x = normal<T>(600, 1), w = normal<T>(600, 2), dy = normal<T>(600, 3);
  for (const auto& d :
       {dims<3>({600}, {{1}, {1}, {0}}), dims<3>({20, 25}, {{1, 20}, {25, 1}, {0, 1}}),
        dims<3>({20, 25}, {{25, 1}, {25, 1}, {1, 0}}), flat<3>(600), flat<3>(0),
        dims<3>({20, 25}, {{0, 0}, {25, 1}, {1, 0}})}) {
    kernels::ElementwiseDims<2> of_forward{};
    of_forward.numel = d.numel;
    of_forward.rank = d.rank;
    for (int i = 0; i < d.rank; ++i) {
      of_forward.sizes[i] = d.sizes[i];
      of_forward.strides[0][i] = d.strides[1][i];
      of_forward.strides[1][i] = d.strides[2][i];
    }
    std::vector<T> y(count(d.numel)), dx(count(d.numel));
    kernels::prelu(of_forward, x.data(), w.data(), y.data());
    kernels::prelu_backward(d, dy.data(), x.data(), w.data(), dx.data());
    bool right = true;
    for (Index i = 0; i < d.numel; ++i) {
      const T g = dy[count(reference::offset(d, 0, i))], v = x[count(reference::offset(d, 1, i))],
              slope = w[count(reference::offset(d, 2, i))];
      right &= y[count(i)] == (v > T(0) ? v : slope * v);
      right &= dx[count(i)] == (v > T(0) ? g : slope * g);
    }
    CHECK(right);
  }
}

TEMPLATE_TEST_CASE("activations may work in place, with the same bits at any number of threads ",
                   "[kernels][activations]", float, double) {
  using T = TestType;
  const Index n = 50001;
  const auto x = normal<T>(n, 1), dy = normal<T>(n, 2);
  for (const auto& a : activations<T>()) {
    INFO(a.name);
    const auto y = same_at_all_threads([&] {
      std::vector<T> result(count(n));
      a.forward(flat<1>(n), a.p, x.data(), result.data());
      return result;
    });
    const auto dx = same_at_all_threads([&] {
      std::vector<T> result(count(n));
      a.backward(flat<2>(n), a.p, dy.data(), x.data(), result.data());
      return result;
    });
    auto in_place = x, over_dy = dy;
    a.forward(flat<1>(n), a.p, in_place.data(), in_place.data());
    CHECK(same_bits(in_place, y));
    a.backward(flat<2>(n), a.p, over_dy.data(), x.data(), over_dy.data());
    CHECK(same_bits(over_dy, dx));
  }
}
