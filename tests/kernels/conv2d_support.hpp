#pragma once

#include <string>

#include "kernel_support.hpp"
#include "reference/conv2d.hpp"
#include "tenon/kernels/conv2d.hpp"

/// What the tests of convolution kernels share.
namespace tenon::test {

/// As for gemm: blocks of 256 random terms, and partial sums of up to 16 chunks of samples.
inline constexpr double allowed = 8;

struct Options {
  Index stride_h = 1, stride_w = 1, pad_h = 0, pad_w = 0, dilation_h = 1, dilation_w = 1;
  Index groups = 1;
};

inline kernels::Conv2dDims conv(Index n, Index c, Index h, Index w, Index o, Index kh, Index kw,
                                const Options& s = {}) {
  kernels::Conv2dDims d{};
  d.n = n;
  d.c = c;
  d.h = h;
  d.w = w;
  d.o = o;
  d.kh = kh;
  d.kw = kw;
  d.out_h = (h + 2 * s.pad_h - s.dilation_h * (kh - 1) - 1) / s.stride_h + 1;
  d.out_w = (w + 2 * s.pad_w - s.dilation_w * (kw - 1) - 1) / s.stride_w + 1;
  d.stride_h = s.stride_h;
  d.stride_w = s.stride_w;
  d.pad_h = s.pad_h;
  d.pad_w = s.pad_w;
  d.dilation_h = s.dilation_h;
  d.dilation_w = s.dilation_w;
  d.groups = s.groups;
  return d;
}

inline std::string description(const kernels::Conv2dDims& d) {
  std::string text;
  const auto add = [&](const char* name, std::initializer_list<Index> sizes) {
    text += name;
    for (Index size : sizes) text += ' ' + std::to_string(size);
  };
  add("x", {d.n, d.c, d.h, d.w});
  add(", w", {d.o, d.c / d.groups, d.kh, d.kw});
  add(", stride", {d.stride_h, d.stride_w});
  add(", pad", {d.pad_h, d.pad_w});
  add(", dilation", {d.dilation_h, d.dilation_w});
  add(", groups", {d.groups});
  return text;
}

template <class T>
struct Data {
  explicit Data(const kernels::Conv2dDims& d)
      : x(normal<T>(d.n * d.c * d.h * d.w, 1)),
        w(normal<T>(d.o * (d.c / d.groups) * d.kh * d.kw, 2)),
        b(normal<T>(d.o, 3)),
        dy(normal<T>(d.n * d.o * d.out_h * d.out_w, 4)) {}
  std::vector<T> x, w, b, dy;
};

template <class T>
std::vector<T> forward(const kernels::Conv2dDims& d, const Data<T>& data, bool bias = true) {
  std::vector<T> y(data.dy.size(), nan_v<T>);
  kernels::conv2d_forward(d, data.x.data(), data.w.data(), bias ? data.b.data() : nullptr,
                          y.data());
  return y;
}

template <class T>
std::vector<T> backward_input(const kernels::Conv2dDims& d, const Data<T>& data) {
  std::vector<T> dx(data.x.size(), nan_v<T>);
  kernels::conv2d_backward_input(d, data.dy.data(), data.w.data(), dx.data());
  return dx;
}

template <class T>
std::vector<T> backward_weight(const kernels::Conv2dDims& d, const Data<T>& data) {
  std::vector<T> dw(data.w.size(), nan_v<T>);
  kernels::conv2d_backward_weight(d, data.dy.data(), data.x.data(), dw.data());
  return dw;
}

/// All directions against seven nested loops.
template <class T>
void check_against_loops(const kernels::Conv2dDims& d, const Data<T>& data) {
  INFO(description(d));
  const T *x = data.x.data(), *w = data.w.data(), *dy = data.dy.data();
  CHECK(worst_sum_error(forward(d, data), reference::conv2d_forward(d, x, w, data.b.data())) <=
        allowed);
  CHECK(worst_sum_error(forward(d, data, false), reference::conv2d_forward<T>(d, x, w, nullptr)) <=
        allowed);
  CHECK(worst_sum_error(backward_input(d, data), reference::conv2d_backward_input(d, dy, w)) <=
        allowed);
  CHECK(worst_sum_error(backward_weight(d, data), reference::conv2d_backward_weight(d, dy, x)) <=
        allowed);
}
template <class T>
void check_against_loops(const kernels::Conv2dDims& d) {
  check_against_loops(d, Data<T>(d));
}

}  // namespace tenon::test
