#include "heap.hpp"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <new>

#include "tenon/base/memory.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace tenon::detail {

/// Stands in front of every block; its first byte and its last lie on cache lines.
struct alignas(block_alignment) Heap::Chunk {
  std::size_t size;      // with this header
  Chunk *below, *above;  // neighbours in the segment
  Chunk *left, *right;   // in the tree of free chunks
  Chunk *older, *newer;  // in the list of free segments
  std::uint32_t returned_pages;
  std::uint16_t segment;  // by age; starts again from 0 after many
  bool free;
  bool large;

  bool is_segment() const { return below == nullptr && above == nullptr; }
  char* begin() { return reinterpret_cast<char*>(this); }
  char* end() { return begin() + size; }
};

namespace {

constexpr std::size_t large_limit = 128 * 1024;
constexpr std::size_t small_segment = 256 * 1024;
constexpr std::size_t page = 4096;
// A rest smaller than this stays with the block it would be cut from.
constexpr std::size_t smallest_rest = 1024;

std::size_t chunk_size(std::size_t bytes) {
  return (bytes + 2 * block_alignment - 1) / block_alignment * block_alignment;
}

}  // namespace

bool Heap::before(const Chunk* a, const Chunk* b) {
  return a->size != b->size ? a->size < b->size : std::less<>()(a, b);
}

std::uint64_t Heap::priority(const Chunk* c) {
  return reinterpret_cast<std::uintptr_t>(c) / block_alignment * 0x9E3779B97F4A7C15u;
}

Heap::Chunk* Heap::merge(Chunk* a, Chunk* b) {
  if (a == nullptr || b == nullptr) return a == nullptr ? b : a;
  if (priority(a) > priority(b)) {
    a->right = merge(a->right, b);
    return a;
  }
  b->left = merge(a, b->left);
  return b;
}

void Heap::split(Chunk* tree, const Chunk* at, Chunk*& low, Chunk*& high) {
  if (tree == nullptr) {
    low = high = nullptr;
  } else if (before(tree, at)) {
    split(tree->right, at, tree->right, high);
    low = tree;
  } else {
    split(tree->left, at, low, tree->left);
    high = tree;
  }
}

void Heap::insert(Chunk*& tree, Chunk* c) {
  if (tree == nullptr || priority(c) > priority(tree)) {
    split(tree, c, c->left, c->right);
    tree = c;
  } else {
    insert(before(c, tree) ? tree->left : tree->right, c);
  }
}

void Heap::erase(Chunk*& tree, const Chunk* c) {
  if (tree == c) {
    tree = merge(c->left, c->right);
  } else {
    erase(before(c, tree) ? tree->left : tree->right, c);
  }
}

template <class F>
void Heap::for_each(Chunk* tree, const F& f) {
  if (tree == nullptr) return;
  for_each(tree->left, f);
  f(tree);
  for_each(tree->right, f);
}

void Heap::add_free(Chunk* c) {
  c->free = true;
  insert(free_[c->large], c);
  if (!c->is_segment()) return;
  c->older = newest_;
  c->newer = nullptr;
  (newest_ == nullptr ? oldest_ : newest_->newer) = c;
  newest_ = c;
}

void Heap::remove_free(Chunk* c) {
  c->free = false;
  erase(free_[c->large], c);
  if (!c->is_segment()) return;
  (c->older == nullptr ? oldest_ : c->older->newer) = c->newer;
  (c->newer == nullptr ? newest_ : c->newer->older) = c->older;
}

void* Heap::use(Chunk* c, std::size_t size) {
  unpoison(c + 1, c->size - sizeof(Chunk));
  held_ += c->returned_pages * page;
  c->returned_pages = 0;
  if (c->size - size >= smallest_rest) {
    Chunk* rest = new (c->begin() + size) Chunk{};
    rest->size = c->size - size;
    rest->below = c;
    rest->above = c->above;
    rest->large = c->large;
    rest->segment = c->segment;
    if (c->above != nullptr) c->above->below = rest;
    c->above = rest;
    c->size = size;
    poison(rest + 1, rest->size - sizeof(Chunk));
    add_free(rest);
  }
  live_ += c->size;
  return c + 1;
}

Heap::Chunk* Heap::smallest_small(std::size_t size) const {
  Chunk* best = nullptr;
  for (Chunk* c = free_[false]; c != nullptr;) {
    if (c->size >= size) best = c;
    c = c->size >= size ? c->left : c->right;
  }
  return best;
}

// The smallest that fits would cut every large chunk into rests that fit nothing: measured on the
// training steps of convolutional networks, up to 1.5 times the live set was held instead of 1.2.
// Large chunks are few, so looking at all of them is cheap.
Heap::Chunk* Heap::oldest_large(std::size_t size) const {
  Chunk* best = nullptr;
  const auto better = [&](Chunk* c) {
    return best == nullptr || c->segment < best->segment ||
           (c->segment == best->segment && std::greater<>()(c, best));
  };
  for_each(free_[true], [&](Chunk* c) {
    if (c->size >= size && better(c)) best = c;
  });
  return best;
}

void* Heap::take(std::size_t bytes) {
  const std::size_t size = chunk_size(bytes);
  Chunk* best = size >= large_limit ? oldest_large(size) : smallest_small(size);
  if (best == nullptr) return nullptr;
  remove_free(best);
  return use(best, size);
}

void* Heap::grow(std::size_t bytes, std::size_t allowance) {
  const std::size_t size = chunk_size(bytes);
  const bool large = size >= large_limit;
  const std::size_t needed = large ? size : small_segment;
  const std::size_t held = held_;
  shrink(allowance > needed ? allowance - needed : 0);
  const std::size_t released = held - held_;
  const std::size_t room = allowance > held_ ? allowance - held_ : 0;
  std::size_t wanted = needed;
  if (large) wanted = std::max(needed, std::min(released, room) / page * page);

  void* memory = std::aligned_alloc(block_alignment, wanted);
  if (memory == nullptr) {
    shrink(0);
    wanted = needed;
    memory = std::aligned_alloc(block_alignment, wanted);
    if (memory == nullptr) return nullptr;
  }
  ++system_allocations_;
  held_ += wanted;
  Chunk* segment = new (memory) Chunk{};
  segment->size = wanted;
  segment->large = large;
  segment->segment = static_cast<std::uint16_t>(system_allocations_);
  return use(segment, size);
}

void Heap::give(void* block) noexcept {
  Chunk* c = static_cast<Chunk*>(block) - 1;
  live_ -= c->size;
  const auto absorb = [](Chunk* low, Chunk* high) {
    low->size += high->size;
    low->returned_pages += high->returned_pages;
    low->above = high->above;
    if (high->above != nullptr) high->above->below = low;
  };
  if (c->above != nullptr && c->above->free) {
    remove_free(c->above);
    absorb(c, c->above);
  }
  if (c->below != nullptr && c->below->free) {
    Chunk* low = c->below;
    remove_free(low);
    absorb(low, c);
    c = low;
  }
  poison(c + 1, c->size - sizeof(Chunk));
  add_free(c);
}

void Heap::release(Chunk* segment) noexcept {
  remove_free(segment);
  held_ -= segment->size - segment->returned_pages * page;
  unpoison(segment, segment->size);
  std::free(segment);
}

void Heap::shrink(std::size_t allowance) noexcept {
  while (oldest_ != nullptr && held_ > allowance) release(oldest_);
}

void Heap::trim() noexcept {
  shrink(0);
#if defined(__linux__)
  for (Chunk* tree : free_) {
    for_each(tree, [this](Chunk* c) {
      const auto first = (reinterpret_cast<std::uintptr_t>(c + 1) + page - 1) / page;
      const auto last = reinterpret_cast<std::uintptr_t>(c->end()) / page;
      if (last <= first + c->returned_pages) return;
      if (madvise(reinterpret_cast<void*>(first * page), (last - first) * page, MADV_DONTNEED) !=
          0) {
        return;
      }
      held_ -= (last - first - c->returned_pages) * page;
      c->returned_pages = static_cast<std::uint32_t>(last - first);
    });
  }
#endif
}

}  // namespace tenon::detail
