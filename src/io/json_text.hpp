#pragma once

#include <optional>
#include <string>

namespace tenon::detail {

/// UTF-8 text as a JSON string, quotes included; nothing for text that is not UTF-8.
std::optional<std::string> json_text(const std::string& text);

/// The same, where what is not UTF-8 is replaced by U+FFFD.
std::string lenient_json_text(const std::string& text);

}  // namespace tenon::detail
