#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tenon::detail {

/// The bytes of the character with which text begins, 0 where they are not UTF-8: a stray or
/// missing continuation, a form longer than need be, a surrogate, or beyond U+10FFFF. Source: RFC
/// 3629.
std::size_t utf8_length(std::string_view text);

/// Position of the first byte that belongs to no character; npos where all is UTF-8.
std::size_t find_invalid_utf8(std::string_view text);

/// Appends the character of `length` bytes with which text begins, as a small letter where it is a
/// capital one of the Latin, Greek or Cyrillic alphabets.
void append_lower(std::string& to, std::string_view text, std::size_t length);

}  // namespace tenon::detail
