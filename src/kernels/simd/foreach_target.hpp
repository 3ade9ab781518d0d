// Compiles the including file once for each instruction set. Every such file says, before this,
//   #undef HWY_TARGET_INCLUDE
//   #define HWY_TARGET_INCLUDE "kernels/simd/<itself>"
// and stands between HWY_BEFORE_NAMESPACE() and HWY_AFTER_NAMESPACE() in a namespace HWY_NAMESPACE.
// No include guard: Highway includes the file, and with it this one, again and again.

// Three sets on x86, since each costs build time and size: AVX-512 (Highway calls it AVX3), AVX2
// with FMA, SSE4. The scalar set is Highway's fallback without SSE4, which TENON_SIMD=OFF serves.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS \
  (~(HWY_SCALAR | HWY_EMU128 | HWY_SSE4 | HWY_AVX2 | HWY_AVX3 | HWY_NEON))
#endif

#include "hwy/cache_control.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"

/// False while the fallback is compiled where better sets exist.
#undef TENON_TARGET_IS_USED
#if HWY_ARCH_X86 && (HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128)
#define TENON_TARGET_IS_USED 0
#else
#define TENON_TARGET_IS_USED 1
#endif

#ifndef TENON_SIMD_CHOOSE_HPP
#define TENON_SIMD_CHOOSE_HPP

#include "tenon/base/isa.hpp"

namespace tenon::kernels {

/// The variant for the instruction set in use.
template <class F>
F choose(F sse4, F avx2, F avx512) {
  switch (isa()) {
    case Isa::avx512:
      return avx512;
    case Isa::avx2:
      return avx2;
    default:
      return sse4;
  }
}

}  // namespace tenon::kernels

/// Names what every HWY_NAMESPACE calls `name`, in the variant for the instruction set in use.
/// Under -march options that exclude older processors only one variant is compiled.
#if HWY_ARCH_X86 && (HWY_STATIC_TARGET == HWY_SCALAR || HWY_STATIC_TARGET == HWY_EMU128)
#define TENON_CHOOSE(name) ::tenon::kernels::choose(&N_SSE4::name, &N_AVX2::name, &N_AVX3::name)
#else
#define TENON_CHOOSE(name) (&HWY_STATIC_DISPATCH(name))
#endif

#endif  // TENON_SIMD_CHOOSE_HPP
