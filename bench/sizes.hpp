#pragma once

#include <string>

#include "case.hpp"
#include "tenon/ops/conv2d.hpp"

/// The sizes of products and convolutions, which Tenon's cases and the peers' have in common.
namespace tenon::bench {

/// (m, k) times (k, n).
struct MatmulSizes {
  Index m, k, n;

  std::string name() const { return "matmul/" + joined({m, k, n}); }
  double flops() const { return 2.0 * static_cast<double>(m * k * n); }
  double bytes() const { return 0; }
};

/// m samples of k features, n outputs.
struct LinearSizes {
  Index m, k, n;

  std::string name() const { return "linear/" + joined({m, k}) + "->" + std::to_string(n); }
  /// One row uses every weight once: memory is the limit.
  double flops() const { return m == 1 ? 0 : 2.0 * static_cast<double>(m * k * n); }
  double bytes() const { return m == 1 ? 4.0 * static_cast<double>(k * n) : 0; }
};

/// n square images of c channels, o outputs.
struct Conv2dSizes {
  Index n, c, h, o, kernel, stride, padding, groups = 1;

  Index out() const { return (h + 2 * padding - kernel) / stride + 1; }
  /// Little is computed with each value: memory is the limit.
  bool is_depthwise() const { return groups == c && c > 1; }
  double flops() const {
    const Index products = n * o * out() * out() * (c / groups) * kernel * kernel;
    return is_depthwise() ? 0 : 2.0 * static_cast<double>(products);
  }
  /// Of x and y.
  double bytes() const {
    const Index values = n * c * h * h + n * o * out() * out();
    return is_depthwise() ? 4.0 * static_cast<double>(values) : 0;
  }
  std::string text() const {
    return joined({n, c, h, h}) + "->" + std::to_string(o) + " k" + std::to_string(kernel) + " s" +
           std::to_string(stride) + " p" + std::to_string(padding) +
           (groups > 1 ? " g" + std::to_string(groups) : "");
  }
  std::string name() const { return "conv2d/forward/" + text(); }
  std::string train_name() const { return "conv2d/train/" + text(); }
  Conv2dOptions options() const { return {.stride = stride, .padding = padding, .groups = groups}; }
};

inline constexpr MatmulSizes matmul_sizes[] = {{64, 64, 64}, {256, 256, 256}, {1024, 1024, 1024}};

inline constexpr LinearSizes linear_sizes[] = {{64, 576, 64}, {128, 784, 256}, {1, 1024, 1024}};

inline constexpr Conv2dSizes conv2d_sizes[] = {
    {64, 1, 28, 32, 3, 1, 0},        {64, 32, 13, 64, 3, 1, 0},   {64, 64, 5, 64, 3, 1, 0},
    {32, 3, 32, 32, 3, 1, 1},        {32, 64, 56, 64, 3, 1, 1},   {32, 128, 28, 128, 3, 1, 1},
    {32, 128, 28, 256, 3, 2, 1},     {32, 256, 14, 256, 1, 1, 0}, {32, 64, 56, 64, 3, 1, 1, 64},
    {32, 128, 28, 128, 3, 2, 1, 128}};

}  // namespace tenon::bench
