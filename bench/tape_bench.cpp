// What the tape adds to an operation, measured on eight floats where nothing else costs anything.
// Budgets: a recorded operation 100 ns, forward plus backward 250 ns.

#include <benchmark/benchmark.h>

#include "tenon/autograd/tape.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/profile/profiler.hpp"
#include "tenon/tensor/factories.hpp"

namespace {

using namespace tenon;

constexpr int operations = 1000;  // on one tape, as a model would record

void per_operation(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * operations);
  state.counters["per_op"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * operations,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void tensor_new_and_free(benchmark::State& state) {
  for (auto _ : state) {
    for (int i = 0; i < operations; ++i) benchmark::DoNotOptimize(empty({8}).impl());
  }
  per_operation(state);
}
BENCHMARK(tensor_new_and_free);

void multiply_without_tape(benchmark::State& state) {
  const Tensor x = ones({8}), y = ones({8});
  for (auto _ : state) {
    for (int i = 0; i < operations; ++i) benchmark::DoNotOptimize((x * y).impl());
  }
  per_operation(state);
}
BENCHMARK(multiply_without_tape);

void add_recorded(benchmark::State& state) {
  const Tensor x = ones({8}), y = ones({8});
  for (auto _ : state) {
    Tape tape;
    const Tensor v = tape.watch(x);
    for (int i = 0; i < operations; ++i) benchmark::DoNotOptimize((v + y).impl());
  }
  per_operation(state);
}
BENCHMARK(add_recorded);

void multiply_recorded(benchmark::State& state) {
  const Tensor x = ones({8}), y = ones({8});
  for (auto _ : state) {
    Tape tape;
    const Tensor v = tape.watch(x), w = tape.watch(y);
    for (int i = 0; i < operations; ++i) benchmark::DoNotOptimize((v * w).impl());
  }
  per_operation(state);
}
BENCHMARK(multiply_recorded);

void multiply_profiled(benchmark::State& state) {
  const Tensor x = ones({8}), y = ones({8});
  const Profiler profiler({.max_events = 0});
  for (auto _ : state) {
    for (int i = 0; i < operations; ++i) benchmark::DoNotOptimize((x * y).impl());
  }
  per_operation(state);
}
BENCHMARK(multiply_profiled);

void multiply_forward_and_backward(benchmark::State& state) {
  const Tensor x = ones({8}), y = ones({8}), dy = ones({8});
  for (auto _ : state) {
    Tape tape;
    Tensor v = tape.watch(x);
    const Tensor w = tape.watch(y);
    for (int i = 0; i < operations; ++i) v = v * w;
    benchmark::DoNotOptimize(tape.gradients(v, dy).size());
  }
  per_operation(state);
}
BENCHMARK(multiply_forward_and_backward);

}  // namespace
