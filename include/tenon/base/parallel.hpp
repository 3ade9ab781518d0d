#pragma once

#include "tenon/base/config.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/shape.hpp"

namespace tenon {

/// How many threads an operation may use: ThreadScope's number inside one, else set_num_threads's,
/// else the environment's TENON_NUM_THREADS, else OpenMP's default. The host's own OpenMP settings
/// are read, never changed. Results have the same bits for every number.
TENON_API int num_threads();

/// Sets the number for the whole process, n >= 1. Throws ValueError.
TENON_API void set_num_threads(int n);

/// Limits the operations of this thread to n threads until the scope ends.
class TENON_API ThreadScope {
 public:
  [[nodiscard]] explicit ThreadScope(int n);
  ~ThreadScope();
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;

 private:
  int previous_;
};

namespace detail {

/// How many threads may share so many chunks here and now.
TENON_API Index worker_count(Index chunks);

/// Calls run(context, chunk, worker) once for each chunk in [0, chunks), worker < workers being the
/// thread that does. Denormals are flushed in every worker. The first exception in chunk order is
/// rethrown.
TENON_API void run_chunks(Index chunks, Index workers,
                          void (*run)(const void* context, Index chunk, Index worker),
                          const void* context);

}  // namespace detail

/// Number of pieces that parallel_chunks makes of n items: a function of the shape alone.
constexpr Index chunk_count(Index n, Index grain) {
  return n <= grain ? 1 : (n + grain - 1) / grain;
}

/// Splits [0, n) into chunks of grain items (the last one shorter) and calls f(chunk, begin, end)
/// for each, in any order and on several threads. The split depends on n and grain, never on the
/// number of threads: keep writes of different chunks disjoint, combine partial results in chunk
/// order, and the bits do not depend on the threads either. Inside another parallel region the
/// chunks run one after another. f is not called for n = 0.
template <class F>
void parallel_chunks(Index n, Index grain, const F& f) {
  if (n <= 0) return;
  const Index chunks = chunk_count(n, grain);
  if (chunks == 1) return f(Index{0}, Index{0}, n);
  struct Context {
    Index n, grain;
    const F& f;
  } context{n, grain, f};
  detail::run_chunks(
      chunks, detail::worker_count(chunks),
      [](const void* raw, Index chunk, Index) {
        const auto& c = *static_cast<const Context*>(raw);
        const Index begin = chunk * c.grain;
        const Index end = begin + c.grain < c.n ? begin + c.grain : c.n;
        c.f(chunk, begin, end);
      },
      &context);
}

/// The same for an f(begin, end) that does not care which chunk it is.
template <class F>
void parallel_for(Index n, Index grain, const F& f) {
  parallel_chunks(n, grain, [&f](Index, Index begin, Index end) { f(begin, end); });
}

/// The same for an f(scratch, begin, end) that needs room for `size` values of T while it runs: one
/// piece for each worker, warm in its cache from chunk to chunk. It is not cleared, and nothing may
/// be carried in it from one chunk to the next, since who runs which is a matter of timing.
template <class T, class F>
void parallel_with_scratch(Index n, Index grain, Index size, const F& f) {
  if (n <= 0) return;
  const Index chunks = chunk_count(n, grain);
  const Index workers = detail::worker_count(chunks);
  detail::ScratchPieces<T> pieces(workers, size);
  if (chunks == 1) return f(pieces[0], Index{0}, n);
  struct Context {
    Index n, grain;
    detail::ScratchPieces<T>& pieces;
    const F& f;
  } context{n, grain, pieces, f};
  detail::run_chunks(
      chunks, workers,
      [](const void* raw, Index chunk, Index worker) {
        const auto& c = *static_cast<const Context*>(raw);
        const Index begin = chunk * c.grain;
        const Index end = begin + c.grain < c.n ? begin + c.grain : c.n;
        c.f(c.pieces[worker], begin, end);
      },
      &context);
}

}  // namespace tenon
