// tenon_bench                 all cases with Google Benchmark, on one thread and on all
// tenon_bench --worker        reads lines "THREADS SECONDS CASE", times the case for about as long
//                             and answers with a line of JSON: how the scoreboard takes turns with
//                             other libraries
// tenon_bench --cases         the cases' names
// tenon_bench --peers         the names of the cases of other libraries, "CASE @PEER": those that
//                             bench/peers/ has a file for and CMake found (TENON_BENCH_PEERS=ON)

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <utility>

#include "case.hpp"
#include "tenon/base/isa.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/limits.hpp"

namespace tenon::bench {

std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

std::string joined(const Shape& sizes) {
  std::string text;
  for (const Index size : sizes) {
    if (!text.empty()) text += 'x';
    text += std::to_string(size);
  }
  return text;
}

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

nlohmann::json time_case(const Case& c, int threads, double seconds) {
  const ThreadScope scope(threads);
  const auto run = c.prepare();
  for (int warm = 0; warm < 3; ++warm) run();
  std::vector<double> times;
  for (const double end = now() + seconds;
       times.size() < 5 || (now() < end && times.size() < 5000);) {
    const double start = now();
    run();
    times.push_back(now() - start);
  }
  std::sort(times.begin(), times.end());
  return {{"case", c.full_name()},
          {"threads", threads},
          {"min_ms", times.front() * 1e3},
          {"median_ms", times[times.size() / 2] * 1e3},
          {"flops", c.flops},
          {"bytes", c.bytes},
          {"limit_flops", kernels::measure_flops<float>(threads)},
          {"limit_bytes", kernels::measure_bandwidth(threads, c.bytes)},
          {"setting", to_string(isa())}};
}

int work() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    int threads = 1;
    double seconds = 0.3;
    std::string name;
    words >> threads >> seconds >> std::ws;
    std::getline(words, name);
    const auto found = std::find_if(cases().begin(), cases().end(),
                                    [&](const Case& c) { return c.full_name() == name; });
    if (found == cases().end()) {
      std::cout << "{}" << std::endl;
    } else {
      std::cout << time_case(*found, threads, seconds).dump() << std::endl;
    }
  }
  return 0;
}

struct Limits {
  double flops_per_second, bytes_per_second;
};

/// Measured before the first case that needs them: the processor's clock falls under the work of
/// the cases.
const Limits& limits_of(int threads, double bytes) {
  static std::map<std::pair<int, double>, Limits> measured;
  const auto [place, is_new] = measured.try_emplace({threads, bytes});
  if (is_new) {
    place->second = {kernels::measure_flops<float>(threads),
                     kernels::measure_bandwidth(threads, bytes)};
  }
  return place->second;
}

/// Percent of the limit that binds the case; 0 where none does or it cannot be measured.
double percent_of_limit(const Case& c, const Limits& limits, double seconds) {
  if (c.flops > 0 && limits.flops_per_second > 0) {
    return 100 * c.flops / seconds / limits.flops_per_second;
  }
  if (c.bytes > 0 && limits.bytes_per_second > 0) {
    return 100 * c.bytes / seconds / limits.bytes_per_second;
  }
  return 0;
}

void run_case(const Case& c, benchmark::State& state) {
  const int count = static_cast<int>(state.range(0));
  const ThreadScope threads(count);
  const Limits& limits = limits_of(count, c.bytes);
  const auto run = c.prepare();
  const double start = now();
  for (auto _ : state) run();
  const double seconds = (now() - start) / static_cast<double>(state.iterations());
  const auto rate = [&](double each) {
    return benchmark::Counter(each * static_cast<double>(state.iterations()),
                              benchmark::Counter::kIsRate);
  };
  if (c.flops > 0) state.counters["FLOP/s"] = rate(c.flops);
  if (c.bytes > 0) state.counters["B/s"] = rate(c.bytes);
  const double percent = percent_of_limit(c, limits, seconds);
  if (percent > 0) state.counters["of_limit"] = percent;
}

void register_case(const Case& c) {
  auto* registered = benchmark::RegisterBenchmark(
      c.full_name().c_str(), [&c](benchmark::State& state) { run_case(c, state); });
  registered->ArgName("threads")->Arg(1)->Unit(benchmark::kMicrosecond)->UseRealTime();
  if (num_threads() > 1) registered->Arg(num_threads());
}

/// Every case of Tenon's, and the peers' at the same work right behind it.
void register_cases() {
  for (const Case& own : cases()) {
    if (!own.peer.empty()) continue;
    register_case(own);
    for (const Case& c : cases()) {
      if (!c.peer.empty() && c.name == own.name) register_case(c);
    }
  }
}

/// The full names of the cases that are Tenon's own, or of those that are not.
int list(bool own) {
  for (const Case& c : cases()) {
    if (c.peer.empty() == own) std::cout << c.full_name() << "\n";
  }
  return 0;
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  using namespace tenon::bench;
  const std::string_view mode = argc > 1 ? argv[1] : "";
  if (mode == "--worker") return work();
  if (mode == "--cases") return list(true);
  if (mode == "--peers") return list(false);
  register_cases();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
