#include "tenon/kernels/conv2d.hpp"

#include <random>

#include "conv2d_support.hpp"
#include "tenon/kernels/activation.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

std::vector<kernels::Conv2dDims> cases() {
  return {
      conv(1, 1, 1, 1, 1, 1, 1),
      conv(2, 3, 7, 9, 4, 3, 3),
      conv(2, 3, 7, 9, 4, 3, 2, {1, 1, 1, 1}),
      conv(1, 2, 11, 8, 3, 3, 5, {2, 3, 2, 1}),
      conv(3, 2, 9, 10, 5, 2, 3, {1, 2, 0, 3, 2, 1}),
      conv(2, 4, 12, 12, 6, 3, 3, {2, 2, 3, 3, 3, 3, 2}),
      conv(2, 6, 5, 5, 6, 3, 3, {1, 1, 1, 1, 1, 1, 6}),  // depthwise
      conv(2, 3, 5, 6, 9, 3, 3, {1, 1, 2, 2, 1, 1, 3}),  // depthwise with a multiplier
      conv(5, 7, 6, 5, 4, 1, 1),                         // reads the image itself
      conv(2, 4, 6, 5, 6, 1, 1, {1, 1, 0, 0, 1, 1, 2}),
      conv(2, 3, 6, 5, 4, 1, 1, {2, 2}),
      conv(2, 3, 6, 5, 4, 1, 1, {1, 1, 1, 1}),  // outputs in the padding alone
      conv(1, 1, 2, 2, 1, 2, 2, {1, 1, 5, 5}),
      conv(1, 2, 3, 3, 2, 5, 5, {1, 1, 3, 3}),  // a kernel larger than the image
      conv(1, 1, 4, 4, 2, 2, 2, {5, 5}),        // a stride larger than the image
      conv(1, 1, 4, 4, 1, 2, 2, {1 << 30, 1 << 30, 1, 1}),
      conv(1, 1, 3, 40, 1, 1, 7, {1, 1, 0, 3}),
      conv(20, 2, 4, 4, 3, 3, 3, {1, 1, 1, 1}),    // more samples than chunks
      conv(1, 64, 20, 20, 8, 3, 3, {1, 1, 1, 1}),  // blocks of positions, k over a block
      conv(40, 3, 13, 12, 8, 3, 3, {1, 1, 1, 1}),  // several partial sums of dw
      conv(2, 17, 9, 14, 21, 3, 3, {1, 1, 1, 1}),  // as large as its input, many channels
      conv(2, 20, 12, 13, 18, 3, 3, {1, 1, 2, 2, 2, 2}),
      conv(0, 2, 5, 5, 3, 3, 3),
      conv(2, 0, 5, 5, 3, 3, 3),
      conv(2, 2, 5, 5, 0, 3, 3),
      conv(2, 2, 2, 5, 3, 3, 3, {1, 1, 0, 0}),  // no output rows
  };
}

}  // namespace

TEMPLATE_TEST_CASE("conv2d agrees with seven nested loops, forward and backward",
                   "[kernels][conv2d]", float, double) {
  for (const auto& d : cases()) check_against_loops<TestType>(d);
}

TEMPLATE_TEST_CASE("conv2d agrees with the loops on sizes nobody chose", "[kernels][conv2d]", float,
                   double) {
  // Channels and positions on both sides of every tile, panel and block, by a fixed seed.
  std::mt19937 random(7);
  const auto between = [&](Index low, Index high) {
    return low + static_cast<Index>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int trial = 0; trial < 120; ++trial) {
    const Index groups = trial % 5 == 0 ? between(2, 3) : 1, kh = between(1, 4), kw = between(1, 4);
    const Options s{between(1, 3), between(1, 3), between(0, 2), between(0, 3),
                    between(1, 2), between(1, 2), groups};
    const Index h = between(1 + s.dilation_h * (kh - 1), 24);
    const Index w = between(1 + s.dilation_w * (kw - 1), 40);
    const auto d = conv(between(1, 11), groups * between(1, trial % 3 == 0 ? 70 : 9), h, w,
                        groups * between(1, trial % 4 == 0 ? 70 : 11), kh, kw, s);
    check_against_loops<TestType>(d);
  }
}

TEMPLATE_TEST_CASE("the input's gradient of conv2d plus a bias", "[kernels][conv2d]", float,
                   double) {
  using T = TestType;
  auto all = cases();
  all.push_back(conv(2, 20, 18, 18, 32, 3, 3, {1, 1, 1, 1}));  // Winograd's transforms
  all.push_back(conv(2, 33, 16, 18, 20, 2, 2, {2, 2}));        // as conv_transpose2d is used
  all.push_back(conv(2, 12, 17, 16, 40, 4, 4, {2, 2, 1, 1, 1, 1, 2}));
  for (const auto& d : all) {
    for (const bool sparse : {false, true}) {
      INFO(description(d) << ", sparse: " << sparse);
      Data<T> data(d);
      for (std::size_t k = 0; sparse && k < data.dy.size(); ++k) data.dy[k] *= k % 8 == 0;
      const auto b = normal<T>(d.c, 9);
      auto expected = reference::conv2d_backward_input(d, data.dy.data(), data.w.data());
      for (std::size_t k = 0; k < expected.size(); ++k) {
        const auto value = static_cast<double>(b[k / count(d.h * d.w) % count(d.c)]);
        expected[k].value += value;
        expected[k].magnitude += std::abs(value);
      }
      const auto run = [&] {
        std::vector<T> dx(data.x.size(), nan_v<T>);
        kernels::conv2d_backward_input(d, data.dy.data(), data.w.data(), dx.data(), b.data());
        return dx;
      };
      CHECK(worst_sum_error(same_at_all_threads(run), expected) <= allowed);
    }
  }
}

TEMPLATE_TEST_CASE("a convolution's relu has the bits of a relu afterwards", "[kernels][conv2d]",
                   float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    Data<T> data(d);
    if (!data.x.empty()) data.x[0] = nan_v<T>;
    for (const T* bias : {static_cast<const T*>(data.b.data()), static_cast<const T*>(nullptr)}) {
      std::vector<T> apart(data.dy.size()), fused(data.dy.size());
      kernels::conv2d_forward(d, data.x.data(), data.w.data(), bias, apart.data());
      kernels::relu(flat<1>(static_cast<Index>(apart.size())), apart.data(), apart.data());
      kernels::conv2d_forward(d, data.x.data(), data.w.data(), bias, fused.data(), {.relu = true});
      CHECK(same_bits(fused, apart));
    }
  }
}

TEMPLATE_TEST_CASE("conv2d has the same bits at any number of threads", "[kernels][conv2d]", float,
                   double) {
  using T = TestType;
  for (const auto& d : {conv(40, 3, 13, 12, 8, 3, 3, {1, 1, 1, 1}), conv(3, 16, 40, 40, 8, 3, 3),
                        conv(7, 8, 9, 9, 8, 3, 3, {2, 1, 1, 0, 1, 2, 4})}) {
    const Data<T> data(d);
    same_at_all_threads([&] { return forward(d, data); });
    same_at_all_threads([&] { return backward_input(d, data); });
    same_at_all_threads([&] { return backward_weight(d, data); });
  }
}

TEMPLATE_TEST_CASE("a sample's output does not depend on the batch it comes in",
                   "[kernels][conv2d]", float, double) {
  using T = TestType;
  const auto d = conv(9, 5, 14, 11, 6, 3, 3, {1, 1, 1, 1});
  auto one = d;
  one.n = 1;
  const Data<T> data(d);
  const auto y = forward(d, data);
  const Index image = d.c * d.h * d.w, output = d.o * d.out_h * d.out_w;
  std::vector<T> alone(count(output));
  for (Index n : {0, 4, 8}) {
    kernels::conv2d_forward(one, data.x.data() + n * image, data.w.data(), data.b.data(),
                            alone.data());
    CHECK(std::equal(alone.begin(), alone.end(), y.begin() + n * output));
  }
}

TEMPLATE_TEST_CASE("a NaN pixel reaches exactly the outputs that read it", "[kernels][conv2d]",
                   float, double) {
  using T = TestType;
  const auto d = conv(1, 1, 5, 5, 1, 3, 3, {1, 1, 1, 1});
  Data<T> data(d);
  data.x[2 * 5 + 2] = nan_v<T>;
  const auto y = forward(d, data);
  for (Index i = 0; i < 5; ++i) {
    for (Index j = 0; j < 5; ++j) {
      const bool reads = std::abs(i - 2) <= 1 && std::abs(j - 2) <= 1;
      CHECK(std::isnan(y[count(i * 5 + j)]) == reads);
    }
  }
}
