#pragma once

#include "tenon/base/config.hpp"

namespace tenon {

/// The instruction set that kernels run on. Results have the same bits on every run with one set;
/// sets differ from each other in the last places.
enum class Isa {
  portable,  ///< plain loops: the library was built with TENON_SIMD=OFF
  sse4,
  avx2,    ///< with FMA
  avx512,  ///< F, BW, CD, DQ and VL
  native,  ///< what the compiler was told to build for: other processor families, or -march
};

/// The set in use: the best that this processor has, or the one that the environment variable
/// TENON_ISA names (sse4, avx2, avx512) when it is asked for first. Throws ValueError where that is
/// no such name or the processor lacks it.
TENON_API Isa isa();

/// "portable", "sse4", "avx2", "avx512", "native"
TENON_API const char* to_string(Isa isa);

}  // namespace tenon
