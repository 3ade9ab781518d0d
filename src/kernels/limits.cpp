#include "tenon/kernels/limits.hpp"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

#include "kernels/limits.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/parallel.hpp"

namespace tenon::kernels {
namespace {

constexpr Index copy_grain = 1 << 14;  // elements that are worth a thread, as in other kernels

/// The sum of what workers do in a second, each at its best, while the others do the same.
/// run(worker) is one turn and returns how much it has done. Workers time themselves: waiting for
/// one that a busy machine has suspended would measure the machine's other programs.
template <class F>
double sum_of_rates(int workers, const F& run) {
  constexpr int most_turns = 15, least_turns = 3;
  constexpr double enough_seconds = 5e-3;
  using Clock = std::chrono::steady_clock;
  const ThreadScope scope(workers);
  std::vector<double> rates(static_cast<std::size_t>(workers));
  parallel_chunks(workers, 1, [&](Index worker, Index, Index) {
    double best = 0;
    const auto start = Clock::now();
    for (int turn = 0; turn < most_turns; ++turn) {
      const auto begin = Clock::now();
      const double done = run(worker);
      const auto end = Clock::now();
      best = std::max(best, done / std::chrono::duration<double>(end - begin).count());
      if (turn + 1 >= least_turns && end - start > std::chrono::duration<double>(enough_seconds)) {
        break;
      }
    }
    rates[static_cast<std::size_t>(worker)] = best;
  });
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

}  // namespace

template <class T>
double measure_flops(int threads) {
  struct alignas(detail::block_alignment) Result {  // a cache line for each worker
    T value;
  };
  std::vector<Result> results(static_cast<std::size_t>(threads));
  return sum_of_rates(threads, [&](Index worker) {
    return multiply_adds(50000, &results[static_cast<std::size_t>(worker)].value);
  });
}

template double measure_flops<float>(int);
template double measure_flops<double>(int);

double measure_bandwidth(int threads, double bytes) {
  const Index n = std::max<Index>(1 << 10, static_cast<Index>(bytes / 8));
  const auto workers = static_cast<int>(std::min<Index>(threads, chunk_count(n, copy_grain)));
  const Index own = n / workers;
  // Small copies are timed many at once: a clock takes as long as they do.
  const Index copies = std::max<Index>(1, (1 << 18) / own);
  // Not from the pool, whose statistics are the program's.
  std::vector<float> from(static_cast<std::size_t>(n)), to(from.size());
  return sum_of_rates(workers, [&](Index worker) {
    for (Index i = 0; i < copies; ++i) {
      copy_values(own, from.data() + worker * own, to.data() + worker * own);
    }
    return static_cast<double>(8 * own * copies);
  });
}

}  // namespace tenon::kernels
