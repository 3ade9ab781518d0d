#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__)
#define TENON_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENON_ASAN 1
#endif
#endif
#if defined(TENON_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace tenon::detail {

/// Tells the address sanitizer that nobody may touch these bytes, or that somebody may again:
/// memory that waits for reuse would otherwise hide a use after free.
#if defined(TENON_ASAN)
inline void poison(void* begin, std::size_t bytes) { ASAN_POISON_MEMORY_REGION(begin, bytes); }
inline void unpoison(void* begin, std::size_t bytes) { ASAN_UNPOISON_MEMORY_REGION(begin, bytes); }
#else
inline void poison(void*, std::size_t) {}
inline void unpoison(void*, std::size_t) {}
#endif

/// Memory for blocks above a kilobyte: segments from the system, cut into chunks as asked for.
/// Takes the smallest free chunk that is large enough (of large ones, that in the oldest
/// segment and there the highest), and merges neighbours that are free. What is free therefore
/// depends only on what is live, and a program that allocates in the same pattern over and over
/// asks the system for nothing after the first rounds. Chunks below 128 KiB have segments of their
/// own, so that a small one never pins a large segment.
///
/// Not thread-safe.
class Heap {
 public:
  /// A block from what is held, null where nothing fits.
  void* take(std::size_t bytes);

  /// A block from a new segment. Beforehand free segments are given back, the least recently used
  /// first, until no more than `allowance` bytes are held; what they held goes into the new one, so
  /// that many small segments become one that fits all. Null where the system has no memory.
  void* grow(std::size_t bytes, std::size_t allowance);

  void give(void* block) noexcept;

  /// Gives back free segments until no more than `allowance` bytes are held.
  void shrink(std::size_t allowance) noexcept;

  /// Gives back all free segments, and the pages of free chunks in the others.
  void trim() noexcept;

  std::size_t live_bytes() const { return live_; }
  std::size_t held_bytes() const { return held_; }
  std::size_t system_allocations() const { return system_allocations_; }

 private:
  struct Chunk;

  static bool before(const Chunk* a, const Chunk* b);
  static std::uint64_t priority(const Chunk* c);
  static Chunk* merge(Chunk* a, Chunk* b);
  static void split(Chunk* tree, const Chunk* at, Chunk*& low, Chunk*& high);
  static void insert(Chunk*& tree, Chunk* c);
  static void erase(Chunk*& tree, const Chunk* c);
  template <class F>
  static void for_each(Chunk* tree, const F& f);

  Chunk* smallest_small(std::size_t size) const;
  Chunk* oldest_large(std::size_t size) const;
  void* use(Chunk* c, std::size_t size);
  void add_free(Chunk* c);
  void remove_free(Chunk* c);
  void release(Chunk* segment) noexcept;

  // Free chunks, ordered by size and address, of small and of large segments. A binary search tree
  // kept balanced by treating a hash of the address as a heap's priority (a treap).
  Chunk* free_[2] = {nullptr, nullptr};
  // Segments of which all is free, in the order in which they became so.
  Chunk* oldest_ = nullptr;
  Chunk* newest_ = nullptr;
  std::size_t live_ = 0, held_ = 0, system_allocations_ = 0;
};

}  // namespace tenon::detail
