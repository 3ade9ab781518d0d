#pragma once

#include <algorithm>
#include <string>

#include "tenon/base/error.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::detail {

// What the constructors and forward() of normalising layers share.

/// Throws ValueError for a layer whose weight was moved away: without one it would go on silently.
template <class Layer>
void check_not_moved_from(const Layer& layer, bool affine, bool has_weight) {
  if (!affine || has_weight) [[likely]]
    return;
  fail<ValueError>(layer.name(),
                   "the layer has no weight, since it was moved from; hint: use the layer that "
                   "it was moved to, or clone(layer) where both are needed");
}

inline void check_eps(const char* name, double eps) {
  if (eps >= 0) return;
  fail<ValueError>(name, "eps must be at least 0, not ", eps,
                   "; hint: it keeps the division from one by 0; 1e-5 is usual");
}

/// Throws ValueError unless a layer may normalise over last axes of these sizes.
inline void check_normalized_shape(const char* name, const Shape& shape, double eps) {
  if (shape.empty() || std::any_of(shape.begin(), shape.end(), [](Index d) { return d < 1; })) {
    fail<ValueError>(name, "normalized_shape must name axes of at least 1 element, not ", shape,
                     "; hint: it is the size of the last axis, or {H, W} for the last two");
  }
  check_eps(name, eps);
}

/// "LayerNorm(64", to which options are added.
inline std::string normalized_text(const std::string& name, const Shape& shape) {
  std::string text = name + to_string(shape);
  text.pop_back();
  return text;
}

}  // namespace tenon::detail
