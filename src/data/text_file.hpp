#pragma once

#include <string>
#include <string_view>

namespace tenon::detail {

/// All bytes of a regular file. Throws IoError with "[op] path: ...".
std::string read_text(std::string_view op, const std::string& path);

/// Writes a file that appears under its name only when all of it is there. Throws IoError.
void write_text(std::string_view op, const std::string& path, std::string_view text);

}  // namespace tenon::detail
