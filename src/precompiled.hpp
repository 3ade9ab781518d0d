#pragma once

// What nearly every source outside of kernels/ includes, compiled once (src/CMakeLists.txt): a
// fifth of the time that the library takes to build. Sources still include what they use, which
// builds with CMAKE_DISABLE_PRECOMPILE_HEADERS=ON find out.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tenon/autograd/record.hpp"
#include "tenon/base/error.hpp"
#include "tenon/nn/module.hpp"
