#include "tenon/base/memory.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "tenon/base/random.hpp"

#if defined(__unix__)
#include <sys/wait.h>
#include <unistd.h>
#endif

using namespace tenon;

namespace {

using Sizes = std::initializer_list<std::size_t>;

struct Block {
  unsigned char* data;
  std::size_t bytes;
};

Block take(std::size_t bytes) {
  return {static_cast<unsigned char*>(detail::pool_allocate(bytes)), bytes};
}
void give(Block b) { detail::pool_free(b.data, b.bytes); }

/// A block marked over its whole length, so that overlap shows.
Block take_marked(std::size_t bytes, unsigned char mark) {
  const Block b = take(bytes);
  std::memset(b.data, mark, bytes);
  return b;
}
bool intact(Block b, unsigned char mark) {
  return std::all_of(b.data, b.data + b.bytes, [=](unsigned char c) { return c == mark; });
}

/// A training step's pattern: outputs that pile up and are freed in reverse, with scratch between.
void step() {
  std::vector<Block> kept;
  for (std::size_t bytes : Sizes{5500000, 300, 1400000, 64, 2000000, 900, 400000, 5000, 70000}) {
    const Block scratch = take(bytes * 3 / 2);
    kept.push_back(take(bytes));
    give(scratch);
  }
  while (!kept.empty()) {
    const Block gradient = take(kept.back().bytes);
    give(kept.back());
    kept.pop_back();
    give(gradient);
  }
}

}  // namespace

TEST_CASE("blocks start on a cache line and do not overlap", "[base][memory]") {
  std::vector<Block> blocks;
  unsigned char mark = 0;
  for (std::size_t bytes :
       Sizes{0, 1, 63, 64, 65, 300, 1023, 1024, 1025, 1100, 4096, 100000, 131008, 131072, 300000}) {
    for (int repeat = 0; repeat < 3; ++repeat) blocks.push_back(take_marked(bytes, ++mark));
  }
  mark = 0;
  for (Block b : blocks) {
    CHECK(reinterpret_cast<std::uintptr_t>(b.data) % detail::block_alignment == 0);
    CHECK(intact(b, ++mark));
  }
  for (Block b : blocks) give(b);
}

TEST_CASE("live bytes go up and down by the same", "[base][memory]") {
  for (std::size_t bytes : Sizes{1, 64, 1000, 1024, 1025, 50000, 1000000, 20000000}) {
    const std::size_t before = memory_stats().live_bytes;
    const Block b = take(bytes);
    const std::size_t during = memory_stats().live_bytes;
    CHECK(during >= before + bytes);
    CHECK(during <= before + bytes + bytes / 8 + 1200);
    give(b);
    CHECK(memory_stats().live_bytes == before);
  }
}

TEST_CASE("a fixed pattern asks the system for nothing once warm", "[base][memory]") {
  for (int warm = 0; warm < 3; ++warm) step();
  const std::size_t before = memory_stats().system_allocations;
  for (int repeat = 0; repeat < 50; ++repeat) step();
  CHECK(memory_stats().system_allocations == before);
}

TEST_CASE("sizes that never live together share memory", "[base][memory]") {
  trim_memory();
  reset_peak_memory();
  for (int repeat = 0; repeat < 6; ++repeat) {
    give(take(10 << 20));
    give(take(15 << 20));
    give(take(12 << 20));
  }
  const MemoryStats stats = memory_stats();
  CHECK(stats.peak_total_bytes <= stats.peak_live_bytes * 115 / 100 + (1 << 20));
  const std::size_t before = stats.system_allocations;
  give(take(12 << 20));
  give(take(10 << 20));
  CHECK(memory_stats().system_allocations == before);
}

TEST_CASE("what is held stays near the peak of what was live", "[base][memory]") {
  trim_memory();
  reset_peak_memory();
  for (int repeat = 0; repeat < 20; ++repeat) step();
  const MemoryStats stats = memory_stats();
  CHECK(stats.peak_total_bytes <= stats.peak_live_bytes * 115 / 100 + (1 << 20));
}

TEST_CASE("growing sizes leave nothing behind", "[base][memory]") {
  trim_memory();
  reset_peak_memory();
  for (std::size_t bytes = 1 << 20; bytes < 20u << 20; bytes += 1 << 20) give(take(bytes));
  const MemoryStats stats = memory_stats();
  CHECK(stats.peak_total_bytes <= stats.peak_live_bytes * 115 / 100 + (1 << 20));
}

TEST_CASE("trim gives everything back, and the peaks can start anew", "[base][memory]") {
  for (int repeat = 0; repeat < 3; ++repeat) step();
  std::vector<Block> small;
  for (int i = 0; i < 5000; ++i) small.push_back(take(320));
  for (Block b : small) give(b);
  trim_memory();
  CHECK(memory_stats().cached_bytes == 0);
  reset_peak_memory();
  const MemoryStats stats = memory_stats();
  CHECK(stats.peak_live_bytes == stats.live_bytes);
  CHECK(stats.peak_total_bytes == stats.live_bytes);
  step();
  CHECK(memory_stats().peak_live_bytes > 5500000);
}

TEST_CASE("trim gives back the pages around a block that lives on", "[base][memory]") {
  trim_memory();
  const std::size_t before = memory_stats().cached_bytes;
  const Block large = take(8 << 20);
  give(large);
  const Block inside = take_marked(200000, 7);
  trim_memory();
  CHECK(memory_stats().cached_bytes <= before + 16384);
  CHECK(intact(inside, 7));
  const Block again = take_marked(4 << 20, 9);
  CHECK(intact(again, 9));
  CHECK(intact(inside, 7));
  give(again);
  give(inside);
  trim_memory();
  CHECK(memory_stats().cached_bytes == before);
}

TEST_CASE("random sizes and lifetimes keep every byte", "[base][memory]") {
  const RandomKey key{5, 0};
  std::vector<std::pair<Block, unsigned char>> live;
  const std::size_t before = memory_stats().live_bytes;
  bool all_intact = true;
  for (std::uint64_t i = 0; i < 20000; ++i) {
    const double u = detail::uniform_at<double>(key, 2 * i);
    const double v = detail::uniform_at<double>(key, 2 * i + 1);
    if (live.size() < 100 && u < 0.55) {
      const auto bytes = static_cast<std::size_t>(std::pow(2.0, 4 + 15 * v));
      live.emplace_back(take_marked(bytes, static_cast<unsigned char>(i)), i & 255);
    } else if (!live.empty()) {
      const auto k = static_cast<std::size_t>(v * static_cast<double>(live.size()));
      all_intact = all_intact && intact(live[k].first, live[k].second);
      give(live[k].first);
      live[k] = live.back();
      live.pop_back();
    }
  }
  CHECK(all_intact);
  for (const auto& entry : live) give(entry.first);
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("a block may be freed by another thread, and a thread may end first", "[base][memory]") {
  const std::size_t before = memory_stats().live_bytes;
  std::vector<Block> blocks;
  std::thread([&] {
    for (int i = 0; i < 3000; ++i) blocks.push_back(take(i % 2 == 0 ? 320 : 3000));
  }).join();
  CHECK(memory_stats().live_bytes >= before + 1500 * 320 + 1500 * 3000);
  for (Block b : blocks) give(b);
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("a producer and a consumer do not pile up memory", "[base][memory]") {
  trim_memory();
  const MemoryStats before = memory_stats();
  for (int round = 0; round < 50; ++round) {
    std::vector<Block> blocks;
    std::thread([&] {
      for (int i = 0; i < 1000; ++i) blocks.push_back(take(320));
    }).join();
    for (Block b : blocks) give(b);
  }
  const MemoryStats after = memory_stats();
  CHECK(after.live_bytes == before.live_bytes);
  // Besides what one round needs, the consumer keeps its own 32 KiB of this size: 102 blocks.
  CHECK(after.cached_bytes <= before.cached_bytes + (1000 + 102) * 320);
  CHECK(after.system_allocations <= before.system_allocations + 1000 + 102);
}

TEST_CASE("threads that work at once count exactly", "[base][memory]") {
  const std::size_t before = memory_stats().live_bytes;
  std::atomic<bool> all_intact{true};
  std::vector<std::thread> threads;
  std::vector<Block> left[4];
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto mark = static_cast<unsigned char>(t + 1);
      std::vector<Block> mine;
      for (std::size_t i = 0; i < 4000; ++i) {
        mine.push_back(take_marked(1 + i * 37 % 5000, mark));
        if (mine.size() > 50) {
          if (!intact(mine[i % 50], mark)) all_intact = false;
          give(mine[i % 50]);
          mine[i % 50] = mine.back();
          mine.pop_back();
        }
      }
      left[t] = mine;
    });
  }
  for (auto& t : threads) t.join();
  CHECK(all_intact);
  std::size_t bytes = 0;
  for (const auto& blocks : left) {
    for (Block b : blocks) bytes += b.bytes;
  }
  CHECK(memory_stats().live_bytes >= before + bytes);
  for (const auto& blocks : left) {
    for (Block b : blocks) give(b);
  }
  CHECK(memory_stats().live_bytes == before);
}

namespace {

/// Frees and takes blocks while its thread's other thread_local objects are destroyed.
struct LateUser {
  Block small{nullptr, 0}, large{nullptr, 0};
  ~LateUser() {
    if (small.data == nullptr) return;
    give(small);
    give(large);
    give(take(320));
  }
};

thread_local LateUser late_user;

}  // namespace

TEST_CASE("blocks held by a thread_local object are freed after the thread's lists are gone",
          "[base][memory]") {
  const std::size_t before = memory_stats().live_bytes;
  std::thread([] {
    late_user.small = Block{nullptr, 0};  // constructed before the pool's own, so destroyed after
    late_user.small = take(320);
    late_user.large = take(5000);
  }).join();
  CHECK(memory_stats().live_bytes == before);
}

TEST_CASE("a claim that no memory can meet is a bad_alloc and changes nothing", "[base][memory]") {
  const MemoryStats before = memory_stats();
  CHECK_THROWS_AS(detail::pool_allocate(std::numeric_limits<std::size_t>::max()), std::bad_alloc);
  CHECK_THROWS_AS(detail::pool_allocate(std::numeric_limits<std::size_t>::max() / 2 - 64),
                  std::bad_alloc);
  CHECK_THROWS_AS(detail::Scratch<double>(-1), std::bad_alloc);
  CHECK(memory_stats().live_bytes == before.live_bytes);
  give(take(1000000));
}

TEST_CASE("scratch lives as long as its scope", "[base][memory]") {
  const std::size_t before = memory_stats().live_bytes;
  {
    detail::Scratch<double> scratch(1000);
    for (Index i = 0; i < 1000; ++i) scratch[i] = 1;
    CHECK(scratch.data()[999] == 1);
    CHECK(memory_stats().live_bytes >= before + 8000);
  }
  CHECK(memory_stats().live_bytes == before);
}

#if defined(__unix__)

TEST_CASE("a forked child can go on allocating while other threads did", "[base][memory]") {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) {
      give(take(5000));
      give(take(320));
    }
  });
  for (int repeat = 0; repeat < 20; ++repeat) {
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < 100; ++i) {
        give(take(5000));
        give(take(320));
      }
      trim_memory();
      _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  stop = true;
  busy.join();
}

#endif
