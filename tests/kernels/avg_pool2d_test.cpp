#include "reference/avg_pool2d.hpp"

#include "kernel_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Axis = kernels::AvgPool2dAxis;

Axis windows(Index size, Index kernel, Index stride, Index pad = 0) {
  return {size, (size + 2 * pad - kernel) / stride + 1, kernel, stride, pad};
}
/// One window more, which begins inside the image and ends behind the padding.
Axis rounded_up(Index size, Index kernel, Index stride, Index pad = 0) {
  Axis axis = windows(size, kernel, stride, pad);
  ++axis.outputs;
  return axis;
}
Axis adaptive(Index size, Index outputs) { return {size, outputs}; }

std::vector<kernels::AvgPool2dDims> cases() {
  const auto squares = [](Index size) { return windows(size, 2, 2); };
  return {{1, windows(1, 1, 1), windows(1, 1, 1)},
          {6, squares(8), squares(6)},
          {6, squares(9), squares(7)},  // the last row and column are in no window
          {3, squares(2), squares(2)},
          {4, squares(5), squares(67)},  // several vectors a row
          {2, squares(4), squares(32)},
          {2, squares(4), squares(33), true, 4},
          {2, squares(4), squares(33), true, 3},
          {2, squares(6), rounded_up(7, 2, 2)},
          {2, rounded_up(7, 2, 2), squares(6), false},
          {2, windows(7, 3, 1), windows(8, 2, 1)},
          {2, windows(7, 3, 2, 1), windows(8, 3, 2, 1)},
          {2, windows(7, 3, 2, 1), windows(8, 3, 2, 1), false},
          {3, rounded_up(8, 3, 2, 1), rounded_up(8, 4, 3, 2)},
          {3, rounded_up(8, 3, 2, 1), rounded_up(8, 4, 3, 2), false},
          {2, windows(9, 2, 3), windows(9, 1, 4), true, 7},  // pixels in no window
          {1, windows(5, 5, 1, 2), windows(40, 7, 1, 3), false},
          {5, windows(7, 7, 7), windows(9, 9, 9)},  // one window
          {2, windows(40, 40, 40), windows(41, 41, 41)},
          {2, windows(4, 6, 6, 1), windows(4, 6, 6, 1)},  // around the image
          {2, windows(4, 6, 6, 1), windows(4, 6, 6, 1), false},
          {3, adaptive(7, 1), adaptive(7, 1)},
          {3, adaptive(7, 3), adaptive(10, 4)},
          {2, adaptive(3, 5), adaptive(4, 7)},
          {2, adaptive(5, 1), adaptive(35, 35)},
          {0, squares(4), squares(4)},
          {0, adaptive(4, 1), adaptive(4, 1)}};
}

Index inputs(const kernels::AvgPool2dDims& d) { return d.planes * d.h.size * d.w.size; }
Index outputs(const kernels::AvgPool2dDims& d) { return d.planes * d.h.outputs * d.w.outputs; }

/// What the terms' absolute values add up to tells how far a sum of them may be off.
using Sums = std::vector<reference::Product>;

void add(Sums& sums, Index at, double term) {
  sums[count(at)].value += term;
  sums[count(at)].magnitude += std::abs(term);
}

}  // namespace

TEMPLATE_TEST_CASE("avg_pool2d averages every window", "[kernels][avg_pool2d]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    CAPTURE(d.planes, d.h.size, d.h.outputs, d.h.kernel, d.w.size, d.w.outputs, d.w.kernel);
    const auto x = normal<T>(inputs(d), 1);
    std::vector<T> y(count(outputs(d)), nan_v<T>);
    kernels::avg_pool2d_forward(d, x.data(), y.data());
    Sums expected(y.size());
    reference::for_each_tap(d, [&](Index in, Index out, double divisor) {
      add(expected, out, static_cast<double>(x[count(in)]) / divisor);
    });
    // Sums in double are as good as rounded once; those of 2 x 2 pixels round three times more.
    CHECK(worst_sum_error(y, expected) <= (sizeof(T) == 4 ? 1.5 : 8));
  }
}

TEMPLATE_TEST_CASE("avg_pool2d's gradient is its transpose", "[kernels][avg_pool2d]", float,
                   double) {
  using T = TestType;
  for (const auto& d : cases()) {
    CAPTURE(d.planes, d.h.size, d.h.outputs, d.h.kernel, d.w.size, d.w.outputs, d.w.kernel);
    const auto dy = normal<T>(outputs(d), 2);
    std::vector<T> dx(count(inputs(d)), nan_v<T>);
    kernels::avg_pool2d_backward(d, dy.data(), dx.data());
    Sums expected(dx.size());
    reference::for_each_tap(d, [&](Index in, Index out, double divisor) {
      add(expected, in, static_cast<double>(dy[count(out)]) / divisor);
    });
    CHECK(worst_sum_error(dx, expected) <= 3);
  }
}

TEMPLATE_TEST_CASE("avg_pool2d passes on what is not a number, and nothing else",
                   "[kernels][avg_pool2d]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    auto x = normal<T>(inputs(d), 1);
    for (std::size_t i = 3; i < x.size(); i += 7) x[i] = i % 2 == 0 ? nan_v<T> : infinity_v<T>;
    std::vector<T> y(count(outputs(d)));
    kernels::avg_pool2d_forward(d, x.data(), y.data());
    std::vector<double> expected(y.size());
    reference::for_each_tap(d, [&](Index in, Index out, double) {
      expected[count(out)] += static_cast<double>(x[count(in)]);
    });
    for (std::size_t k = 0; k < y.size(); ++k) {
      CHECK(std::isnan(y[k]) == std::isnan(expected[k]));
      CHECK(std::isinf(y[k]) == std::isinf(expected[k]));
    }
  }
}

TEST_CASE("avg_pool2d touches nothing outside its arrays", "[kernels][avg_pool2d]") {
  for (const auto& d : cases()) {
    const auto x = normal<float>(inputs(d), 1), dy = normal<float>(outputs(d), 2);
    std::vector<float> y(dy.size() + 64, 7), dx(x.size() + 64, 7);
    kernels::avg_pool2d_forward(d, x.data(), y.data());
    kernels::avg_pool2d_backward(d, dy.data(), dx.data());
    for (std::size_t k = 0; k < 64; ++k) {
      CHECK(y[dy.size() + k] == 7);
      CHECK(dx[x.size() + k] == 7);
    }
  }
}

TEMPLATE_TEST_CASE("avg_pool2d has the same bits at any number of threads", "[kernels][avg_pool2d]",
                   float, double) {
  using T = TestType;
  const kernels::AvgPool2dDims many[] = {
      {1024, windows(20, 3, 2, 1), windows(20, 3, 2, 1)},
      {1024, windows(20, 2, 2), windows(20, 2, 2)},
      {4096, windows(9, 9, 9), windows(9, 9, 9)},
      {512, adaptive(23, 5), adaptive(19, 6)},
  };
  for (const auto& d : many) {
    const auto x = normal<T>(inputs(d), 1), dy = normal<T>(outputs(d), 2);
    same_at_all_threads([&] {
      std::vector<T> results(dy.size() + x.size());
      kernels::avg_pool2d_forward(d, x.data(), results.data());
      kernels::avg_pool2d_backward(d, dy.data(), results.data() + dy.size());
      return results;
    });
  }
}
