#pragma once

#include <cmath>
#include <limits>

#include "ops/position_text.hpp"
#include "tenon/base/error.hpp"

namespace tenon::detail {

/// The largest of n logits, -infinity where all are. Throws ValueError for NaN and infinity; row
/// counts through shape, that of all logits, without its last axis.
template <class T>
T largest_logit(const char* op, const T* x, Index n, Index row, const Shape& shape) {
  T largest = -std::numeric_limits<T>::infinity();
  for (Index i = 0; i < n; ++i) {
    if (!(x[i] < std::numeric_limits<T>::infinity())) [[unlikely]] {
      fail<ValueError>(op, position_text("logits", shape, row * n + i), " is ",
                       static_cast<double>(x[i]),
                       " but must be finite, or -infinity for what must not be chosen; hint: look "
                       "for the first layer whose output is not finite");
    }
    if (x[i] > largest) largest = x[i];
  }
  return largest;
}

}  // namespace tenon::detail
