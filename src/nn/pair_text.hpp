#pragma once

#include <string>

#include "tenon/base/shape.hpp"
#include "tenon/ops/pair.hpp"

namespace tenon::detail {

/// "2" where all sizes are 2, else "(1, 2, 3)".
inline std::string size_text(const Shape& sizes) {
  for (const Index size : sizes) {
    if (size != sizes[0]) return to_string(sizes);
  }
  return std::to_string(sizes[0]);
}

/// ", stride 2" or ", stride (2, 1)"; nothing where it has its usual value.
inline std::string option_text(const char* name, const Shape& sizes, const Shape& usual) {
  return sizes == usual ? "" : std::string(", ") + name + " " + size_text(sizes);
}
inline std::string option_text(const char* name, Pair value, Pair usual) {
  return option_text(name, Shape{value.h, value.w}, Shape{usual.h, usual.w});
}

}  // namespace tenon::detail
