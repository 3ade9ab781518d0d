#include "tenon/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>

#include "tenon/base/denormals.hpp"
#include "tenon/base/error.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace tenon {
namespace {

std::atomic<int> process_threads{0};
thread_local int scope_threads = 0;

int threads_from_environment() {
  const char* text = std::getenv("TENON_NUM_THREADS");
  return text == nullptr ? 0 : std::atoi(text);
}

int default_threads() {
#if defined(_OPENMP)
  return omp_get_max_threads();
#else
  return 1;
#endif
}

void check_threads(const char* op, int n) {
  if (n < 1) {
    detail::fail<ValueError>(op, "the number of threads must be at least 1 but ", n,
                             " was given; hint: 1 runs everything on the calling thread");
  }
}

}  // namespace

int num_threads() {
  if (scope_threads > 0) return scope_threads;
  const int process = process_threads.load(std::memory_order_relaxed);
  if (process > 0) return process;
  static const int environment = threads_from_environment();
  return environment > 0 ? environment : default_threads();
}

void set_num_threads(int n) {
  check_threads("set_num_threads", n);
  process_threads.store(n, std::memory_order_relaxed);
}

ThreadScope::ThreadScope(int n) : previous_(scope_threads) {
  check_threads("ThreadScope", n);
  scope_threads = n;
}

ThreadScope::~ThreadScope() { scope_threads = previous_; }

namespace detail {
namespace {

using Run = void (*)(const void* context, Index chunk, Index worker);

void run_in_order(Index chunks, Run run, const void* context) {
  const FlushDenormals flush;
  for (Index chunk = 0; chunk < chunks; ++chunk) run(context, chunk, 0);
}

#if defined(_OPENMP)

/// Keeps the exception of the lowest chunk: which one a caller sees must not depend on timing.
class FirstException {
 public:
  bool skips(Index chunk) const { return chunk > chunk_.load(std::memory_order_relaxed); }

  void capture(Index chunk) {
    const std::lock_guard lock(mutex_);
    if (chunk >= chunk_.load(std::memory_order_relaxed)) return;
    chunk_.store(chunk, std::memory_order_relaxed);
    exception_ = std::current_exception();
  }

  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::atomic<Index> chunk_{INT64_MAX};
  std::mutex mutex_;
  std::exception_ptr exception_;
};

void run_on_team(int threads, Index chunks, Run run, const void* context) {
  FirstException first;
  // Dealt by a counter of ours: LLVM's runtime allocates memory for every loop with a dynamic
  // schedule.
  std::atomic<Index> next{0};
#pragma omp parallel num_threads(threads)
  {
    const FlushDenormals flush;
    const Index worker = omp_get_thread_num();
    for (Index chunk; (chunk = next.fetch_add(1, std::memory_order_relaxed)) < chunks;) {
      if (first.skips(chunk)) continue;
      try {
        run(context, chunk, worker);
      } catch (...) {
        first.capture(chunk);
      }
    }
  }
  first.rethrow();
}

#endif

}  // namespace

Index worker_count(Index chunks) {
#if defined(_OPENMP)
  if (chunks > 1 && omp_in_parallel() == 0) return std::min<Index>(chunks, num_threads());
#endif
  static_cast<void>(chunks);
  return 1;
}

void run_chunks(Index chunks, [[maybe_unused]] Index workers, Run run, const void* context) {
#if defined(_OPENMP)
  if (workers > 1) return run_on_team(static_cast<int>(workers), chunks, run, context);
#endif
  run_in_order(chunks, run, context);
}

}  // namespace detail
}  // namespace tenon
