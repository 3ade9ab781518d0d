#include "tenon/kernels/activation.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

#include "kernel_support.hpp"
#include "reference/elementwise.hpp"
#include "tenon/kernels/elementwise.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Values around zero, far out, and the special ones.
template <class T>
std::vector<T> inputs() {
  auto x = normal<T>(3000);
  for (std::size_t i = 0; i < 1000; ++i) x[i] *= T(20);
  for (T v : {T(0), -T(0), T(1e-20), T(-1e-20), T(100), T(-100), T(1e4), T(-1e4), infinity_v<T>,
              -infinity_v<T>, nan_v<T>}) {
    x.push_back(v);
  }
  return x;
}

template <class T, class F>
double worst(void (*kernel)(const kernels::ElementwiseDims<1>&, const T*, T*), const F& f) {
  const auto x = inputs<T>();
  std::vector<T> y(x.size());
  const auto d = flat<1>(static_cast<Index>(x.size()));
  kernel(d, x.data(), y.data());
  return worst_ulps(
      y, reference::map(d, x.data(), [&](T v) { return f(static_cast<long double>(v)); }));
}

}  // namespace

TEMPLATE_TEST_CASE("activations are right to a few last places from -infinity to infinity",
                   "[kernels][activation]", float, double) {
  using T = TestType;
  using L = long double;
  CHECK(worst<T>(kernels::relu, [](L v) { return v <= 0 ? L(0) : v; }) == 0);
  CHECK(worst<T>(kernels::tanh, [](L v) { return std::tanh(v); }) <= 2);
  CHECK(worst<T>(kernels::sigmoid, [](L v) {
          // Where e^-|v| is below the smallest normal number it is flushed to zero.
          const L y = 1 / (1 + std::exp(-v));
          return y < std::numeric_limits<T>::min() ? L(0) : y;
        }) <= 3);
}

TEMPLATE_TEST_CASE("gradients of activations follow their formulas", "[kernels][activation]", float,
                   double) {
  using T = TestType;
  const auto dy = normal<T>(500, 1);
  auto y = normal<T>(500, 2);
  for (T& v : y) v = std::tanh(v);
  y[0] = T(0);
  for (const auto& d : {flat<2>(500), dims<2>({20, 25}, {{1, 20}, {25, 1}}),
                        dims<2>({20, 25}, {{0, 1}, {25, 1}}), flat<2>(0), flat<2>(1)}) {
    std::vector<T> dx(count(d.numel));
    kernels::relu_backward(d, dy.data(), y.data(), dx.data());
    CHECK(dx ==
          reference::map(d, dy.data(), y.data(), [](T g, T v) { return v > T(0) ? g : T(0); }));
    kernels::tanh_backward(d, dy.data(), y.data(), dx.data());
    CHECK(worst_ulps(dx, reference::map(d, dy.data(), y.data(), [](T g, T v) {
                       return static_cast<long double>(g) * (1 - static_cast<long double>(v * v));
                     })) <= 2);
    kernels::sigmoid_backward(d, dy.data(), y.data(), dx.data());
    CHECK(worst_ulps(dx, reference::map(d, dy.data(), y.data(), [](T g, T v) {
                       return static_cast<long double>(g) * v * (1 - static_cast<long double>(v));
                     })) <= 3);
  }
}

TEMPLATE_TEST_CASE("gelu and silu keep their digits where they come near 0",
                   "[kernels][activation]", float, double) {
  using T = TestType;
  using L = long double;
  const auto x = inputs<T>();
  const auto d = flat<1>(static_cast<Index>(x.size()));
  const L root = std::sqrt(8 / std::acos(L(-1)));
  const auto cubic = [&](L v) { return root * (v + L(0.044715) * v * v * v); };
  // Rounding the exponent z of e^z shows in it as that error times z.
  const auto worst_gated = [&](auto kernel, const auto& probability, const auto& exponent) {
    std::vector<T> y(x.size());
    kernel(d, x.data(), y.data());
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const L v = static_cast<L>(x[i]), least = std::numeric_limits<T>::min();
      if (std::isinf(v)) {
        CHECK(y[i] == (v > 0 ? x[i] : T(0)));
      } else if (std::isnan(v)) {
        CHECK(std::isnan(y[i]));
      } else {
        const L p = probability(v), e = p < least ? L(0) : v * p;
        const L unit =
            std::numeric_limits<T>::epsilon() * (std::abs(e) * (1 + std::abs(exponent(v))) + least);
        worst = larger(worst, static_cast<double>(std::abs(static_cast<L>(y[i]) - e) / unit));
      }
    }
    return worst;
  };
  CHECK(worst_gated(
            kernels::gelu<T>, [](L v) { return std::erfc(-v * std::sqrt(L(0.5))) / 2; },
            [](L v) { return v * v / 2; }) <= 3);
  CHECK(worst_gated(
            kernels::gelu_tanh<T>, [&](L v) { return 1 / (1 + std::exp(-cubic(v))); }, cubic) <= 3);
  CHECK(worst_gated(
            kernels::silu<T>, [](L v) { return 1 / (1 + std::exp(-v)); }, [](L) { return L(0); }) <=
        3);
}

TEMPLATE_TEST_CASE("gradients of gelu and silu follow their formulas", "[kernels][activation]",
                   float, double) {
  using T = TestType;
  using L = long double;
  const auto dy = normal<T>(500, 1);
  auto x = normal<T>(500, 2);
  for (std::size_t i = 0; i < 200; ++i) x[i] *= T(5);
  x[0] = T(0);
  const L root = std::sqrt(8 / std::acos(L(-1)));
  const auto sigmoid = [](L v) { return 1 / (1 + std::exp(-v)); };
  for (const auto& d : {flat<2>(500), dims<2>({20, 25}, {{1, 20}, {25, 1}}),
                        dims<2>({20, 25}, {{0, 1}, {25, 1}}), flat<2>(0), flat<2>(1)}) {
    // The slope passes through 0, so that its error is measured against 1.
    const auto worst = [&](auto kernel, const auto& slope) {
      std::vector<T> dx(count(d.numel));
      kernel(d, dy.data(), x.data(), dx.data());
      const auto expected =
          reference::map(d, dy.data(), x.data(), [&](T g, T v) { return L(g) * slope(L(v)); });
      const auto scale = reference::map(d, dy.data(), x.data(), [](T g, T) { return std::abs(g); });
      double most = 0;
      for (std::size_t i = 0; i < dx.size(); ++i) {
        most = larger(most, static_cast<double>(std::abs(static_cast<L>(dx[i]) - expected[i]) /
                                                static_cast<L>(scale[i])));
      }
      return most / static_cast<double>(std::numeric_limits<T>::epsilon());
    };
    CHECK(worst(kernels::gelu_backward<T>, [](L v) {
            return std::erfc(-v * std::sqrt(L(0.5))) / 2 +
                   v * std::exp(-v * v / 2) / std::sqrt(2 * std::acos(L(-1)));
          }) <= 3);
    CHECK(worst(kernels::gelu_tanh_backward<T>, [&](L v) {
            const L s = sigmoid(root * (v + L(0.044715) * v * v * v));
            return s + v * s * (1 - s) * root * (1 + 3 * L(0.044715) * v * v);
          }) <= 3);
    CHECK(worst(kernels::silu_backward<T>, [&](L v) {
            const L s = sigmoid(v);
            return s + v * s * (1 - s);
          }) <= 3);
  }
}

TEMPLATE_TEST_CASE("gradients of gelu and silu are 0 or dy where nothing changes any more",
                   "[kernels][activation]", float, double) {
  using T = TestType;
  const std::vector<T> dy(7, T(3)),
      x{-infinity_v<T>, std::numeric_limits<T>::lowest(), T(-1e4),
        T(1e4),         std::numeric_limits<T>::max(),    infinity_v<T>,
        nan_v<T>};
  for (const auto kernel :
       {kernels::gelu_backward<T>, kernels::gelu_tanh_backward<T>, kernels::silu_backward<T>}) {
    std::vector<T> dx(7);
    kernel(flat<2>(7), dy.data(), x.data(), dx.data());
    for (std::size_t i = 0; i < 6; ++i) CHECK(dx[i] == (i < 3 ? T(0) : T(3)));
    CHECK(std::isnan(dx[6]));
  }
}

TEMPLATE_TEST_CASE("relu's gradient treats 0 and NaN as PyTorch does", "[kernels][activation]",
                   float, double) {
  using T = TestType;
  const std::vector<T> dy{T(3), T(3), T(3), nan_v<T>}, y{T(0), nan_v<T>, T(1), T(0)};
  std::vector<T> dx(4);
  kernels::relu_backward(flat<2>(4), dy.data(), y.data(), dx.data());
  CHECK(dx == std::vector<T>{T(0), T(3), T(3), T(0)});
}

TEMPLATE_TEST_CASE("activations may work in place, with the same bits at any number of threads",
                   "[kernels][activation]", float, double) {
  using T = TestType;
  const Index n = 50001;
  const auto x = normal<T>(n, 1), dy = normal<T>(n, 2);
  const auto apart = same_at_all_threads([&] {
    std::vector<T> y(count(n)), dx(count(n));
    kernels::tanh(flat<1>(n), x.data(), y.data());
    kernels::sigmoid(flat<1>(n), y.data(), dx.data());
    kernels::relu(flat<1>(n), dx.data(), y.data());
    kernels::sigmoid_backward(flat<2>(n), dy.data(), y.data(), dx.data());
    return dx;
  });
  for (const auto kernel : {kernels::gelu<T>, kernels::gelu_tanh<T>, kernels::silu<T>}) {
    auto z = x;
    kernel(flat<1>(n), z.data(), z.data());
    CHECK(same_bits(z, same_at_all_threads([&] {
                      std::vector<T> result(count(n));
                      kernel(flat<1>(n), x.data(), result.data());
                      return result;
                    })));
  }
  for (const auto kernel :
       {kernels::gelu_backward<T>, kernels::gelu_tanh_backward<T>, kernels::silu_backward<T>}) {
    auto z = x;
    kernel(flat<2>(n), dy.data(), z.data(), z.data());
    CHECK(same_bits(z, same_at_all_threads([&] {
                      std::vector<T> result(count(n));
                      kernel(flat<2>(n), dy.data(), x.data(), result.data());
                      return result;
                    })));
  }
  auto y = x, dx = dy;
  kernels::tanh(flat<1>(n), y.data(), y.data());
  kernels::sigmoid(flat<1>(n), y.data(), y.data());
  kernels::relu(flat<1>(n), y.data(), y.data());
  kernels::sigmoid_backward(flat<2>(n), dx.data(), y.data(), dx.data());
  CHECK(same_bits(dx, apart));
  kernels::relu_backward(flat<2>(n), dy.data(), y.data(), y.data());
  CHECK(same_bits(y, dy));
}

TEST_CASE("exp, log, tanh and sigmoid of float are as close as the documentation says",
          "[kernels][activation]") {
  // Numbers of all sizes and both signs: every 97th float.
  std::vector<float> x;
  for (std::uint32_t bits = 0x2f800000; bits < 0x42ae0000; bits += 97) {  // 2^-32 to 87
    x.push_back(std::bit_cast<float>(bits));
    x.push_back(-x.back());
  }
  const auto d = flat<1>(static_cast<Index>(x.size()));
  const auto worst = [&](auto kernel, const auto& f) {
    std::vector<float> y(x.size());
    std::vector<double> expected;
    kernel(d, x.data(), y.data());
    for (const float v : x) expected.push_back(f(static_cast<double>(v)));
    return worst_ulps(y, expected);
  };
  CHECK(worst(kernels::exp<float>, [](double v) { return std::exp(v); }) <= 1.1);
  CHECK(worst(kernels::tanh<float>, [](double v) { return std::tanh(v); }) <= 1.4);
  CHECK(worst(kernels::sigmoid<float>, [](double v) { return 1 / (1 + std::exp(-v)); }) <= 2.5);
  CHECK(worst(kernels::log<float>, [](double v) { return std::log(v); }) <= 0.9);
}
