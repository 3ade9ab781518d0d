#include "tenon/base/isa.hpp"

#include <cstdlib>
#include <string_view>

#include "tenon/base/error.hpp"

namespace tenon {
namespace {

constexpr const char* names[] = {"portable", "sse4", "avx2", "avx512", "native"};

#if defined(TENON_SIMD) && defined(__x86_64__)

bool is_supported(Isa isa) {
  // The builtins ask the operating system too, which must save the registers.
  switch (isa) {
    case Isa::sse4:
      return __builtin_cpu_supports("sse4.2");
    case Isa::avx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
             __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    case Isa::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
             __builtin_cpu_supports("avx512vl") && is_supported(Isa::avx2);
    default:
      return false;
  }
}

Isa best() {
  for (const Isa isa : {Isa::avx512, Isa::avx2, Isa::sse4}) {
    if (is_supported(isa)) return isa;
  }
  detail::fail<ValueError>("isa",
                           "this processor lacks SSE4.2, which the kernels need; hint: build "
                           "Tenon with -DTENON_SIMD=OFF");
}

Isa named(std::string_view name) {
  for (const Isa isa : {Isa::sse4, Isa::avx2, Isa::avx512}) {
    if (name != to_string(isa)) continue;
    if (is_supported(isa)) return isa;
    detail::fail<ValueError>("isa", "TENON_ISA asks for ", name,
                             ", which this processor lacks; hint: its best is ", to_string(best()));
  }
  detail::fail<ValueError>("isa", "TENON_ISA is \"", name,
                           "\"; hint: sse4, avx2, avx512, or unset for the processor's best");
}

Isa chosen() {
  const char* name = std::getenv("TENON_ISA");
  return name == nullptr || *name == '\0' ? best() : named(name);
}

#elif defined(TENON_SIMD)
Isa chosen() { return Isa::native; }
#else
Isa chosen() { return Isa::portable; }
#endif

}  // namespace

Isa isa() {
  static const Isa value = chosen();
  return value;
}

const char* to_string(Isa isa) { return names[static_cast<int>(isa)]; }

}  // namespace tenon
