// Matrix products of single-precision numbers at the kernel level; argument: the number of threads.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "tenon/base/parallel.hpp"
#include "tenon/base/random.hpp"
#include "tenon/kernels/gemm.hpp"

namespace {

using namespace tenon;

std::vector<float> random(Index n, std::uint64_t stream) {
  std::vector<float> x(static_cast<std::size_t>(n));
  detail::fill_normal(x.data(), n, {1, stream}, 0.0, 1.0);
  return x;
}

/// C (m, n) = A (m, k) B, B stored (k, n), or (n, k) as a layer's weight is.
void multiply(benchmark::State& state, Index m, Index n, Index k, bool b_transposed) {
  const ThreadScope threads(static_cast<int>(state.range(0)));
  kernels::GemmDims d{};
  d.batch = 1;
  d.m = m;
  d.n = n;
  d.k = k;
  d.a_row = k;
  d.a_col = 1;
  d.b_row = b_transposed ? 1 : n;
  d.b_col = b_transposed ? k : 1;
  d.c_row = n;
  const auto a = random(m * k, 1), b = random(k * n, 2);
  std::vector<float> c(static_cast<std::size_t>(m * n));
  for (auto _ : state) {
    kernels::gemm(d, a.data(), b.data(), c.data());
    benchmark::DoNotOptimize(c.data());
  }
  const double flops = 2.0 * static_cast<double>(m * n * k);
  state.counters["FLOP/s"] = benchmark::Counter(flops * static_cast<double>(state.iterations()),
                                                benchmark::Counter::kIsRate);
}

std::string text(Index n) { return std::to_string(n); }

void add(const std::string& name, Index m, Index n, Index k, bool b_transposed) {
  benchmark::RegisterBenchmark(
      name.c_str(), [=](benchmark::State& state) { multiply(state, m, n, k, b_transposed); })
      ->ArgName("threads")
      ->Arg(1)
      ->Arg(2)
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

const auto register_all = [] {
  for (Index n : {64, 256, 1024}) {
    add("matmul/" + text(n) + "x" + text(n) + "x" + text(n), n, n, n, false);
  }
  const Index linear[][3] = {{64, 576, 64}, {128, 784, 256}, {1, 1024, 1024}};
  for (const auto& [m, k, n] : linear) {
    add("linear/" + text(m) + "x" + text(k) + "->" + text(n), m, n, k, true);
  }
  return true;
}();

}  // namespace
