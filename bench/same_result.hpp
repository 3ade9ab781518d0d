#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "tenon/tensor/tensor.hpp"

namespace tenon::bench {

/// The largest difference, as a share of the largest value. Winograd's transforms, which either
/// side may use, err by some 1e-5.
inline constexpr float tolerance = 1e-4f;

/// What does other work must not be compared: throws std::runtime_error where the results differ.
inline void require_same_result(const std::string& name, const Tensor& result,
                                const Tensor& expected) {
  float largest = 0, difference = 0;
  bool same = result.shape() == expected.shape();
  for (Index i = 0; same && i < expected.numel(); ++i) {
    largest = std::max(largest, std::abs(expected.data()[i]));
    difference = std::max(difference, std::abs(result.data()[i] - expected.data()[i]));
    same = std::isfinite(result.data()[i]);
  }
  if (same && difference <= tolerance * largest) return;
  throw std::runtime_error("[bench] " + name + " computes something else than Tenon");
}

}  // namespace tenon::bench
