#include "tenon/base/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>

#include "heap.hpp"

#if defined(__unix__)
#include <pthread.h>
#endif

namespace tenon {
namespace detail {
namespace {

// Blocks of up to a kilobyte come in 16 sizes. Every thread keeps some of each to itself, in lists
// that it reads and writes without a lock; the rest is shared. Larger blocks come from the heap.

constexpr std::size_t small_limit = 1024;
constexpr int classes = small_limit / block_alignment;
/// Bytes of one size that a thread keeps.
constexpr std::size_t thread_bytes = 32 * 1024;
/// What may be cached: this share of the peak, and this many bytes besides.
constexpr double spare_share = 0.12;
constexpr std::size_t spare_bytes = 512 * 1024;

constexpr int class_of(std::size_t bytes) {
  return bytes == 0 ? 0 : static_cast<int>((bytes - 1) / block_alignment);
}
constexpr std::size_t class_size(int k) {
  return static_cast<std::size_t>(k + 1) * block_alignment;
}
#if defined(TENON_ASAN)
constexpr std::size_t link_offset(int k) { return class_size(k) - sizeof(void*); }
#else
constexpr std::size_t link_offset(int) { return 0; }
#endif

/// A list of free blocks of one size, linked through their first bytes; where freed blocks are
/// poisoned, through their last ones, which are the least likely to be used by mistake.
class BlockList {
 public:
  bool empty() const { return head_ == nullptr; }
  std::uint32_t count() const { return count_; }

  void push(void* block, int k) {
    link(block, k) = head_;
    head_ = block;
    ++count_;
  }
  void* pop(int k) {
    void* block = head_;
    head_ = link(block, k);
    --count_;
    return block;
  }

 private:
  static void*& link(void* block, int k) {
    return *reinterpret_cast<void**>(static_cast<char*>(block) + link_offset(k));
  }

  void* head_ = nullptr;
  std::uint32_t count_ = 0;
};

/// What a thread keeps to itself. Has no destructor, so that it can be used while other
/// thread_local objects of the thread are destroyed: then room is 0 and everything goes to the
/// shared part.
struct ThreadCache {
  BlockList lists[classes];
  std::uint32_t room[classes] = {};     // 0 before the first use and after the thread's end
  std::atomic<std::ptrdiff_t> live{0};  // written by this thread alone
  std::size_t allocated = 0;            // bytes asked for so far; goes on after the thread's end
  ThreadCache* previous = nullptr;
  ThreadCache* next = nullptr;
  bool ended = false;

  void count(std::ptrdiff_t bytes) {
    live.store(live.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
  }
};

constinit thread_local ThreadCache thread_cache;

/// What all threads share; every member function but the fork handlers takes the lock.
class Pool {
 public:
  Pool();

  void* allocate_small(int k);
  void free_small(void* block, int k) noexcept;
  void* allocate_large(std::size_t bytes);
  void free_large(void* block) noexcept;

  MemoryStats stats();
  void reset_peak();
  void trim();
  void end_thread(ThreadCache& cache);

  void before_fork() { mutex_.lock(); }
  void after_fork() { mutex_.unlock(); }
  void after_fork_in_child();

 private:
  void enter(ThreadCache& cache);
  void leave(ThreadCache& cache);
  void hand_over(ThreadCache& cache, int k, std::uint32_t keep);
  void* system_block(int k);
  void release_small() noexcept;
  std::size_t live() const;
  std::size_t held() const { return held_small_ + heap_.held_bytes(); }
  std::size_t allowance(std::size_t more);
  void update_peaks();

  std::mutex mutex_;
  Heap heap_;
  BlockList lists_[classes];
  ThreadCache* threads_ = nullptr;
  std::ptrdiff_t live_elsewhere_ = 0;  // small blocks counted by threads that have ended
  std::size_t held_small_ = 0;
  std::size_t system_small_ = 0;
  std::size_t peak_live_ = 0, peak_held_ = 0;
};

/// Never destroyed: tensors in static objects are freed after everything else.
Pool& pool() {
  static Pool* const instance = new Pool;
  return *instance;
}

/// Hands a thread's blocks over when it ends.
struct ThreadEnd {
  ~ThreadEnd() { pool().end_thread(thread_cache); }
};

Pool::Pool() {
#if defined(__unix__)
  pthread_atfork([] { pool().before_fork(); }, [] { pool().after_fork(); },
                 [] { pool().after_fork_in_child(); });
#endif
}

void Pool::enter(ThreadCache& cache) {
  thread_local ThreadEnd end;
  static_cast<void>(&end);
  for (int k = 0; k < classes; ++k) {
    cache.room[k] = static_cast<std::uint32_t>(thread_bytes / class_size(k));
  }
  cache.next = threads_;
  cache.previous = nullptr;
  if (threads_ != nullptr) threads_->previous = &cache;
  threads_ = &cache;
}

void Pool::leave(ThreadCache& cache) {
  for (std::uint32_t& room : cache.room) room = 0;
  live_elsewhere_ += cache.live.load(std::memory_order_relaxed);
  cache.live.store(0, std::memory_order_relaxed);
  cache.ended = true;
  (cache.previous == nullptr ? threads_ : cache.previous->next) = cache.next;
  if (cache.next != nullptr) cache.next->previous = cache.previous;
}

void Pool::end_thread(ThreadCache& cache) {
  const std::lock_guard lock(mutex_);
  for (int k = 0; k < classes; ++k) hand_over(cache, k, 0);
  leave(cache);
}

void Pool::after_fork_in_child() {
  // Only the forking thread lives on. What the others kept is lost: they may have been in the midst
  // of changing their lists.
  for (ThreadCache* cache = threads_; cache != nullptr;) {
    ThreadCache* next = cache->next;
    if (cache != &thread_cache) leave(*cache);
    cache = next;
  }
  mutex_.unlock();
}

void Pool::hand_over(ThreadCache& cache, int k, std::uint32_t keep) {
  while (cache.lists[k].count() > keep) lists_[k].push(cache.lists[k].pop(k), k);
}

std::size_t Pool::live() const {
  std::ptrdiff_t small = live_elsewhere_;
  for (const ThreadCache* c = threads_; c != nullptr; c = c->next) {
    small += c->live.load(std::memory_order_relaxed);
  }
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(small, 0)) + heap_.live_bytes();
}

void Pool::update_peaks() {
  peak_live_ = std::max(peak_live_, live());
  peak_held_ = std::max(peak_held_, held());
}

/// Bytes that may be held once `more` bytes are live in addition.
std::size_t Pool::allowance(std::size_t more) {
  const std::size_t peak = std::max(peak_live_, live() + more);
  return peak + static_cast<std::size_t>(spare_share * static_cast<double>(peak)) + spare_bytes;
}

void* Pool::system_block(int k) {
  const std::size_t size = class_size(k), allowed = allowance(size) - size;
  if (held() > allowed) heap_.shrink(allowed > held_small_ ? allowed - held_small_ : 0);
  if (held() > allowed) release_small();
  void* block = std::aligned_alloc(block_alignment, size);
  if (block == nullptr) throw std::bad_alloc();
  ++system_small_;
  held_small_ += size;
  return block;
}

void* Pool::allocate_small(int k) {
  const std::lock_guard lock(mutex_);
  ThreadCache& cache = thread_cache;
  if (cache.room[k] == 0 && !cache.ended) enter(cache);
  void* block = lists_[k].empty() ? system_block(k) : lists_[k].pop(k);
  while (!lists_[k].empty() && cache.lists[k].count() < cache.room[k] / 2) {
    cache.lists[k].push(lists_[k].pop(k), k);
  }
  const auto size = static_cast<std::ptrdiff_t>(class_size(k));
  if (cache.ended) {
    live_elsewhere_ += size;
  } else {
    cache.count(size);
  }
  update_peaks();
  return block;
}

void Pool::free_small(void* block, int k) noexcept {
  const std::lock_guard lock(mutex_);
  ThreadCache& cache = thread_cache;
  const auto size = static_cast<std::ptrdiff_t>(class_size(k));
  if (cache.ended) {
    live_elsewhere_ -= size;
    return lists_[k].push(block, k);
  }
  if (cache.room[k] == 0) enter(cache);
  cache.count(-size);
  hand_over(cache, k, cache.room[k] / 2);
  cache.lists[k].push(block, k);
}

void* Pool::allocate_large(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  void* block = heap_.take(bytes);
  if (block == nullptr) {
    const std::size_t allowed = allowance(bytes);
    block = heap_.grow(bytes, allowed > held_small_ ? allowed - held_small_ : 0);
  }
  if (block == nullptr) throw std::bad_alloc();
  update_peaks();
  return block;
}

void Pool::free_large(void* block) noexcept {
  const std::lock_guard lock(mutex_);
  heap_.give(block);
}

void Pool::release_small() noexcept {
  for (int k = 0; k < classes; ++k) {
    while (!lists_[k].empty()) {
      void* block = lists_[k].pop(k);
      unpoison(block, class_size(k));
      std::free(block);
      held_small_ -= class_size(k);
    }
  }
}

void Pool::trim() {
  const std::lock_guard lock(mutex_);
  for (int k = 0; k < classes; ++k) hand_over(thread_cache, k, 0);
  release_small();
  heap_.trim();
}

MemoryStats Pool::stats() {
  const std::lock_guard lock(mutex_);
  update_peaks();
  const std::size_t alive = live();
  return {alive, held() - alive, peak_live_, peak_held_,
          system_small_ + heap_.system_allocations()};
}

void Pool::reset_peak() {
  const std::lock_guard lock(mutex_);
  peak_live_ = live();
  peak_held_ = held();
}

}  // namespace

void* pool_allocate(std::size_t bytes) {
  thread_cache.allocated += bytes;
  if (bytes > small_limit) {
    if (bytes > PTRDIFF_MAX / 2) throw std::bad_alloc();
    return pool().allocate_large(bytes);
  }
  const int k = class_of(bytes);
  ThreadCache& cache = thread_cache;
  void* block;
  if (cache.lists[k].empty()) {
    block = pool().allocate_small(k);
  } else {
    block = cache.lists[k].pop(k);
    cache.count(static_cast<std::ptrdiff_t>(class_size(k)));
  }
  unpoison(block, class_size(k));
  return block;
}

void pool_free(void* block, std::size_t bytes) noexcept {
  if (block == nullptr) return;
  if (bytes > small_limit) return pool().free_large(block);
  const int k = class_of(bytes);
  ThreadCache& cache = thread_cache;
  poison(block, link_offset(k));
  if (cache.lists[k].count() >= cache.room[k]) return pool().free_small(block, k);
  cache.lists[k].push(block, k);
  cache.count(-static_cast<std::ptrdiff_t>(class_size(k)));
}

std::size_t thread_allocated_bytes() noexcept { return thread_cache.allocated; }

}  // namespace detail

MemoryStats memory_stats() { return detail::pool().stats(); }
void reset_peak_memory() { detail::pool().reset_peak(); }
void trim_memory() { detail::pool().trim(); }

}  // namespace tenon
