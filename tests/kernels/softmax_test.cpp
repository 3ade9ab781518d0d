#include "tenon/kernels/softmax.hpp"

#include "kernel_support.hpp"
#include "reference/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

std::vector<kernels::SoftmaxDims> cases() {
  return {{1, 1, 1}, {3, 10, 1}, {1, 1000, 1}, {5, 7, 4},   {2, 3, 100},
          {0, 5, 1}, {4, 0, 3},  {2, 5, 0},    {300, 37, 1}};
}

Index size(const kernels::SoftmaxDims& d) { return d.outer * d.n * d.inner; }

template <class T>
std::vector<T> logits(const kernels::SoftmaxDims& d) {
  auto x = normal<T>(size(d));
  for (T& v : x) v *= T(5);
  return x;
}

template <class T>
using Backward = void (*)(const kernels::SoftmaxDims&, const T*, const T*, T*);

}  // namespace

TEMPLATE_TEST_CASE("softmax and log_softmax agree with long double along any axis",
                   "[kernels][softmax]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    const auto x = logits<T>(d);
    std::vector<T> y(x.size());
    const auto log_y = reference::log_softmax(d, x.data());
    kernels::log_softmax_forward(d, x.data(), y.data());
    // Near probability 1 the logarithm is a small difference of large numbers.
    double worst = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      const long double scale = std::max<long double>(std::abs(log_y[i]), 1);
      worst = larger(worst, static_cast<double>(std::abs(y[i] - log_y[i]) / scale));
    }
    const double units = worst / static_cast<double>(std::numeric_limits<T>::epsilon());
    // float is summed in double; for double a sum of n terms may be off by n / 2 units, and of 1000
    // random ones is by about six.
    CHECK(units <= (std::is_same_v<T, float> ? 2 : 8));

    std::vector<long double> expected;
    for (auto v : log_y) expected.push_back(std::exp(v));
    kernels::softmax_forward(d, x.data(), y.data());
    // x - max is rounded before the exponential: its error grows with the distance.
    CHECK(worst_ulps(y, expected) <= 24);
  }
}

TEMPLATE_TEST_CASE("logsumexp agrees with long double along any axis", "[kernels][softmax]", float,
                   double) {
  using T = TestType;
  for (const auto& d : cases()) {
    if (d.n == 0) continue;
    const auto x = logits<T>(d);
    const auto log_y = reference::log_softmax(d, x.data());
    std::vector<T> y(count(d.outer * d.inner));
    kernels::logsumexp(d, x.data(), y.data());
    double worst = 0;
    for (std::size_t k = 0; k < y.size(); ++k) {
      const std::size_t row = k / count(d.inner) * count(d.n * d.inner) + k % count(d.inner);
      const long double expected = static_cast<long double>(x[row]) - log_y[row];
      const long double scale = std::max<long double>(std::abs(expected), 1);
      worst = larger(worst, static_cast<double>(std::abs(y[k] - expected) / scale));
    }
    CHECK(worst <= 2 * static_cast<double>(std::numeric_limits<T>::epsilon()));
    CHECK(same_bits(y, same_at_all_threads([&] {
                      std::vector<T> again(y.size());
                      kernels::logsumexp(d, x.data(), again.data());
                      return again;
                    })));
  }
  const T inf = infinity_v<T>, huge = std::numeric_limits<T>::max() / T(2);
  const std::vector<T> x{-inf, -inf, inf, T(0), inf, -inf, huge, -huge, nan_v<T>, T(1), -inf, T(3)};
  std::vector<T> y(6);
  kernels::logsumexp({6, 2, 1}, x.data(), y.data());
  CHECK(y[0] == -inf);
  CHECK(y[1] == inf);
  CHECK(y[2] == inf);
  CHECK(y[3] == huge);
  CHECK(std::isnan(y[4]));
  CHECK(y[5] == T(3));
}

TEMPLATE_TEST_CASE("softmax survives huge logits, and infinities do what they do in PyTorch",
                   "[kernels][softmax]", float, double) {
  using T = TestType;
  const T huge = std::numeric_limits<T>::max() / T(4);
  std::vector<T> x{huge, huge, -huge, T(0)}, y(4);
  kernels::softmax_forward({1, 4, 1}, x.data(), y.data());
  CHECK(y == std::vector<T>{T(0.5), T(0.5), T(0), T(0)});
  kernels::log_softmax_forward({1, 2, 1}, x.data(), y.data());
  CHECK(std::isfinite(y[0]));

  x = {-infinity_v<T>, T(1), T(1), -infinity_v<T>};
  kernels::softmax_forward({1, 4, 1}, x.data(), y.data());
  CHECK(y == std::vector<T>{T(0), T(0.5), T(0.5), T(0)});
  kernels::log_softmax_forward({1, 4, 1}, x.data(), y.data());
  CHECK(y[0] == -infinity_v<T>);
  CHECK(y[1] == Approx(std::log(0.5)));

  x.assign(4, -infinity_v<T>);
  kernels::softmax_forward({1, 4, 1}, x.data(), y.data());
  for (T v : y) CHECK(std::isnan(v));
  x = {T(0), nan_v<T>, T(1), T(5)};
  kernels::softmax_forward({2, 2, 1}, x.data(), y.data());
  CHECK(std::isnan(y[0]));
  CHECK(std::isfinite(y[2]));
}

TEMPLATE_TEST_CASE("gradients of softmax and log_softmax follow their formulas",
                   "[kernels][softmax]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    const auto x = logits<T>(d), dy = normal<T>(size(d), 7);
    std::vector<T> y(x.size()), log_y(x.size()), dx(x.size()), log_dx(x.size());
    kernels::softmax_forward(d, x.data(), y.data());
    kernels::softmax_backward(d, dy.data(), y.data(), dx.data());
    kernels::log_softmax_forward(d, x.data(), log_y.data());
    kernels::log_softmax_backward(d, dy.data(), log_y.data(), log_dx.data());
    double worst = 0;
    for (Index k = 0; k < size(d); ++k) {
      const Index first = k / (d.n * d.inner) * d.n * d.inner + k % d.inner;
      double dot = 0, sum = 0, magnitude = 1;
      for (Index i = 0; i < d.n; ++i) {
        const std::size_t at = count(first + i * d.inner);
        dot += static_cast<double>(dy[at]) * static_cast<double>(y[at]);
        sum += static_cast<double>(dy[at]);
        magnitude += std::abs(static_cast<double>(dy[at]));
      }
      const std::size_t at = count(k);
      const double g = static_cast<double>(dy[at]);
      const double expected = static_cast<double>(y[at]) * (g - dot);
      const double log_expected = g - std::exp(static_cast<double>(log_y[at])) * sum;
      worst = larger(worst, std::abs(static_cast<double>(dx[at]) - expected) / magnitude);
      worst = larger(worst, std::abs(static_cast<double>(log_dx[at]) - log_expected) / magnitude);
    }
    CHECK(worst <= 2 * std::numeric_limits<T>::epsilon());
  }
}

TEMPLATE_TEST_CASE("softmax works in place, with the same bits at any number of threads",
                   "[kernels][softmax]", float, double) {
  using T = TestType;
  for (const kernels::SoftmaxDims d : {kernels::SoftmaxDims{700, 33, 1}, {30, 50, 12}}) {
    const auto x = logits<T>(d), dy = normal<T>(size(d), 7);
    const auto y = same_at_all_threads([&] {
      std::vector<T> out(x.size());
      kernels::softmax_forward(d, x.data(), out.data());
      return out;
    });
    auto in_place = x;
    kernels::softmax_forward(d, in_place.data(), in_place.data());
    CHECK(same_bits(in_place, y));
    const auto log_y = same_at_all_threads([&] {
      std::vector<T> out(x.size());
      kernels::log_softmax_forward(d, x.data(), out.data());
      return out;
    });
    for (Backward<T> backward :
         {Backward<T>(kernels::softmax_backward), Backward<T>(kernels::log_softmax_backward)}) {
      const auto dx = same_at_all_threads([&] {
        std::vector<T> out(x.size());
        backward(d, dy.data(), log_y.data(), out.data());
        return out;
      });
      in_place = dy;
      backward(d, in_place.data(), log_y.data(), in_place.data());
      CHECK(same_bits(in_place, dx));
      in_place = log_y;
      backward(d, dy.data(), in_place.data(), in_place.data());
      CHECK(same_bits(in_place, dx));
    }
  }
}
