#pragma once

#include <string>

#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// "labels(1, 4)" for a position counted through a shape in row-major order.
inline std::string position_text(const char* name, const Shape& shape, Index position) {
  Shape indices = shape;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    indices[i] = position % shape[i];
    position /= shape[i];
  }
  return name + to_string(indices);
}

}  // namespace tenon::detail
