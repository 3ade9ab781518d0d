#include <cmath>
#include <cstring>

#include "layer_trace.hpp"

// What may be wrong with the shape that a layer refuses, said with the numbers that would fit.

namespace tenon::detail {
namespace {

Index product(const Shape& x, int from) {
  Index n = 1;
  for (int i = from; i < x.rank(); ++i) n *= x[i];
  return n;
}

Shape with_front(Shape x) {
  x.insert(0, 1);
  return x;
}

/// x has three axes where (N, C, H, W) is expected.
std::string image_hint(const nn::ExpectedInput& expected, const Shape& x) {
  const Index c = expected.size;
  if (c == 1 && x[0] != 1) {
    Shape with_channel = x;
    with_channel.insert(1, 1);
    return "grey images need an axis of channels: x.unsqueeze(1) makes " + to_string(with_channel);
  }
  if (c > 0 && x[0] != c && x[2] == c) {
    return "x looks like one image (H, W, C): x.permute({2, 0, 1}).unsqueeze(0) makes " +
           to_string(Shape{1, x[2], x[0], x[1]});
  }
  return "the batch axis is missing: x.unsqueeze(0) makes " + to_string(with_front(x));
}

/// x has two axes where (N, C, H, W) is expected.
std::string flat_image_hint(const nn::ExpectedInput& expected, const Shape& x) {
  const Index c = expected.size;
  const auto side =
      c == 0 ? Index{0} : static_cast<Index>(std::lround(std::sqrt(static_cast<double>(x[1] / c))));
  if (side < 2 || side * side * c != x[1]) return "";
  return "images are flattened: x.reshape({-1, " + std::to_string(c) + ", " + std::to_string(side) +
         ", " + std::to_string(side) + "}) undoes it";
}

std::string rank_hint(const nn::ExpectedInput& expected, const Shape& x) {
  if (std::strcmp(expected.axes, "NCHW") == 0) {
    if (x.rank() == 3) return image_hint(expected, x);
    return x.rank() == 2 ? flat_image_hint(expected, x) : "";
  }
  const bool lacks_one = x.rank() + 1 == static_cast<int>(std::strlen(expected.axes));
  if (expected.axes[0] != 'N' || !lacks_one) return "";
  return "the batch axis is missing: x.unsqueeze(0) makes " + to_string(with_front(x));
}

std::string would_fit(const nn::ExpectedInput& expected, Index size) {
  return std::string(expected.option) + " = " + std::to_string(size) + " would fit";
}

std::string channels_hint(const nn::ExpectedInput& expected, const Shape& x) {
  if (x.rank() == 4 && x[3] == expected.size) {
    return "x looks like (N, H, W, C): x.permute({0, 3, 1, 2}) makes " +
           to_string(Shape{x[0], x[3], x[1], x[2]});
  }
  return would_fit(expected, x[expected.axis]);
}

/// The last axis of x does not fit.
std::string features_hint(const nn::ExpectedInput& expected, const Shape& x,
                          std::string_view before, const Shape& x_before) {
  const Index flat = product(x, 1);
  const bool is_dense = std::strcmp(expected.option, "in_features") == 0;
  if (is_dense && x.rank() > 2 && flat == expected.size) {
    return "nn::Flatten() is missing in front of it, which makes " + to_string(Shape{x[0], flat});
  }
  if (is_dense && x.rank() == 4) {
    return "nn::Flatten() is missing in front of it, and then " + would_fit(expected, flat);
  }
  if (x.rank() == 2 && x.numel() == expected.size) {
    return "the batch axis is missing: x.reshape({1, " + std::to_string(expected.size) + "})";
  }
  if (x.rank() == 2 && x[0] == expected.size) {
    return "x looks transposed: x.t() makes " + to_string(Shape{x[1], x[0]});
  }
  std::string text = would_fit(expected, x.at(-1));
  if (before == "Flatten" && x_before.rank() > 2) {
    text += ": Flatten makes that of ";
    for (int i = 1; i < x_before.rank(); ++i) {
      text += (i > 1 ? " x " : "") + std::to_string(x_before[i]);
    }
  }
  return text;
}

}  // namespace

std::string shape_hint(const nn::ExpectedInput& expected, const Shape& x, std::string_view before,
                       const Shape& x_before) {
  const auto rank = static_cast<int>(std::strlen(expected.axes));
  if (rank > 0 && x.rank() != rank) return rank_hint(expected, x);
  if (expected.size == 0 || x.rank() == 0) return "";
  if (expected.axis == 1 && x.rank() > 1 && x[1] != expected.size)
    return channels_hint(expected, x);
  if (expected.axis == -1 && x.at(-1) != expected.size) {
    return features_hint(expected, x, before, x_before);
  }
  return "";
}

}  // namespace tenon::detail
