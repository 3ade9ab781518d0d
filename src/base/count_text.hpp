#pragma once

#include <string>
#include <utility>

#include "tenon/base/shape.hpp"

namespace tenon::detail {

/// "-1234567" -> "-1,234,567"
inline std::string with_commas(std::string digits) {
  const std::size_t sign = !digits.empty() && digits[0] == '-' ? 1 : 0;
  for (std::size_t i = digits.size(); i > sign + 3;) {
    i -= 3;
    digits.insert(i, 1, ',');
  }
  return digits;
}

inline std::string count_text(Index count) { return with_commas(std::to_string(count)); }

}  // namespace tenon::detail
