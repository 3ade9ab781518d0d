// What the machine can do at most: plausible numbers, whatever else the machine does meanwhile.

#include "tenon/kernels/limits.hpp"

#include "catch.hpp"
#include "tenon/base/memory.hpp"

using namespace tenon;

TEST_CASE("limits are those of a computer", "[kernels][limits][tiny]") {
  for (const int threads : {1, 2, 8}) {
    INFO(threads << " threads");
    CHECK(kernels::measure_flops<float>(threads) > 1e8);
    CHECK(kernels::measure_flops<float>(threads) < 1e14);
    CHECK(kernels::measure_flops<double>(threads) > 1e8);
    for (const double bytes : {0.0, 1e3, 16e3, 1e6}) {
      CHECK(kernels::measure_bandwidth(threads, bytes) > 1e7);
      CHECK(kernels::measure_bandwidth(threads, bytes) < 1e14);
    }
  }
}

TEST_CASE("measuring takes nothing from the pool", "[kernels][limits]") {
  const MemoryStats before = memory_stats();
  kernels::measure_bandwidth(2, 1e6);
  CHECK(memory_stats().live_bytes == before.live_bytes);
  CHECK(memory_stats().peak_live_bytes == before.peak_live_bytes);
}
