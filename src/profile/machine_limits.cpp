#include "tenon/profile/machine_limits.hpp"

#include <map>
#include <mutex>

#include "tenon/base/error.hpp"
#include "tenon/kernels/limits.hpp"

namespace tenon {
namespace {

MachineLimits measure(int threads) {
  MachineLimits limits;
  limits.threads = threads;
  limits.float_flops = kernels::measure_flops<float>(threads);
  limits.double_flops = kernels::measure_flops<double>(threads);
  for (int i = 0; i < 5; ++i) {
    limits.copy_bytes[i] = kernels::measure_bandwidth(threads, MachineLimits::working_set[i]);
  }
  return limits;
}

}  // namespace

MachineLimits machine_limits(int threads) {
  if (threads < 1) {
    detail::fail<ValueError>("machine_limits", "the number of threads must be at least 1 but is ",
                             threads, "; hint: num_threads() is what operations use");
  }
  static std::mutex mutex;
  static std::map<int, MachineLimits> measured;
  // Two measurements at once would take from each other what they measure.
  const std::lock_guard lock(mutex);
  const auto found = measured.find(threads);
  if (found != measured.end()) return found->second;
  return measured[threads] = measure(threads);
}

}  // namespace tenon
