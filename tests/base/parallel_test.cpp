#include "tenon/base/parallel.hpp"

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "tenon/base/denormals.hpp"
#include "tenon/base/error.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

using namespace tenon;

namespace {

/// Restores the process-wide number of threads, which other tests rely on.
struct KeepThreads {
  int before = num_threads();
  ~KeepThreads() { set_num_threads(before); }
};

/// A sum whose bits depend on the split: one partial sum a chunk, combined in order.
float chunked_sum(Index n, Index grain) {
  std::vector<float> partial(static_cast<std::size_t>(chunk_count(n, grain)));
  parallel_chunks(n, grain, [&](Index chunk, Index begin, Index end) {
    float sum = 0;
    for (Index i = begin; i < end; ++i) sum += 1.0f / static_cast<float>(i + 1);
    partial[static_cast<std::size_t>(chunk)] = sum;
  });
  float total = 0;
  for (float p : partial) total += p;
  return total;
}

}  // namespace

TEST_CASE("every item is visited once, whatever the split", "[base][parallel]") {
  for (int threads : {1, 2, 3, 8}) {
    const ThreadScope scope(threads);
    for (Index n : {0, 1, 2, 7, 64, 1000}) {
      for (Index grain : {1, 3, 64, 1000, 2000}) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
        parallel_for(n, grain, [&](Index begin, Index end) {
          for (Index i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        int wrong = 0;
        for (const auto& v : visits) wrong += v != 1;
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("chunks depend on the shape alone and so do the bits", "[base][parallel]") {
  CHECK(chunk_count(0, 8) == 1);
  CHECK(chunk_count(8, 8) == 1);
  CHECK(chunk_count(9, 8) == 2);
  const float expected = [] {
    const ThreadScope scope(1);
    return chunked_sum(10007, 100);
  }();
  for (int threads : {2, 3, 8}) {
    const ThreadScope scope(threads);
    CHECK(chunked_sum(10007, 100) == expected);
  }
}

TEST_CASE("every worker has scratch of its own, on cache lines", "[base][parallel]") {
  for (int threads : {1, 2, 3, 8}) {
    const ThreadScope scope(threads);
    for (Index n : {1, 5, 64}) {
      std::atomic<Index> visited = 0, wrong = 0;
      parallel_with_scratch<float>(n, 1, 1000, [&](float* own, Index begin, Index end) {
        wrong += reinterpret_cast<std::uintptr_t>(own) % detail::block_alignment != 0;
        // Another worker with the same piece would overwrite it.
        for (Index k = 0; k < 1000; ++k) own[k] = static_cast<float>(begin);
        for (Index k = 0; k < 1000; ++k) wrong += own[k] != static_cast<float>(begin);
        visited += end - begin;
      });
      CHECK(visited == n);
      CHECK(wrong == 0);
    }
  }
}

TEST_CASE("scratch inside a parallel region is one piece", "[base][parallel]") {
  std::atomic<Index> visited = 0;
  parallel_for(4, 1, [&](Index, Index) {
    parallel_with_scratch<double>(6, 2, 3, [&](double* own, Index begin, Index end) {
      own[0] = own[2] = 1;
      visited += end - begin;
    });
  });
  CHECK(visited == 24);
  parallel_with_scratch<double>(0, 1, 3, [&](double*, Index, Index) { ++visited; });
  CHECK(visited == 24);
}

TEST_CASE("an empty range calls nothing", "[base][parallel]") {
  bool called = false;
  parallel_for(0, 1, [&](Index, Index) { called = true; });
  parallel_for(-5, 1, [&](Index, Index) { called = true; });
  CHECK_FALSE(called);
}

TEST_CASE("the exception of the lowest chunk arrives, at any number of threads",
          "[base][parallel]") {
  for (int threads : {1, 2, 8}) {
    const ThreadScope scope(threads);
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::string message;
      try {
        parallel_chunks(64, 1, [](Index chunk, Index, Index) {
          if (chunk >= 5) throw std::runtime_error(std::to_string(chunk));
        });
      } catch (const std::runtime_error& e) {
        message = e.what();
      }
      CHECK(message == "5");
    }
  }
}

TEST_CASE("the number of threads is a scope's, else the process's", "[base][parallel]") {
  const KeepThreads keep;
  set_num_threads(3);
  CHECK(num_threads() == 3);
  {
    const ThreadScope outer(2);
    CHECK(num_threads() == 2);
    {
      const ThreadScope inner(5);
      CHECK(num_threads() == 5);
    }
    CHECK(num_threads() == 2);
    int elsewhere = 0;
    std::thread([&] { elsewhere = num_threads(); }).join();
    CHECK(elsewhere == 3);
  }
  CHECK(num_threads() == 3);
}

TEST_CASE("fewer than one thread is refused with a remedy", "[base][parallel]") {
  const KeepThreads keep;
  CHECK_THROWS_AS(set_num_threads(0), ValueError);
  CHECK_THROWS_AS(ThreadScope(-1), ValueError);
  CHECK(num_threads() == keep.before);
  try {
    set_num_threads(-2);
  } catch (const ValueError& e) {
    CHECK(
        std::string(e.what()) ==
        "[set_num_threads] the number of threads must be at least 1 but -2 was given; hint: 1 runs "
        "everything on the calling thread");
  }
}

TEST_CASE("inside a parallel region chunks run one after another", "[base][parallel]") {
  const ThreadScope scope(4);
  std::atomic<int> total{0};
  parallel_for(8, 1, [&](Index, Index) {
    const auto outer = std::this_thread::get_id();
    parallel_for(8, 1, [&](Index, Index) {
      if (std::this_thread::get_id() == outer) ++total;
    });
  });
  CHECK(total == 64);
}

#if defined(_OPENMP)

TEST_CASE("the host's OpenMP settings are read but never changed", "[base][parallel]") {
  const int before = omp_get_max_threads();
  const int dynamic = omp_get_dynamic();
  {
    const KeepThreads keep;
    set_num_threads(8);
    parallel_for(100, 1, [](Index, Index) {});
    CHECK(omp_get_max_threads() == before);
  }
  const ThreadScope scope(3);
  parallel_for(100, 1, [](Index, Index) {});
  CHECK(omp_get_max_threads() == before);
  CHECK(omp_get_dynamic() == dynamic);
}

TEST_CASE("a host's own parallel region may call in", "[base][parallel]") {
  float sums[4] = {};
  const float expected = chunked_sum(10007, 100);
#pragma omp parallel for num_threads(4)
  for (int i = 0; i < 4; ++i) sums[i] = chunked_sum(10007, 100);
  for (float s : sums) CHECK(s == expected);
}

#endif

TEST_CASE("two threads of the host may work at once", "[base][parallel]") {
  const float expected = chunked_sum(10007, 100);
  float sums[2] = {};
  std::vector<std::thread> threads;
  for (float& sum : sums) {
    threads.emplace_back([&sum] {
      const ThreadScope scope(3);
      for (int repeat = 0; repeat < 50; ++repeat) sum = chunked_sum(10007, 100);
    });
  }
  for (auto& t : threads) t.join();
  CHECK(sums[0] == expected);
  CHECK(sums[1] == expected);
}

#if defined(TENON_HAS_MXCSR)

TEST_CASE("every worker flushes denormals and the caller's mode comes back", "[base][parallel]") {
  const ThreadScope scope(4);
  const auto before = _mm_getcsr();
  std::vector<std::uint32_t> modes(64);
  parallel_chunks(64, 1, [&](Index chunk, Index, Index) {
    modes[static_cast<std::size_t>(chunk)] = _mm_getcsr() & 0x8040u;
  });
  for (auto mode : modes) CHECK(mode == 0x8040u);
  CHECK(_mm_getcsr() == before);
}

#endif
