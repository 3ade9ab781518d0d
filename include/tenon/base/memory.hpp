#pragma once

#include <cstddef>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon {

/// Bytes and calls of the memory pool from which all tensors come, over all threads.
struct MemoryStats {
  std::size_t live_bytes = 0;          ///< handed out now
  std::size_t cached_bytes = 0;        ///< held for reuse now
  std::size_t peak_live_bytes = 0;     ///< largest live_bytes so far
  std::size_t peak_total_bytes = 0;    ///< largest live_bytes + cached_bytes so far
  std::size_t system_allocations = 0;  ///< how often the pool had to ask the system
};

TENON_API MemoryStats memory_stats();

/// Starts peak_live_bytes and peak_total_bytes anew from what is held now.
TENON_API void reset_peak_memory();

/// Gives all memory that is held for reuse back to the system: the shared part and the calling
/// thread's own.
TENON_API void trim_memory();

namespace detail {

/// Every block starts on a cache line, which is also the widest vector.
inline constexpr std::size_t block_alignment = 64;

/// A block of at least that many bytes; throws std::bad_alloc. Not cleared.
TENON_API void* pool_allocate(std::size_t bytes);
/// bytes: the size it was asked for with. Any thread may free a block.
TENON_API void pool_free(void* block, std::size_t bytes) noexcept;
/// All that this thread has ever asked pool_allocate for: the difference of two calls is what was
/// allocated in between.
TENON_API std::size_t thread_allocated_bytes() noexcept;

/// Room for n values that lives as long as the scope; not cleared.
template <class T>
class Scratch {
 public:
  explicit Scratch(Index n)
      : bytes_(static_cast<std::size_t>(n) * sizeof(T)),
        data_(static_cast<T*>(pool_allocate(bytes_))) {}
  ~Scratch() { pool_free(data_, bytes_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  T& operator[](Index i) { return data_[i]; }

 private:
  std::size_t bytes_;
  T* data_;
};

/// The same, several times: blocks of their own, which fit where one of their total size would not.
template <class T>
class ScratchPieces {
 public:
  ScratchPieces(Index pieces, Index n) : ScratchPieces(Unfilled(), pieces, n) {
    for (; count_ < pieces; ++count_) pieces_[count_] = static_cast<T*>(pool_allocate(bytes()));
  }
  ~ScratchPieces() {
    while (count_ > 0) pool_free(pieces_[--count_], bytes());
  }
  ScratchPieces(const ScratchPieces&) = delete;
  ScratchPieces& operator=(const ScratchPieces&) = delete;

  T* operator[](Index piece) { return pieces_[piece]; }

 private:
  // Complete after this, so that what has been filled is freed where the next block is refused.
  struct Unfilled {};
  ScratchPieces(Unfilled, Index pieces, Index n) : n_(n), pieces_(pieces) {}
  std::size_t bytes() const { return static_cast<std::size_t>(n_) * sizeof(T); }

  Index n_, count_ = 0;
  Scratch<T*> pieces_;
};

}  // namespace detail
}  // namespace tenon
