// tenon_bench                 all cases with Google Benchmark, on one thread and on all
// tenon_bench --worker        reads lines "THREADS SECONDS CASE", times the case for about as long
//                             and answers with a line of JSON: how the scoreboard takes turns with
//                             other libraries
// tenon_bench --cases         the cases' names

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "case.hpp"
#include "tenon/base/isa.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/kernels/limits.hpp"

namespace tenon::bench {

std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

std::string joined(std::initializer_list<Index> sizes) {
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
  return {{"case", c.name},
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
    const auto found =
        std::find_if(cases().begin(), cases().end(), [&](const Case& c) { return c.name == name; });
    if (found == cases().end()) {
      std::cout << "{}" << std::endl;
    } else {
      std::cout << time_case(*found, threads, seconds).dump() << std::endl;
    }
  }
  return 0;
}

void register_case(const Case& c) {
  const auto body = [&c](benchmark::State& state) {
    const ThreadScope threads(static_cast<int>(state.range(0)));
    const auto run = c.prepare();
    for (auto _ : state) run();
    const auto rate = [&](double each) {
      return benchmark::Counter(each * static_cast<double>(state.iterations()),
                                benchmark::Counter::kIsRate);
    };
    if (c.flops > 0) state.counters["FLOP/s"] = rate(c.flops);
    if (c.bytes > 0) state.counters["B/s"] = rate(c.bytes);
  };
  auto* registered = benchmark::RegisterBenchmark(c.name.c_str(), body);
  registered->ArgName("threads")->Arg(1)->Unit(benchmark::kMicrosecond)->UseRealTime();
  if (num_threads() > 1) registered->Arg(num_threads());
}

}  // namespace
}  // namespace tenon::bench

int main(int argc, char** argv) {
  using namespace tenon::bench;
  if (argc > 1 && std::strcmp(argv[1], "--worker") == 0) return work();
  if (argc > 1 && std::strcmp(argv[1], "--cases") == 0) {
    for (const Case& c : cases()) std::cout << c.name << "\n";
    return 0;
  }
  for (const Case& c : cases()) register_case(c);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
