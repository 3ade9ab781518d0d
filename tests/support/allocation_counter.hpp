#pragma once

#include <cstddef>

namespace tenon::test {

/// False under the sanitizers, which replace the allocator themselves.
bool can_count_allocations();

/// Counts the calls of malloc, calloc, realloc, aligned_alloc, posix_memalign and memalign of all
/// threads since it was made; operator new arrives there too.
class AllocationCounter {
 public:
  AllocationCounter();
  std::size_t count() const;

 private:
  std::size_t start_;
};

}  // namespace tenon::test
