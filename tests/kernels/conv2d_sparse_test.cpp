#include <cmath>

#include "conv2d_support.hpp"

// Gradients of convolutions behind a max pooling: most of dy is zero, and the vector kernels
// multiply only the rest. On the plain loops the same must hold.

using namespace tenon;
using namespace tenon::test;

namespace {

/// Keeps every step-th value, from a different one on in each plane.
void thin_out(const kernels::Conv2dDims& d, Index step, std::vector<float>* dy) {
  const Index plane = d.out_h * d.out_w;
  for (Index k = 0; k < static_cast<Index>(dy->size()); ++k) {
    if ((k % plane + k / plane) % step != 0) (*dy)[count(k)] = 0;
  }
}

std::vector<kernels::Conv2dDims> cases() {
  return {
      conv(1, 8, 1, 1, 3, 1, 1),
      conv(3, 16, 9, 12, 5, 3, 3),
      conv(2, 33, 12, 9, 7, 3, 3, {1, 1, 1, 2}),
      conv(2, 70, 11, 13, 4, 5, 4, {2, 1, 2, 1}),  // more taps than one piece has
      conv(2, 20, 13, 11, 6, 2, 3, {1, 2, 0, 1, 2, 3}),
      conv(40, 32, 6, 6, 32, 3, 3),  // several partial sums of dw
      conv(1, 9, 40, 3, 3, 3, 3, {1, 1, 1, 1}),
  };
}

}  // namespace

TEST_CASE("gradients of a sparse dy agree with seven nested loops", "[kernels][conv2d][sparse]") {
  for (const auto& d : cases()) {
    for (Index step : {4, 7, 1000}) {
      INFO("every " << step);
      Data<float> data(d);
      thin_out(d, step, &data.dy);
      check_against_loops(d, data);
    }
  }
}

TEST_CASE("gradients of nothing are zeros", "[kernels][conv2d][sparse]") {
  const auto d = conv(3, 16, 9, 12, 5, 3, 3);
  Data<float> data(d);
  std::fill(data.dy.begin(), data.dy.end(), -0.0f);
  for (float v : backward_input(d, data)) REQUIRE(v == 0);
  for (float v : backward_weight(d, data)) REQUIRE(v == 0);
}

TEST_CASE("gradients of a sparse dy have the same bits at any number of threads",
          "[kernels][conv2d][sparse]") {
  for (const auto& d : {conv(40, 32, 6, 6, 32, 3, 3), conv(5, 24, 30, 31, 9, 3, 3)}) {
    Data<float> data(d);
    thin_out(d, 5, &data.dy);
    same_at_all_threads([&] { return backward_input(d, data); });
    same_at_all_threads([&] { return backward_weight(d, data); });
  }
}

TEST_CASE("a zero of dy times what is not finite is not a number", "[kernels][conv2d][sparse]") {
  const auto d = conv(2, 16, 8, 8, 4, 3, 3);
  const Data<float> clean = [&] {
    Data<float> data(d);
    thin_out(d, 5, &data.dy);
    return data;
  }();
  auto data = clean;
  const Index weight = (2 * d.c + 3) * 9 + 4;  // output channel 2, input channel 3, the middle
  data.w[count(weight)] = infinity_v<float>;
  const auto dx = backward_input(d, data);
  for (Index k = 0; k < static_cast<Index>(dx.size()); ++k) {
    const Index h = k / d.w % d.h, w = k % d.w, c = k / (d.h * d.w) % d.c;
    // A tap outside of dy may count as 0 times its weight.
    const bool is_inside = h >= 1 && h <= d.out_h && w >= 1 && w <= d.out_w;
    if (c == 3 && is_inside) REQUIRE(!std::isfinite(dx[count(k)]));
    if (c != 3) REQUIRE(std::isfinite(dx[count(k)]));
  }
  data = clean;
  data.x[count((1 * d.c + 3) * 64 + 3 * 8 + 4)] = nan_v<float>;  // every tap reads it
  const auto dw = backward_weight(d, data);
  for (Index k = 0; k < static_cast<Index>(dw.size()); ++k) {
    REQUIRE(std::isnan(dw[count(k)]) == (k / 9 % d.c == 3));
  }
}
