#include "allocation_counter.hpp"

#include <atomic>
#include <cerrno>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TENON_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TENON_TEST_SANITIZED 1
#endif
#endif

namespace {
constinit std::atomic<std::size_t> allocations{0};

[[maybe_unused]] void count_one() noexcept { allocations.fetch_add(1, std::memory_order_relaxed); }
}  // namespace

#if defined(__GLIBC__) && !defined(TENON_TEST_SANITIZED)
#define TENON_TEST_COUNTS 1

// A program's own malloc takes the place of glibc's for all shared libraries too; the names with
// __libc_ in front lead to the original.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  count_one();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  count_one();
  return __libc_calloc(count, size);
}
void* realloc(void* block, std::size_t size) noexcept {
  count_one();
  return __libc_realloc(block, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  count_one();
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  count_one();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** block, std::size_t alignment, std::size_t size) noexcept {
  count_one();
  void* result = __libc_memalign(alignment, size);
  if (result == nullptr) return ENOMEM;
  *block = result;
  return 0;
}
}
#endif

namespace tenon::test {

bool can_count_allocations() {
#if defined(TENON_TEST_COUNTS)
  return true;
#else
  return false;
#endif
}

AllocationCounter::AllocationCounter() : start_(allocations.load(std::memory_order_relaxed)) {}

std::size_t AllocationCounter::count() const {
  return allocations.load(std::memory_order_relaxed) - start_;
}

}  // namespace tenon::test
