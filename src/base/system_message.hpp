#pragma once

#include <string>
#include <system_error>

namespace tenon::detail {

/// What the operating system says about a value of errno.
inline std::string system_message(int error) { return std::generic_category().message(error); }

}  // namespace tenon::detail
