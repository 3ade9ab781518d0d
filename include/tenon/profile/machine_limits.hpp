#pragma once

#include "tenon/base/config.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon {

/// What this machine can do at most with a number of threads: the yardstick of profiles.
struct MachineLimits {
  int threads = 1;
  double float_flops = 0;  ///< floating-point operations in a second, of multiply-adds in registers
  double double_flops = 0;  ///< the same in double
  /// Bytes in a second, those read and those written, of copying working_set[i] bytes: within the
  /// nearest cache, the next ones, and memory.
  double copy_bytes[5] = {};
  static constexpr double working_set[5] = {16e3, 256e3, 4e6, 16e6, 64e6};

  double memory_bytes() const { return copy_bytes[4]; }
  /// For work that moves so many bytes: where they fit is how fast they can be.
  double bandwidth(double bytes) const {
    int i = 0;
    while (i < 4 && bytes > working_set[i]) ++i;
    return copy_bytes[i];
  }
};

/// Measures them when asked for the first time with that many threads, which takes about a tenth of
/// a second, and remembers; not to be asked for inside of a parallel region of OpenMP, where
/// nothing runs side by side. Throws ValueError for threads < 1.
TENON_API MachineLimits machine_limits(int threads = num_threads());

}  // namespace tenon
