#include "tenon/base/memory.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENON_HAS_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define TENON_HAS_ASAN 1
#endif
#if defined(TENON_HAS_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace tenon {

namespace {

using std::size_t;

// --- sizes -----------------------------------------------------------------------------------

constexpr size_t small_limit = 1024;
constexpr int small_classes = static_cast<int>(small_limit / detail::block_alignment);
// Most blocks are a tensor: a header of at most this, and a round number of values.
constexpr size_t header_room = 256;
constexpr int steps_per_octave = 16;
constexpr int large_classes = 64 * steps_per_octave;

constexpr size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

constexpr int small_class(size_t bytes) {
  return bytes == 0 ? 0 : static_cast<int>((bytes - 1) / detail::block_alignment);
}

struct LargeClass {
  int index;
  size_t bytes;
};

/// Sixteen classes for each power of two, above the room for a header.
constexpr LargeClass large_class(size_t bytes) {
  const size_t values = bytes - header_room;
  const int shift = static_cast<int>(std::bit_width(values - 1)) - 5;
  const size_t steps = ((values - 1) >> shift) + 1;  // 17 .. 32
  return {shift * steps_per_octave + static_cast<int>(steps) - steps_per_octave - 1,
          round_up((steps << shift) + header_room, detail::block_alignment)};
}
static_assert(large_class(4096 + 192).bytes == 4096 + header_room);
static_assert(large_class(small_limit + 1).bytes >= small_limit + 1);

// --- free blocks -------------------------------------------------------------------------------

/// What a free block holds in its own first bytes.
struct FreeBlock {
  FreeBlock* next;  // of the same class
  FreeBlock* previous;
  FreeBlock* newer;  // of all large ones, by the time of their release
  FreeBlock* older;
  size_t bytes;
  int index;
};

// Under the address sanitiser a free block cannot be touched beyond that, so that the pool does not
// hide a use after free.
void poison([[maybe_unused]] void* block, [[maybe_unused]] size_t bytes) {
#if defined(TENON_HAS_ASAN)
  ASAN_POISON_MEMORY_REGION(static_cast<char*>(block) + sizeof(FreeBlock),
                            bytes - sizeof(FreeBlock));
#endif
}
void unpoison([[maybe_unused]] void* block, [[maybe_unused]] size_t bytes) {
#if defined(TENON_HAS_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
}

void give_back(FreeBlock* block, size_t bytes) {
  unpoison(block, bytes);
  std::free(block);
}

/// Free small blocks of one thread; its numbers are read by others, so they are atomic, but only
/// the thread itself writes them.
struct SmallCache {
  FreeBlock* lists[small_classes] = {};
  std::atomic<std::int64_t> live_bytes{0};
  std::atomic<std::int64_t> cached_bytes{0};
  SmallCache* next = nullptr;  // of the registered ones

  void add(std::int64_t live, std::int64_t cached) {
    live_bytes.store(live_bytes.load(std::memory_order_relaxed) + live, std::memory_order_relaxed);
    cached_bytes.store(cached_bytes.load(std::memory_order_relaxed) + cached,
                       std::memory_order_relaxed);
  }
  void put(FreeBlock* block, int index) {
    block->next = std::exchange(lists[index], block);
  }
  FreeBlock* take(int index) {
    FreeBlock* block = lists[index];
    if (block != nullptr) lists[index] = block->next;
    return block;
  }
  void trim() {
    for (int i = 0; i < small_classes; ++i) {
      const size_t bytes = static_cast<size_t>(i + 1) * detail::block_alignment;
      while (FreeBlock* block = take(i)) {
        give_back(block, bytes);
        add(0, -static_cast<std::int64_t>(bytes));
      }
    }
  }
};

// --- the part that threads share -----------------------------------------------------------------

/// Never destroyed: tensors may outlive every static object.
struct Shared {
  std::mutex mutex;
  FreeBlock* bins[large_classes] = {};
  FreeBlock* newest = nullptr;
  FreeBlock* oldest = nullptr;
  SmallCache* caches = nullptr;  // of running threads
  SmallCache orphans;            // for threads that are ending
  std::int64_t large_live = 0;
  std::int64_t large_cached = 0;
  std::int64_t peak_live = 0;
  std::int64_t peak_total = 0;
  size_t system_allocations = 0;

  std::int64_t live() const { return large_live + sum(&SmallCache::live_bytes); }
  std::int64_t cached() const { return large_cached + sum(&SmallCache::cached_bytes); }
  void note_peak() {
    const std::int64_t now = live();
    peak_live = std::max(peak_live, now);
    peak_total = std::max(peak_total, now + cached());
  }

  void put(FreeBlock* block, LargeClass size);
  FreeBlock* take(LargeClass size);
  void unlink(FreeBlock* block);
  void make_room(std::int64_t bytes, SmallCache* own);

 private:
  std::int64_t sum(std::atomic<std::int64_t> SmallCache::* number) const {
    std::int64_t total = (orphans.*number).load(std::memory_order_relaxed);
    for (const SmallCache* c = caches; c != nullptr; c = c->next) {
      total += (c->*number).load(std::memory_order_relaxed);
    }
    return total;
  }
};

constinit Shared shared;

void Shared::put(FreeBlock* block, LargeClass size) {
  *block = {bins[size.index], nullptr, nullptr, newest, size.bytes, size.index};
  if (block->next != nullptr) block->next->previous = block;
  bins[size.index] = block;
  (newest != nullptr ? newest->newer : oldest) = block;
  newest = block;
  large_cached += static_cast<std::int64_t>(size.bytes);
  poison(block, size.bytes);
}

void Shared::unlink(FreeBlock* block) {
  (block->previous != nullptr ? block->previous->next : bins[block->index]) = block->next;
  if (block->next != nullptr) block->next->previous = block->previous;
  (block->newer != nullptr ? block->newer->older : newest) = block->older;
  (block->older != nullptr ? block->older->newer : oldest) = block->newer;
  large_cached -= static_cast<std::int64_t>(block->bytes);
}

FreeBlock* Shared::take(LargeClass size) {
  FreeBlock* block = bins[size.index];
  if (block == nullptr) return nullptr;
  unlink(block);
  unpoison(block, size.bytes);
  return block;
}

// Before the system is asked for more: what is held must stay near the largest live set, so blocks
// that have not been used for longest go first.
void Shared::make_room(std::int64_t bytes, SmallCache* own) {
  constexpr std::int64_t slack = 1 << 20;
  const std::int64_t now = live() + bytes;
  const std::int64_t limit = std::max(peak_live, now) * 115 / 100 + slack;
  while (oldest != nullptr && now + cached() > limit) {
    FreeBlock* block = oldest;
    unlink(block);
    give_back(block, block->bytes);
  }
  if (own != nullptr && now + cached() > limit) own->trim();
}

void* system_allocate(size_t bytes) {
  void* block = std::aligned_alloc(detail::block_alignment, bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

// --- the part of each thread ---------------------------------------------------------------------

constinit thread_local SmallCache* own_cache = nullptr;
constinit thread_local bool thread_is_ending = false;

/// Registers the thread's cache; hands its blocks to the orphans when the thread ends.
struct CacheOwner {
  SmallCache cache;

  CacheOwner() {
    const std::lock_guard lock(shared.mutex);
    cache.next = std::exchange(shared.caches, &cache);
    own_cache = &cache;
  }
  ~CacheOwner() {
    own_cache = nullptr;
    thread_is_ending = true;
    cache.trim();
    const std::lock_guard lock(shared.mutex);
    SmallCache** link = &shared.caches;
    while (*link != &cache) link = &(*link)->next;
    *link = cache.next;
    // Negative where the thread freed what others had allocated.
    shared.orphans.add(cache.live_bytes.load(std::memory_order_relaxed), 0);
  }
};

SmallCache* open_cache() {
  if (thread_is_ending) return nullptr;
  static thread_local CacheOwner owner;
  return &owner.cache;
}

SmallCache* cache_of_thread() { return own_cache != nullptr ? own_cache : open_cache(); }

void* allocate_new_small(size_t bytes, SmallCache* cache) {
  const std::lock_guard lock(shared.mutex);
  shared.make_room(static_cast<std::int64_t>(bytes), cache);
  void* block = system_allocate(bytes);
  ++shared.system_allocations;
  (cache != nullptr ? *cache : shared.orphans).add(static_cast<std::int64_t>(bytes), 0);
  shared.note_peak();
  return block;
}

void* allocate_small(size_t bytes) {
  const int index = small_class(bytes);
  const size_t size = static_cast<size_t>(index + 1) * detail::block_alignment;
  SmallCache* cache = cache_of_thread();
  FreeBlock* block = cache != nullptr ? cache->take(index) : nullptr;
  if (block == nullptr) return allocate_new_small(size, cache);
  unpoison(block, size);
  cache->add(static_cast<std::int64_t>(size), -static_cast<std::int64_t>(size));
  return block;
}

void free_small(void* memory, size_t bytes) {
  const int index = small_class(bytes);
  const auto size = static_cast<std::int64_t>(index + 1) *
                    static_cast<std::int64_t>(detail::block_alignment);
  SmallCache* cache = cache_of_thread();
  if (cache == nullptr) {
    std::free(memory);
    const std::lock_guard lock(shared.mutex);
    return shared.orphans.add(-size, 0);
  }
  cache->put(static_cast<FreeBlock*>(memory), index);
  cache->add(-size, size);
  poison(memory, static_cast<size_t>(size));
}

void* allocate_large(size_t bytes) {
  const LargeClass size = large_class(bytes);
  const auto signed_bytes = static_cast<std::int64_t>(size.bytes);
  const std::lock_guard lock(shared.mutex);
  void* block = shared.take(size);
  if (block == nullptr) {
    shared.make_room(signed_bytes, own_cache);
    block = system_allocate(size.bytes);
    ++shared.system_allocations;
  }
  shared.large_live += signed_bytes;
  shared.note_peak();
  return block;
}

void free_large(void* memory, size_t bytes) {
  const LargeClass size = large_class(bytes);
  const std::lock_guard lock(shared.mutex);
  shared.put(static_cast<FreeBlock*>(memory), size);
  shared.large_live -= static_cast<std::int64_t>(size.bytes);
}

}  // namespace

namespace detail {

void* pool_allocate(std::size_t bytes) {
  return bytes <= small_limit ? allocate_small(bytes) : allocate_large(bytes);
}

void pool_free(void* block, std::size_t bytes) noexcept {
  bytes <= small_limit ? free_small(block, bytes) : free_large(block, bytes);
}

}  // namespace detail

MemoryStats memory_stats() {
  const std::lock_guard lock(shared.mutex);
  shared.note_peak();
  const auto bytes = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  return {bytes(shared.live()), bytes(shared.cached()), bytes(shared.peak_live),
          bytes(shared.peak_total), shared.system_allocations};
}

void reset_peak_memory() {
  const std::lock_guard lock(shared.mutex);
  shared.peak_live = shared.peak_total = 0;
  shared.note_peak();
}

void trim_memory() {
  SmallCache* cache = cache_of_thread();
  const std::lock_guard lock(shared.mutex);
  if (cache != nullptr) cache->trim();
  while (shared.oldest != nullptr) {
    FreeBlock* block = shared.oldest;
    shared.unlink(block);
    give_back(block, block->bytes);
  }
}

}  // namespace tenon
