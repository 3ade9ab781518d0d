#include <cmath>

#include "conv2d_support.hpp"
#include "tenon/kernels/activation.hpp"

// Convolutions of 3x3 kernels and many channels, which the vector kernels compute by Winograd's
// transforms. On the plain loops the same must hold.

using namespace tenon;
using namespace tenon::test;

namespace {

/// Tiles that are cut at the right, at the bottom, at both; every padding; channels below, at and
/// beyond a vector and a panel; several images in one block and several blocks in one image.
std::vector<kernels::Conv2dDims> cases() {
  return {
      conv(1, 16, 16, 16, 16, 3, 3),
      conv(3, 16, 9, 12, 17, 3, 3),
      conv(2, 33, 12, 9, 70, 3, 3, {1, 1, 1, 1}),
      conv(2, 20, 11, 13, 24, 3, 3, {1, 1, 2, 2}),
      conv(2, 24, 10, 7, 40, 3, 3, {1, 1, 0, 2}),
      conv(2, 24, 7, 10, 40, 3, 3, {1, 1, 2, 0}),
      conv(19, 32, 6, 6, 32, 3, 3),
      conv(9, 64, 13, 13, 130, 3, 3),
      conv(2, 64, 56, 20, 64, 3, 3, {1, 1, 1, 1}),
      conv(1, 200, 8, 8, 16, 3, 3, {1, 1, 1, 1}),  // k over a block
      conv(1, 16, 3, 200, 32, 3, 3),               // one row of tiles
      conv(1, 16, 90, 4, 32, 3, 3, {1, 1, 1, 1}),
      conv(0, 16, 16, 16, 16, 3, 3),
  };
}

Index pixel(const kernels::Conv2dDims& d, Index n, Index c, Index h, Index w) {
  return ((n * d.c + c) * d.h + h) * d.w + w;
}

/// Whether an output reads row h and column w of its image.
bool reads(const kernels::Conv2dDims& d, Index output, Index h, Index w) {
  const Index i = output / d.out_w % d.out_h, j = output % d.out_w;
  return std::abs(i - d.pad_h + 1 - h) <= 1 && std::abs(j - d.pad_w + 1 - w) <= 1;
}

}  // namespace

TEST_CASE("convolutions of many channels agree with seven nested loops",
          "[kernels][conv2d][winograd]") {
  for (const auto& d : cases()) check_against_loops<float>(d);
}

TEST_CASE("their relu has the bits of a relu afterwards", "[kernels][conv2d][winograd]") {
  const auto d = conv(3, 33, 12, 9, 40, 3, 3, {1, 1, 1, 1});
  Data<float> data(d);
  data.x[count(pixel(d, 1, 3, 4, 5))] = -infinity_v<float>;
  auto apart = forward(d, data);
  std::vector<float> fused(apart.size());
  kernels::relu(flat<1>(static_cast<Index>(apart.size())), apart.data(), apart.data());
  kernels::conv2d_forward(d, data.x.data(), data.w.data(), data.b.data(), fused.data(),
                          {.relu = true});
  CHECK(same_bits(fused, apart));
}

TEST_CASE("their bits depend neither on threads nor on the batch", "[kernels][conv2d][winograd]") {
  for (const auto& d : {conv(19, 32, 6, 6, 32, 3, 3), conv(3, 24, 30, 31, 70, 3, 3)}) {
    INFO(description(d));
    const Data<float> data(d);
    same_at_all_threads([&] { return backward_weight(d, data); });
    const auto dx = same_at_all_threads([&] { return backward_input(d, data); });
    const auto y = same_at_all_threads([&] { return forward(d, data); });
    auto one = d;
    one.n = 1;
    const Index image = d.c * d.h * d.w, output = d.o * d.out_h * d.out_w;
    std::vector<float> alone(count(std::max(image, output)));
    for (Index n : {Index{0}, d.n - 1}) {
      kernels::conv2d_forward(one, data.x.data() + n * image, data.w.data(), data.b.data(),
                              alone.data());
      CHECK(std::equal(y.begin() + n * output, y.begin() + (n + 1) * output, alone.begin()));
      kernels::conv2d_backward_input(one, data.dy.data() + n * output, data.w.data(), alone.data());
      CHECK(std::equal(dx.begin() + n * image, dx.begin() + (n + 1) * image, alone.begin()));
    }
  }
}

TEST_CASE("a value that is not finite reaches exactly the outputs that read it",
          "[kernels][conv2d][winograd]") {
  const auto d = conv(3, 16, 11, 12, 20, 3, 3, {1, 1, 1, 1});
  const Data<float> clean(d);
  const auto expected = forward(d, clean);
  for (float bad : {nan_v<float>, infinity_v<float>, -infinity_v<float>}) {
    for (Index h : {0, 5, 10}) {
      auto data = clean;
      data.x[count(pixel(d, 1, 7, h, 6))] = bad;
      const auto y = forward(d, data);
      Index wrong = 0;
      for (Index k = 0; k < static_cast<Index>(y.size()); ++k) {
        const bool is_hit = k / (d.o * d.out_h * d.out_w) == 1 && reads(d, k, h, 6);
        if (is_hit) {
          wrong += std::isnan(bad) ? !std::isnan(y[count(k)]) : !std::isinf(y[count(k)]);
        } else {
          // Its own sample may have been computed in another order.
          wrong += !(std::abs(y[count(k)] - expected[count(k)]) <= 1e-4f);
        }
      }
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("gradients that are not finite do not spread", "[kernels][conv2d][winograd]") {
  const auto d = conv(3, 20, 11, 12, 16, 3, 3, {1, 1, 1, 1});
  const Data<float> clean(d);
  const auto clean_dx = backward_input(d, clean), clean_dw = backward_weight(d, clean);
  auto data = clean;
  // Output (5, 6) of channel 3 and sample 1.
  data.dy[count(((1 * d.o + 3) * d.out_h + 5) * d.out_w + 6)] = infinity_v<float>;
  const auto dx = backward_input(d, data), dw = backward_weight(d, data);
  Index wrong = 0;
  for (Index k = 0; k < static_cast<Index>(dx.size()); ++k) {
    const Index h = k / d.w % d.h, w = k % d.w;
    const bool is_hit = k / (d.c * d.h * d.w) == 1 && std::abs(h - 5) <= 1 && std::abs(w - 6) <= 1;
    const float v = dx[count(k)];
    wrong += is_hit ? !std::isinf(v) : !(std::abs(v - clean_dx[count(k)]) <= 1e-4f);
  }
  CHECK(wrong == 0);
  for (Index k = 0; k < static_cast<Index>(dw.size()); ++k) {
    const bool is_hit = k / (d.c * 9) == 3;  // every weight of that output channel
    const float v = dw[count(k)];
    wrong += is_hit ? std::isfinite(v) : !(std::abs(v - clean_dw[count(k)]) <= 1e-3f);
  }
  CHECK(wrong == 0);
}

TEST_CASE("sums that only the transforms would overflow stay finite",
          "[kernels][conv2d][winograd]") {
  const auto d = conv(1, 16, 8, 8, 16, 3, 3, {1, 1, 1, 1});
  Data<float> data(d);
  // Four pixels are added up before they are multiplied.
  std::fill(data.x.begin(), data.x.end(), 1.2e38f);
  std::fill(data.w.begin(), data.w.end(), 0.0f);
  for (Index k = 4; k < static_cast<Index>(data.w.size()); k += 9 * d.c) data.w[count(k)] = 1;
  for (float v : forward(d, data)) {
    REQUIRE(std::isfinite(v));
    REQUIRE(v >= 1.19e38f);
  }
}
