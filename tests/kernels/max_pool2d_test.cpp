#include "tenon/kernels/max_pool2d.hpp"

#include "kernel_support.hpp"
#include "reference/max_pool2d.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Window {
  Index kh, kw, stride_h, stride_w, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1;
};

kernels::Pool2dDims pool(Index n, Index c, Index h, Index w, const Window& s) {
  kernels::Pool2dDims d{};
  d.n = n;
  d.c = c;
  d.h = h;
  d.w = w;
  d.kh = s.kh;
  d.kw = s.kw;
  d.out_h = (h + 2 * s.pad_h - s.dilation_h * (s.kh - 1) - 1) / s.stride_h + 1;
  d.out_w = (w + 2 * s.pad_w - s.dilation_w * (s.kw - 1) - 1) / s.stride_w + 1;
  d.stride_h = s.stride_h;
  d.stride_w = s.stride_w;
  d.pad_h = s.pad_h;
  d.pad_w = s.pad_w;
  d.dilation_h = s.dilation_h;
  d.dilation_w = s.dilation_w;
  return d;
}

std::vector<kernels::Pool2dDims> cases() {
  return {pool(1, 1, 1, 1, {1, 1, 1, 1}),
          pool(2, 3, 8, 6, {2, 2, 2, 2}),
          pool(2, 3, 9, 7, {2, 2, 2, 2}),  // the last row and column are in no window
          pool(1, 2, 7, 8, {3, 2, 1, 1}),
          pool(2, 1, 7, 8, {3, 3, 2, 2, 1, 1}),
          pool(1, 2, 9, 11, {3, 2, 2, 3, 1, 0, 2, 1}),
          pool(1, 2, 10, 10, {2, 3, 1, 1, 1, 2, 3, 2}),
          pool(1, 1, 5, 5, {5, 5, 1, 1, 2, 2}),
          pool(3, 2, 4, 4, {1, 1, 3, 3}),
          pool(0, 3, 4, 4, {2, 2, 2, 2}),
          pool(2, 0, 4, 4, {2, 2, 2, 2}),
          pool(8, 16, 26, 26, {2, 2, 2, 2}),
          pool(3, 2, 2, 2, {2, 2, 2, 2}),
          pool(2, 2, 5, 67, {2, 2, 2, 2}),  // several vectors a row
          pool(1, 3, 31, 3, {2, 2, 2, 2}),
          pool(1, 1, 3, 33, {2, 2, 2, 2})};
}

Index inputs(const kernels::Pool2dDims& d) { return d.n * d.c * d.h * d.w; }
Index outputs(const kernels::Pool2dDims& d) { return d.n * d.c * d.out_h * d.out_w; }

}  // namespace

TEMPLATE_TEST_CASE("max_pool2d takes the first largest pixel of every window",
                   "[kernels][max_pool2d]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    auto x = normal<T>(inputs(d));
    for (T& v : x) v = std::round(v * T(4));  // many ties
    for (int special = 0; special < 3; ++special) {
      if (special == 1) std::fill(x.begin(), x.end(), -infinity_v<T>);
      for (std::size_t i = 0; special == 2 && i < x.size(); i += 7) x[i] = nan_v<T>;
      std::vector<T> y(count(outputs(d)));
      std::vector<std::int32_t> argmax(y.size());
      kernels::max_pool2d_forward(d, x.data(), y.data(), argmax.data());
      const auto expected = reference::max_pool2d(d, x.data());
      CHECK(worst_ulps(y, expected.y) == 0);
      CHECK(argmax == expected.argmax);
      std::vector<T> alone(y.size());
      kernels::max_pool2d_forward<T>(d, x.data(), alone.data(), nullptr);
      CHECK(worst_ulps(alone, expected.y) == 0);
    }
  }
}

TEMPLATE_TEST_CASE("max_pool2d's gradient goes to the pixels taken, and gather is its transpose",
                   "[kernels][max_pool2d]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    const auto x = normal<T>(inputs(d), 1), v = normal<T>(inputs(d), 3);
    const auto dy = normal<T>(outputs(d), 2);
    std::vector<T> y(dy.size()), dx(x.size(), nan_v<T>), gathered(dy.size());
    std::vector<std::int32_t> argmax(dy.size());
    kernels::max_pool2d_forward(d, x.data(), y.data(), argmax.data());
    kernels::max_pool2d_backward<T>(d, dy.data(), argmax.data(), nullptr, dx.data());
    kernels::max_pool2d_gather(d, v.data(), argmax.data(), gathered.data());

    std::vector<T> expected(x.size());
    double left = 0, right = 0;
    for (Index k = 0; k < outputs(d); ++k) {
      const Index at = k / (d.out_h * d.out_w) * d.h * d.w + argmax[count(k)];
      expected[count(at)] += dy[count(k)];
      CHECK(y[count(k)] == x[count(at)]);
      CHECK(gathered[count(k)] == v[count(at)]);
      left += static_cast<double>(gathered[count(k)] * dy[count(k)]);
    }
    CHECK(dx == expected);
    for (Index k = 0; k < inputs(d); ++k) right += static_cast<double>(v[count(k)] * dx[count(k)]);
    CHECK(left == Approx(right).epsilon(1e-4).margin(1e-4));
  }
}

TEMPLATE_TEST_CASE("a pooling with relu is a relu afterwards, and so is its gradient",
                   "[kernels][max_pool2d]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    auto x = normal<T>(inputs(d), 1);
    for (std::size_t i = 0; i < x.size(); i += 11) x[i] = nan_v<T>;
    for (T& v : x) v -= T(0.8);  // enough windows of negative pixels
    const auto dy = normal<T>(outputs(d), 2);
    std::vector<T> y(dy.size()), fused(dy.size()), dx(x.size()), masked(dy);
    std::vector<std::int32_t> argmax(dy.size()), fused_argmax(dy.size());
    kernels::max_pool2d_forward(d, x.data(), y.data(), argmax.data());
    kernels::max_pool2d_forward(d, x.data(), fused.data(), fused_argmax.data(), true);
    CHECK(fused_argmax == argmax);
    for (std::size_t k = 0; k < y.size(); ++k) {
      if (y[k] <= 0) y[k] = masked[k] = 0;
    }
    CHECK(same_bits(fused, y));
    std::vector<T> expected(x.size());
    kernels::max_pool2d_backward<T>(d, masked.data(), argmax.data(), nullptr, expected.data());
    kernels::max_pool2d_backward<T>(d, dy.data(), argmax.data(), fused.data(), dx.data());
    CHECK(dx == expected);
  }
}

TEMPLATE_TEST_CASE("max_pool2d has the same bits at any number of threads", "[kernels][max_pool2d]",
                   float, double) {
  using T = TestType;
  const auto d = pool(16, 8, 20, 20, {3, 3, 2, 2, 1, 1});
  const auto x = normal<T>(inputs(d), 1), dy = normal<T>(outputs(d), 2);
  same_at_all_threads([&] {
    std::vector<T> y(dy.size()), dx(x.size());
    std::vector<std::int32_t> argmax(dy.size());
    kernels::max_pool2d_forward(d, x.data(), y.data(), argmax.data());
    kernels::max_pool2d_backward<T>(d, dy.data(), argmax.data(), nullptr, dx.data());
    return dx;
  });
}
