#include "tenon/kernels/bce.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class T>
std::vector<T> uniform(Index n, std::uint64_t stream) {
  std::vector<T> x(count(n));
  detail::fill_uniform(x.data(), n, {5, stream}, 0.0, 1.0);
  return x;
}

using L = long double;

}  // namespace

TEMPLATE_TEST_CASE("bce and its gradient agree with their formulas", "[kernels][bce]", float,
                   double) {
  using T = TestType;
  for (Index n : {0, 1, 1000}) {
    auto p = uniform<T>(n, 1), target = uniform<T>(n, 2);
    const auto dy = normal<T>(n, 3);
    for (std::size_t i = 0; i < target.size(); i += 2) target[i] = std::round(target[i]);
    std::vector<T> y(p.size()), dx(p.size());
    std::vector<L> loss, gradient;
    for (std::size_t i = 0; i < p.size(); ++i) {
      p[i] = std::clamp(p[i], T(1e-3), T(0.999));
      const L q = p[i], t = target[i];
      loss.push_back(-(t * std::log(q) + (1 - t) * std::log1p(-q)));
      gradient.push_back(dy[i] * (q - t) / (q * (1 - q)));
    }
    kernels::bce_forward(n, p.data(), target.data(), y.data());
    kernels::bce_backward(n, dy.data(), p.data(), target.data(), dx.data());
    CHECK(worst_ulps(y, loss) <= 4);
    CHECK(worst_ulps(dx, gradient) <= 4);
  }
}

TEMPLATE_TEST_CASE("bce is clamped at 100 where the probability is exactly 0 or 1",
                   "[kernels][bce]", float, double) {
  using T = TestType;
  const std::vector<T> p{T(0), T(0), T(1), T(1), nan_v<T>}, target{T(0), T(1), T(0), T(1), T(1)};
  const std::vector<T> dy(5, T(1));
  std::vector<T> y(5), dx(5);
  kernels::bce_forward(5, p.data(), target.data(), y.data());
  CHECK(y[0] == T(0));
  CHECK(y[1] == T(100));
  CHECK(y[2] == T(100));
  CHECK(y[3] == T(0));
  CHECK(std::isnan(y[4]));
  kernels::bce_backward(5, dy.data(), p.data(), target.data(), dx.data());
  CHECK(dx[0] == T(0));
  CHECK(dx[1] == Approx(-1e12));
  CHECK(dx[2] == Approx(1e12));
  CHECK(dx[3] == T(0));
  CHECK(std::isnan(dx[4]));
}

TEMPLATE_TEST_CASE("bce_with_logits agrees with its formula, far out too", "[kernels][bce]", float,
                   double) {
  using T = TestType;
  auto x = normal<T>(1000, 1);
  for (T& v : x) v *= T(10);
  const auto dy = normal<T>(1000, 3);
  const auto target = uniform<T>(1000, 2);
  std::vector<T> y(1000), dx(1000);
  kernels::bce_with_logits_forward(1000, x.data(), target.data(), y.data());
  kernels::bce_with_logits_backward(1000, dy.data(), x.data(), target.data(), dx.data());
  double worst = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    const L v = x[i], t = target[i], e = std::exp(-std::abs(v));
    const L loss = std::max<L>(v, 0) - v * t + std::log1p(e);
    const L p = 1 / (1 + std::exp(-v));
    const L scale = std::abs(v) + 1;
    worst = larger(worst, static_cast<double>(std::abs(y[i] - loss) / scale));
    worst = larger(worst, static_cast<double>(std::abs(dx[i] - dy[i] * (p - t)) /
                                              std::max<L>(std::abs(dy[i]), 1)));
  }
  CHECK(worst <= 2 * std::numeric_limits<T>::epsilon());

  const std::vector<T> far{T(1e4), T(-1e4), T(1e4), T(-1e4)}, sides{T(1), T(0), T(0), T(1)};
  kernels::bce_with_logits_forward(4, far.data(), sides.data(), y.data());
  CHECK(y[0] == T(0));
  CHECK(y[1] == T(0));
  CHECK(y[2] == T(1e4));
  CHECK(y[3] == T(1e4));
}

TEMPLATE_TEST_CASE("bce_with_logits keeps its digits where the loss is small, and NaN",
                   "[kernels][bce]", float, double) {
  using T = TestType;
  std::vector<T> x, target;
  std::vector<L> loss;
  for (int i = 0; i <= 1000; ++i) {  // 0 to where the loss is no normal number any more
    const T v = static_cast<T>(0.08 * i);
    x.push_back(v);
    target.push_back(T(1));
    loss.push_back(std::log1p(std::exp(-static_cast<L>(v))));
    x.push_back(-v);
    target.push_back(T(0));
    loss.push_back(loss.back());
  }
  std::vector<T> y(x.size());
  kernels::bce_with_logits_forward(static_cast<Index>(x.size()), x.data(), target.data(), y.data());
  CHECK(worst_ulps(y, loss) <= 3);
  const std::vector<T> bad(19, nan_v<T>), one(19, T(1));
  std::vector<T> bad_y(19), bad_dx(19);
  kernels::bce_with_logits_forward(19, bad.data(), one.data(), bad_y.data());
  kernels::bce_with_logits_backward(19, one.data(), bad.data(), one.data(), bad_dx.data());
  for (const T v : bad_y) CHECK(std::isnan(v));
  for (const T v : bad_dx) CHECK(std::isnan(v));
}

TEMPLATE_TEST_CASE("bce works in place, with the same bits at any number of threads",
                   "[kernels][bce]", float, double) {
  using T = TestType;
  const Index n = 30001;
  const auto x = normal<T>(n, 1), dy = normal<T>(n, 3);
  const auto target = uniform<T>(n, 2), p = uniform<T>(n, 4);
  const auto y = same_at_all_threads([&] {
    std::vector<T> out(count(n));
    kernels::bce_with_logits_forward(n, x.data(), target.data(), out.data());
    return out;
  });
  auto in_place = x;
  kernels::bce_with_logits_forward(n, in_place.data(), target.data(), in_place.data());
  CHECK(same_bits(in_place, y));
  const auto dx = same_at_all_threads([&] {
    std::vector<T> out(count(n));
    kernels::bce_backward(n, dy.data(), p.data(), target.data(), out.data());
    return out;
  });
  in_place = dy;
  kernels::bce_backward(n, in_place.data(), p.data(), target.data(), in_place.data());
  CHECK(same_bits(in_place, dx));
}
