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
