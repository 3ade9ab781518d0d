#include <algorithm>
#include <chrono>
#include <vector>

#include "case.hpp"
#include "tenon/base/parallel.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/limits.cpp"
#include "kernels/simd/foreach_target.hpp"
#include "kernels/simd/vector-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace tenon::kernels {
#if TENON_TARGET_IS_USED
namespace HWY_NAMESPACE {

/// Twelve independent chains of multiply-adds hide the latency of each.
inline constexpr int chains = 12;

float multiply_adds(Index rounds) {
  const Tag<float> d;
  Vector<float> sums[chains];
  for (int i = 0; i < chains; ++i) sums[i] = hn::Set(d, static_cast<float>(i));
  const auto factor = hn::Set(d, 0.999f);
  for (Index k = 0; k < rounds; ++k) {
    for (int i = 0; i < chains; ++i) sums[i] = hn::MulAdd(sums[i], factor, factor);
  }
  for (int i = 1; i < chains; ++i) sums[0] = hn::Add(sums[0], sums[i]);
  return hn::GetLane(hn::SumOfLanes(d, sums[0]));
}

double flops_per_round(Index rounds) {
  return 2.0 * chains * static_cast<double>(lanes<float>) * static_cast<double>(rounds);
}

void copy(const float* from, float* to, Index n) {
  const Tag<float> d;
  for (Index i = 0; i + lanes<float> <= n; i += lanes<float>) {
    hn::StoreU(hn::LoadU(d, from + i), d, to + i);
  }
}

}  // namespace HWY_NAMESPACE
#endif  // TENON_TARGET_IS_USED
}  // namespace tenon::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tenon::kernels {

struct LimitKernels {
  decltype(TENON_CHOOSE(multiply_adds)) multiply_adds = TENON_CHOOSE(multiply_adds);
  decltype(TENON_CHOOSE(flops_per_round)) flops = TENON_CHOOSE(flops_per_round);
  decltype(TENON_CHOOSE(copy)) copy = TENON_CHOOSE(copy);
};

}  // namespace tenon::kernels

namespace tenon::bench {
namespace {

/// The shortest of several runs: a limit is what the processor can do, not what it did.
template <class F>
double shortest_seconds(const F& f) {
  double best = 1e9;
  for (int run = 0; run < 15; ++run) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

}  // namespace

Limits measure_limits(int threads, double bytes) {
  const ThreadScope scope(threads);
  const kernels::LimitKernels kernels;
  constexpr Index rounds = 50000;
  const double flops_seconds = shortest_seconds([&] {
    parallel_for(threads, 1, [&](Index, Index) { keep(kernels.multiply_adds(rounds)); });
  });
  const Index n = std::max<Index>(1 << 12, static_cast<Index>(bytes / 8));
  std::vector<float> from(static_cast<std::size_t>(n)), to(from.size());
  const double copy_seconds = shortest_seconds([&] {
    parallel_for(n, 1 << 14, [&](Index begin, Index end) {
      kernels.copy(from.data() + begin, to.data() + begin, end - begin);
    });
    keep(to[0]);
  });
  return {threads * kernels.flops(rounds) / flops_seconds,
          8 * static_cast<double>(n) / copy_seconds};
}

}  // namespace tenon::bench
#endif  // HWY_ONCE
