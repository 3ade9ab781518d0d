#pragma once

#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#define TENON_HAS_MXCSR 1
#endif

#include <cstdint>

namespace tenon::detail {

/// Flushes denormals to zero and rounds to nearest until the scope ends, then restores what the
/// host had set. Every kernel opens one, so that results do not depend on the host's mode and a
/// gradient that fades over hundreds of time steps does not become thirty times as slow.
class FlushDenormals {
 public:
#if defined(TENON_HAS_MXCSR)
  FlushDenormals() : saved_(_mm_getcsr()) {
    if ((saved_ & ~status_flags) != wanted) _mm_setcsr(wanted);
  }
  ~FlushDenormals() {
    if ((saved_ & ~status_flags) != wanted) _mm_setcsr(saved_);
  }

 private:
  // All exceptions masked, round to nearest, flush-to-zero (bit 15), denormals-are-zero (bit 6).
  static constexpr std::uint32_t wanted = 0x9fc0;
  static constexpr std::uint32_t status_flags = 0x3f;
  std::uint32_t saved_;
#elif defined(__aarch64__)
  FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" : : "r"(flush_to_zero));
  }
  ~FlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }

 private:
  static constexpr std::uint64_t flush_to_zero = std::uint64_t{1} << 24;
  std::uint64_t saved_;
#else
  FlushDenormals() {}
  ~FlushDenormals() {}

 private:
#endif
 public:
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace tenon::detail
