#include "tenon/base/show_config.hpp"

#include <cstdlib>

#include "tenon/base/isa.hpp"
#include "tenon/base/parallel.hpp"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace tenon {

namespace {

std::string version() {
  return std::to_string(TENON_VERSION_MAJOR) + "." + std::to_string(TENON_VERSION_MINOR) + "." +
         std::to_string(TENON_VERSION_PATCH);
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " __VERSION__;
#else
  return "unknown";
#endif
}

std::string build() {
#if defined(__OPTIMIZE__)
  std::string kind = "optimised";
#else
  std::string kind = "NOT optimised: expect a small fraction of the speed";
#endif
#if !defined(NDEBUG)
  kind += ", assertions on";
#endif
  return kind;
}

std::string kernels() {
  const std::string name = to_string(isa());
  if (isa() == Isa::portable) return name + " loops, compiled for the default instruction set";
  const char* wanted = std::getenv("TENON_ISA");
  return name + (wanted != nullptr ? " (TENON_ISA)" : ", the best of this processor");
}

std::string openmp() {
#if defined(_OPENMP)
  return std::to_string(_OPENMP) + ", " + std::to_string(omp_get_num_procs()) + " processors";
#else
  return "none: one thread";
#endif
}

std::string threads() {
  const char* wanted = std::getenv("TENON_NUM_THREADS");
  return std::to_string(num_threads()) +
         (wanted != nullptr ? std::string(" (TENON_NUM_THREADS=") + wanted + ")" : "");
}

}  // namespace

std::string show_config() {
  return "tenon: " + version() + "\ncompiler: " + compiler() + "\nbuild: " + build() +
         "\nkernels: " + kernels() + "\nopenmp: " + openmp() + "\nthreads: " + threads() + "\n";
}

}  // namespace tenon
