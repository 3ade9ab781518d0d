#pragma once

// What many kernels include, compiled once (src/CMakeLists.txt), which saves each source about 0.9
// s of CPU. Nothing here may depend on the instruction set that Highway compiles for. Sources still
// include what they use, which builds with CMAKE_DISABLE_PRECOMPILE_HEADERS=ON find out.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#ifdef TENON_SIMD
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "hwy/base.h"
#endif

#include "kernels/work.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/isa.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/dims.hpp"
