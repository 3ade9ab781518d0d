#pragma once

#include <concepts>

#include "tenon/tensor/tensor.hpp"

namespace tenon {

/// Which features rotary() rotates together.
enum class RotaryPairs {
  interleaved,  ///< (0, 1), (2, 3), ...: the paper, GPT-J, Meta's own Llama files
  halves,       ///< (0, D/2), (1, D/2 + 1), ...: GPT-NeoX, Llama as Hugging Face stores it
};

struct RotaryOptions {
  RotaryPairs pairs = RotaryPairs::interleaved;
  double base = 10000;  ///< > 0; larger ones turn the last pairs more slowly
  Index offset = 0;     ///< position of the first row, >= 0: rows decoded before
};

/// Rotates pairs of features by angles that grow with the position, so that products of queries and
/// keys depend on how far apart they are and not on where.
///   for position p = offset + l and pair i < D/2 of the features a, b, with t = p base^(-2i/D):
///   y_a = x_a cos t - x_b sin t
///   y_b = x_a sin t + x_b cos t
/// x (..., L, D), D even, such as (N, A, L, D)   y of the same shape
/// dx = dy rotated back. Saves nothing. Has derivatives of every order. Rows decoded one at a time,
/// with offset, have the same bits as all at once. Throws ShapeError for fewer than two axes or an
/// odd D, ValueError for an option out of its range.
/// Source: Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
template <std::floating_point T>
TENON_API BasicTensor<T> rotary(const BasicTensor<T>& x, const RotaryOptions& options = {});

}  // namespace tenon
