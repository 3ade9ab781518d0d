#pragma once

#include <string>

#include "tenon/base/config.hpp"

namespace tenon {

/// What a report about speed or a wrong result should carry, a "name: value" line each: version,
/// compiler and build type, kernels and their instruction set, threads and who decided on them.
TENON_API std::string show_config();

}  // namespace tenon
