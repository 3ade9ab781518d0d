#include "tenon/base/memory.hpp"

#include <atomic>
#include <cstdlib>
#include <new>

namespace tenon {
namespace {
std::atomic<std::size_t> live{0}, calls{0};
}
MemoryStats memory_stats() { return {live.load(), 0, live.load(), live.load(), calls.load()}; }
void reset_peak_memory() {}
void trim_memory() {}

namespace detail {
void* pool_allocate(std::size_t bytes) {
  void* p = std::aligned_alloc(block_alignment, (bytes / 64 + 1) * 64);
  if (p == nullptr) throw std::bad_alloc();
  live += bytes;
  ++calls;
  return p;
}
void pool_free(void* block, std::size_t bytes) noexcept {
  live -= bytes;
  std::free(block);
}
}  // namespace detail
}  // namespace tenon
