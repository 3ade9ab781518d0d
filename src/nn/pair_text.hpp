#pragma once

#include <string>

#include "tenon/ops/pair.hpp"

namespace tenon::detail {

/// ", stride 2" or ", stride (2, 1)"; nothing where it has its usual value.
inline std::string option_text(const char* name, Pair value, Pair usual) {
  if (value == usual) return "";
  const std::string h = std::to_string(value.h);
  const std::string both = value.h == value.w ? h : "(" + h + ", " + std::to_string(value.w) + ")";
  return std::string(", ") + name + " " + both;
}

}  // namespace tenon::detail
