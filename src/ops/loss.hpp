#pragma once

#include <string>

#include "base/profile.hpp"
#include "ops/position_text.hpp"
#include "tenon/base/error.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/reduction.hpp"
#include "tensor/checks.hpp"

// What losses share.

namespace tenon::detail {

/// Losses one by one, added up, or added up and divided by count.
template <class T>
BasicTensor<T> reduce_losses(const BasicTensor<T>& losses, Reduction reduction, Index count) {
  switch (reduction) {
    case Reduction::none:
      return losses;
    case Reduction::sum:
      return sum(losses);
    case Reduction::mean:
      break;
  }
  return sum(losses) / count;
}

/// Throws ShapeError where the two shapes differ, ValueError where a tensor is undefined.
inline void check_same_shape(const char* op, const char* name, const TensorImpl* x,
                             const char* target_name, const TensorImpl* target) {
  const Shape& a = defined(op, x).shape;
  const Shape& b = defined(op, target).shape;
  if (a == b) [[likely]]
    return;
  const bool same_count = a.numel() == b.numel();
  fail<ShapeError>(op, name, " and ", target_name, " must have one shape but have ", a, " and ", b,
                   same_count ? "; hint: reshape one of them, most often by squeeze(-1) or "
                                "unsqueeze(-1)"
                              : "; hint: nothing is broadcast here; expand one of them if that is "
                                "what you want");
}

/// Throws ShapeError unless weights broadcast to a shape without making it larger.
inline void check_broadcasts(const char* op, const char* name, const TensorImpl* weight,
                             const Shape& shape) {
  const Shape& w = weight->shape;
  const int front = shape.rank() - w.rank();
  bool fits = front >= 0;
  for (int i = 0; fits && i < w.rank(); ++i) fits = w[i] == 1 || w[i] == shape[front + i];
  if (fits) [[likely]]
    return;
  fail<ShapeError>(op, name, " has shape ", w, ", which does not broadcast to the losses' shape ",
                   shape,
                   "; hint: one weight for each feature of the last axis, or for every element");
}

inline std::string label_text(const Shape& shape, Index position) {
  return position_text("labels", shape, position);
}

}  // namespace tenon::detail
