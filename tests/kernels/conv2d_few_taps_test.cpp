// Sums of few products: images of few channels, and 1x1 kernels, which have loops of their own
// where vectors are used.

#include <random>

#include "allocation_counter.hpp"
#include "conv2d_support.hpp"
#include "tenon/kernels/activation.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

std::vector<kernels::Conv2dDims> cases() {
  return {
      conv(3, 1, 28, 28, 32, 3, 3),                         // the first layer of a net for digits
      conv(2, 3, 32, 32, 32, 3, 3, {1, 1, 1, 1}),           // and of one for small photographs
      conv(1, 1, 16, 16, 9, 3, 3),                          // tiles of channels that are not full
      conv(2, 1, 12, 13, 10, 4, 3, {1, 1, 1, 0}),           //
      conv(2, 2, 12, 13, 11, 2, 3),                         //
      conv(2, 3, 20, 11, 1, 3, 3, {1, 1, 1, 1}),            // fewer channels than a tile has
      conv(2, 3, 20, 11, 2, 1, 1),                          //
      conv(1, 2, 97, 1, 5, 1, 1),                           // the fewest positions
      conv(1, 2, 96, 1, 5, 1, 1),                           // one less
      conv(1, 2, 70, 5, 6, 3, 3),                           // narrower than a vector
      conv(1, 2, 120, 3, 6, 3, 3),                          //
      conv(2, 4, 9, 19, 7, 3, 3, {1, 1, 1, 1}),             // as many taps as there may be
      conv(2, 1, 17, 18, 12, 6, 6),                         //
      conv(2, 1, 18, 18, 12, 1, 37, {1, 1, 0, 18}),         // and one more
      conv(2, 36, 11, 12, 10, 1, 1),                        // 1x1
      conv(2, 5, 30, 31, 10, 1, 1, {2, 2}),                 //
      conv(2, 5, 10, 11, 10, 1, 1, {1, 1, 2, 1}),           // outputs in the padding alone
      conv(2, 3, 25, 24, 9, 3, 3, {2, 2, 1, 1}),            // strides
      conv(2, 3, 24, 25, 9, 3, 3, {2, 2}),                  //
      conv(2, 3, 31, 40, 9, 2, 4, {1, 3, 0, 2}),            //
      conv(2, 3, 40, 31, 9, 4, 2, {3, 1, 2, 0}),            //
      conv(2, 2, 23, 26, 9, 3, 3, {1, 1, 2, 3, 2, 3}),      // dilation
      conv(2, 2, 23, 36, 9, 3, 3, {2, 2, 1, 3, 3, 2}),      //
      conv(2, 6, 14, 15, 10, 3, 3, {1, 1, 1, 1, 1, 1, 2}),  // groups
      conv(1, 1, 3, 9000, 9, 3, 3, {1, 1, 1, 1}),           // blocks of one row
      conv(1, 3, 47, 61, 9, 3, 3, {1, 1, 1, 1}),            // blocks of some rows
      conv(40, 1, 12, 12, 10, 3, 3),  // more images than there are parts of dw
      conv(1, 2, 160, 170, 9, 1, 1),  // long sums
      conv(0, 1, 28, 28, 32, 3, 3),
      conv(2, 1, 28, 28, 0, 3, 3),
  };
}

}  // namespace

TEMPLATE_TEST_CASE("convolutions of few taps agree with seven nested loops",
                   "[kernels][conv2d_few_taps]", float, double) {
  for (const auto& d : cases()) check_against_loops<TestType>(d);
}

TEST_CASE("convolutions of few taps agree with the loops on sizes nobody chose",
          "[kernels][conv2d_few_taps]") {
  std::mt19937 random(5);
  const auto between = [&](Index low, Index high) {
    return low + static_cast<Index>(random() % static_cast<unsigned>(high - low + 1));
  };
  for (int trial = 0; trial < 150; ++trial) {
    const Index kh = between(1, 4), kw = between(1, 4);
    const Options s{between(1, 2), between(1, 3), between(0, 2),
                    between(0, 3), between(1, 2), between(1, 2)};
    const Index h = between(10, 40), w = between(7, 70);
    check_against_loops<float>(
        conv(between(1, 4), between(1, 36 / (kh * kw)), h, w, between(1, 40), kh, kw, s));
  }
}

TEST_CASE("a convolution of few taps has the bits of a relu afterwards",
          "[kernels][conv2d_few_taps]") {
  for (const auto& d : cases()) {
    INFO(description(d));
    Data<float> data(d);
    if (!data.x.empty()) data.x[data.x.size() / 2] = nan_v<float>;
    for (const bool bias : {true, false}) {
      auto apart = forward(d, data, bias);
      kernels::relu(flat<1>(static_cast<Index>(apart.size())), apart.data(), apart.data());
      std::vector<float> fused(apart.size(), nan_v<float>);
      kernels::conv2d_forward(d, data.x.data(), data.w.data(), bias ? data.b.data() : nullptr,
                              fused.data(), {.relu = true});
      CHECK(same_bits(fused, apart));
    }
  }
}

TEST_CASE("convolutions of few taps have the same bits at any number of threads",
          "[kernels][conv2d_few_taps]") {
  for (const auto& d :
       {conv(19, 1, 28, 28, 32, 3, 3), conv(1, 3, 96, 96, 32, 3, 3, {1, 1, 1, 1}),
        conv(3, 3, 90, 91, 33, 3, 3, {2, 2, 1, 1}), conv(5, 32, 40, 40, 64, 1, 1)}) {
    INFO(description(d));
    const Data<float> data(d);
    same_at_all_threads([&] { return forward(d, data); });
    same_at_all_threads([&] { return backward_weight(d, data); });
  }
}

TEST_CASE("a sample's output does not depend on the batch, of few taps either",
          "[kernels][conv2d_few_taps]") {
  for (const auto& d :
       {conv(9, 1, 12, 12, 10, 3, 3), conv(40, 3, 10, 10, 32, 3, 3, {1, 1, 1, 1})}) {
    INFO(description(d));
    auto one = d;
    one.n = 1;
    const Data<float> data(d);
    const auto y = forward(d, data);
    const Index image = d.c * d.h * d.w, output = d.o * d.out_h * d.out_w;
    std::vector<float> alone(count(output));
    for (Index n : {Index{0}, Index{5}, d.n - 1}) {
      kernels::conv2d_forward(one, data.x.data() + n * image, data.w.data(), data.b.data(),
                              alone.data());
      CHECK(std::equal(alone.begin(), alone.end(), y.begin() + n * output));
    }
  }
}

TEST_CASE("of few taps, too, what is not finite reaches what reads it and nothing else",
          "[kernels][conv2d_few_taps]") {
  const auto d = conv(2, 1, 13, 15, 10, 3, 3);
  const Index columns = d.out_w, positions = d.out_h * columns;
  for (const float bad : {nan_v<float>, infinity_v<float>}) {
    Data<float> data(d);
    // The last pixel of a row of the second image: outputs of the last column read it.
    data.x[count(13 * 15 + 6 * 15 + 14)] = bad;
    const auto y = forward(d, data);
    for (Index k = 0; k < 2 * 10 * positions; ++k) {
      const Index i = k % positions / columns, j = k % columns;
      const bool reads = k >= 10 * positions && i >= 4 && i <= 6 && j == columns - 1;
      CHECK(std::isfinite(y[count(k)]) != reads);
    }
    const auto dw = backward_weight(d, data);
    for (Index k = 0; k < 90; ++k) CHECK(std::isfinite(dw[count(k)]) == (k % 3 != 2));
  }
  Data<float> data(d);
  data.dy[count(11 * positions - 1)] = nan_v<float>;  // the last output of channel 0 of 10
  const auto dw = backward_weight(d, data);
  for (Index k = 0; k < 90; ++k) CHECK(std::isnan(dw[count(k)]) == (k < 9));
}

TEST_CASE("pixels between the windows of a stride are not read", "[kernels][conv2d_few_taps]") {
  const auto d = conv(1, 2, 30, 30, 9, 1, 1, {2, 2});
  Data<float> data(d);
  for (Index k = 0; k < 2 * 30 * 30; ++k) {
    if (k % 30 % 2 == 1 || k / 30 % 2 == 1) data.x[count(k)] = nan_v<float>;
  }
  for (const float y : forward(d, data)) CHECK(std::isfinite(y));
  for (const float dw : backward_weight(d, data)) CHECK(std::isfinite(dw));
}

TEST_CASE("convolutions of few taps allocate nothing once warm", "[kernels][conv2d_few_taps]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  const auto d = conv(5, 3, 30, 30, 20, 3, 3, {2, 2, 1, 1});
  const Data<float> data(d);
  std::vector<float> y(data.dy.size()), dw(data.w.size());
  const auto run = [&] {
    kernels::conv2d_forward(d, data.x.data(), data.w.data(), data.b.data(), y.data());
    kernels::conv2d_backward_weight(d, data.dy.data(), data.x.data(), dw.data());
  };
  for (int warm = 0; warm < 3; ++warm) run();
  const AllocationCounter counter;
  run();
  const auto allocations = counter.count();
  CHECK(allocations == 0);
}
