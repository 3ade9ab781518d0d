// Groups of one channel, which have loops of their own where vectors are used.

#include <random>

#include "allocation_counter.hpp"
#include "conv2d_support.hpp"
#include "tenon/kernels/activation.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// channels groups of one input channel and `multiplier` output channels each.
kernels::Conv2dDims depthwise(Index n, Index channels, Index multiplier, Index h, Index w, Index kh,
                              Index kw, Options s = {}) {
  s.groups = channels;
  return conv(n, channels, h, w, channels * multiplier, kh, kw, s);
}

std::vector<kernels::Conv2dDims> cases() {
  return {
      depthwise(1, 1, 1, 1, 1, 1, 1),
      depthwise(2, 3, 1, 7, 9, 3, 3, {1, 1, 1, 1}),
      depthwise(2, 3, 1, 8, 16, 3, 3, {1, 1, 1, 1}),
      depthwise(2, 3, 1, 9, 33, 3, 3, {2, 2, 1, 1}),
      depthwise(1, 2, 1, 10, 31, 3, 3, {1, 2, 0, 2}),
      depthwise(1, 2, 1, 10, 34, 3, 3, {2, 1, 2, 0}),
      depthwise(2, 2, 1, 11, 40, 5, 5, {1, 1, 2, 2}),
      depthwise(1, 2, 1, 12, 18, 7, 7, {1, 1, 3, 3}),
      depthwise(1, 2, 1, 13, 19, 4, 2, {1, 1, 1, 1}),  // not three lines of taps, nor three taps
      depthwise(1, 2, 1, 6, 20, 1, 9, {1, 1, 0, 8}),
      depthwise(1, 2, 1, 20, 6, 9, 1, {1, 1, 8, 0}),
      depthwise(1, 2, 1, 14, 23, 3, 3, {1, 1, 2, 4, 2, 3}),  // dilation
      depthwise(1, 2, 1, 15, 25, 3, 3, {2, 2, 2, 3, 3, 2}),
      depthwise(1, 2, 1, 17, 26, 3, 4, {3, 4, 1, 2}),
      depthwise(1, 2, 1, 17, 26, 1, 1, {2, 3}),  // pixels that nothing reads
      depthwise(1, 2, 1, 17, 26, 2, 2, {4, 4, 1, 1}),
      depthwise(1, 2, 1, 17, 26, 3, 3, {5, 2, 1, 1}),  // a stride too large for these loops
      depthwise(1, 2, 1, 8, 9, 3, 3, {1, 1, 3, 4}),    // windows in the padding alone
      depthwise(2, 3, 2, 7, 18, 3, 3, {1, 1, 1, 1}),   // several outputs of each channel
      depthwise(2, 3, 3, 8, 17, 3, 5, {2, 2, 1, 2}),
      depthwise(1, 2, 8, 6, 16, 5, 3, {1, 2, 4, 1}),
      depthwise(1, 2, 9, 6, 16, 3, 3, {1, 1, 1, 1}),  // as many as a matrix product serves
      depthwise(2, 1, 1, 9, 21, 3, 3),                // one group of one channel
      depthwise(2, 1, 5, 9, 21, 3, 3, {1, 1, 2, 2}),
      depthwise(1, 2, 1, 3, 4, 5, 7, {1, 1, 4, 5}),      // a kernel larger than the image
      depthwise(1, 1, 1, 33, 1500, 3, 3, {1, 1, 1, 1}),  // several bands of rows
      depthwise(1, 1, 1, 43, 2100, 5, 3, {2, 2, 2, 1}),
      depthwise(1, 1, 2, 25, 5000, 3, 3, {3, 1, 2, 2, 2, 1}),
      depthwise(1, 1, 1, 19, 17000, 3, 3, {1, 2, 1, 0}),
      depthwise(0, 3, 1, 5, 5, 3, 3),
      depthwise(2, 3, 1, 2, 5, 3, 3),  // no output rows
  };
}

}  // namespace

TEMPLATE_TEST_CASE("depthwise convolutions agree with seven nested loops",
                   "[kernels][conv2d_depthwise]", float, double) {
  for (const auto& d : cases()) check_against_loops<TestType>(d);
}

TEMPLATE_TEST_CASE("depthwise convolutions agree with the loops on sizes nobody chose",
                   "[kernels][conv2d_depthwise]", float, double) {
  std::mt19937 random(11);
  const auto between = [&](Index low, Index high) {
    return low + static_cast<Index>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int trial = 0; trial < 200; ++trial) {
    const Index kh = between(1, 6), kw = between(1, 6), dilation_h = between(1, 3);
    const Index dilation_w = trial % 2 == 0 ? 1 : between(1, 3);
    const Index reach_h = dilation_h * (kh - 1), reach_w = dilation_w * (kw - 1);
    const Options s{between(1, 4),       between(1, trial % 3 == 0 ? 1 : 4),
                    between(0, reach_h), between(0, reach_w),
                    dilation_h,          dilation_w};
    const Index h = between(std::max<Index>(1, reach_h + 1 - 2 * s.pad_h), 24);
    const Index w = between(std::max<Index>(1, reach_w + 1 - 2 * s.pad_w), 70);
    check_against_loops<TestType>(depthwise(between(1, 3), between(1, 5),
                                            trial % 4 == 0 ? between(2, 4) : 1, h, w, kh, kw, s));
  }
}

TEMPLATE_TEST_CASE("a depthwise convolution's relu has the bits of a relu afterwards",
                   "[kernels][conv2d_depthwise]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    Data<T> data(d);
    if (!data.x.empty()) data.x[0] = nan_v<T>;
    auto apart = forward(d, data);
    std::vector<T> fused(apart.size());
    kernels::relu(flat<1>(static_cast<Index>(apart.size())), apart.data(), apart.data());
    kernels::conv2d_forward(d, data.x.data(), data.w.data(), data.b.data(), fused.data(),
                            {.relu = true});
    CHECK(same_bits(fused, apart));
  }
}

TEMPLATE_TEST_CASE("depthwise convolutions have the same bits at any number of threads",
                   "[kernels][conv2d_depthwise]", float, double) {
  using T = TestType;
  for (const auto& d : {depthwise(7, 30, 1, 28, 28, 3, 3, {1, 1, 1, 1}),
                        depthwise(9, 16, 2, 28, 30, 3, 3, {2, 2, 1, 1}),
                        depthwise(40, 33, 1, 7, 7, 5, 5, {1, 1, 2, 2})}) {
    const Data<T> data(d);
    same_at_all_threads([&] { return forward(d, data); });
    same_at_all_threads([&] { return backward_input(d, data); });
    same_at_all_threads([&] { return backward_weight(d, data); });
  }
}

TEMPLATE_TEST_CASE("a NaN pixel of a depthwise convolution reaches what reads it and nothing else",
                   "[kernels][conv2d_depthwise]", float, double) {
  using T = TestType;
  const auto d = depthwise(1, 2, 1, 6, 20, 1, 3);
  Data<T> data(d);
  data.x[1 * 20] = nan_v<T>;  // the first pixel of the second row: the first tap alone reads it
  const auto y = forward(d, data);
  for (Index k = 0; k < 2 * 6 * 18; ++k) CHECK(std::isnan(y[count(k)]) == (k == 18));
  const auto dw = backward_weight(d, data);
  for (Index k = 0; k < 6; ++k) CHECK(std::isnan(dw[count(k)]) == (k == 0));

  // A gradient that is not a number, in the last column.
  data.dy[17] = nan_v<T>;
  const auto dx = backward_input(d, data);
  for (Index k = 0; k < 2 * 6 * 20; ++k) CHECK(std::isnan(dx[count(k)]) == (k >= 17 && k < 20));
}

TEST_CASE("depthwise convolutions allocate nothing once warm", "[kernels][conv2d_depthwise]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  const auto d = depthwise(3, 20, 1, 30, 30, 3, 3, {2, 2, 1, 1});
  const Data<float> data(d);
  std::vector<float> y(data.dy.size()), dx(data.x.size()), dw(data.w.size());
  const auto run = [&] {
    kernels::conv2d_forward(d, data.x.data(), data.w.data(), data.b.data(), y.data());
    kernels::conv2d_backward_input(d, data.dy.data(), data.w.data(), dx.data());
    kernels::conv2d_backward_weight(d, data.dy.data(), data.x.data(), dw.data());
  };
  for (int warm = 0; warm < 3; ++warm) run();
  const AllocationCounter counter;
  run();
  const auto allocations = counter.count();
  CHECK(allocations == 0);
}
