#include "tenon/base/denormals.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <vector>

#include "catch.hpp"
#include "tenon/base/parallel.hpp"
#include "tenon/base/random.hpp"
#include "tenon/kernels/activation.hpp"
#include "tenon/kernels/adam.hpp"
#include "tenon/kernels/conv2d.hpp"
#include "tenon/kernels/cross_entropy.hpp"
#include "tenon/kernels/elementwise.hpp"
#include "tenon/kernels/gemm.hpp"
#include "tenon/kernels/reduce.hpp"
#include "tenon/kernels/softmax.hpp"

#if defined(TENON_HAS_MXCSR)

using namespace tenon;

namespace {

constexpr std::uint32_t default_mode = 0x1f80;
constexpr std::uint32_t round_up = 0x4000;
constexpr std::uint32_t flush = 0x8040;
constexpr std::uint32_t status_flags = 0x3f;

/// Sets the calling thread's floating-point mode until the scope ends.
struct HostMode {
  std::uint32_t before = _mm_getcsr();
  explicit HostMode(std::uint32_t mode) { _mm_setcsr(mode); }
  ~HostMode() { _mm_setcsr(before); }
};

float denormal_sum() {
  volatile float tiny = std::numeric_limits<float>::min();
  const volatile float half = tiny / 2;
  return half + half;
}

/// The bits of many kernels' outputs on numbers that reach down to denormals.
std::vector<float> run_kernels() {
  constexpr Index n = 64;
  std::vector<float> x(n * n), y(n * n), out;
  detail::fill_normal(x.data(), n * n, {1, 0}, 0.0, 1.0);
  detail::fill_uniform(y.data(), n * n, {1, 1}, -1.0, 1.0);
  {
    const HostMode exact(default_mode);
    for (Index i = 0; i < n * n; i += 3) x[static_cast<std::size_t>(i)] *= 1e-38f;
  }
  std::vector<float> r(n * n);
  const auto keep = [&] { out.insert(out.end(), r.begin(), r.end()); };

  const kernels::ElementwiseDims<2> two{n * n, 1, {n * n}, {{1}, {1}}};
  const kernels::ElementwiseDims<1> one{n * n, 1, {n * n}, {{1}}};
  kernels::mul(two, x.data(), y.data(), r.data());
  keep();
  kernels::div(two, x.data(), y.data(), r.data());
  keep();
  kernels::exp(one, x.data(), r.data());
  keep();
  kernels::tanh(one, x.data(), r.data());
  keep();
  kernels::sigmoid(one, x.data(), r.data());
  keep();
  kernels::gemm({1, n, n, n, 0, n, 1, 0, n, 1, 0, n}, x.data(), y.data(), r.data());
  keep();
  kernels::softmax_forward({n, n, 1}, x.data(), r.data());
  keep();
  kernels::log_softmax_forward({n, n, 1}, x.data(), r.data());
  keep();
  kernels::sum({1, {n}, {n}, 1, {n}, {1}}, x.data(), r.data());
  keep();
  kernels::conv2d_forward<float>({1, 1, n, n, 1, 3, 3, n, n, 1, 1, 1, 1}, x.data(), y.data(),
                                 nullptr, r.data());
  keep();
  std::vector<float> m(n * n, 1e-30f), v(n * n, 1e-37f);
  kernels::adam_step(n * n, {}, y.data(), m.data(), v.data(), r.data());
  keep();
  detail::fill_uniform(r.data(), n * n, {2, 0}, -0.1, 0.1);
  keep();
  detail::fill_normal(r.data(), n * n, {2, 1}, 0.0, 0.1);
  keep();
  return out;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("the guard flushes denormals and puts the host's mode back", "[base][denormals]") {
  for (std::uint32_t mode : {default_mode, default_mode | flush, default_mode | round_up}) {
    const HostMode host(mode);
    {
      const detail::FlushDenormals guard;
      CHECK(denormal_sum() == 0.0f);
      CHECK((_mm_getcsr() & (flush | 0x6000)) == flush);
    }
    CHECK((_mm_getcsr() & ~status_flags) == mode);
  }
}

TEST_CASE("guards nest, and an exception restores the mode too", "[base][denormals]") {
  const HostMode host(default_mode);
  {
    const detail::FlushDenormals outer;
    { const detail::FlushDenormals inner; }
    CHECK(denormal_sum() == 0.0f);
  }
  try {
    const detail::FlushDenormals guard;
    throw std::runtime_error("x");
  } catch (const std::runtime_error&) {
  }
  CHECK(denormal_sum() != 0.0f);
}

TEST_CASE("kernels give the same bits whatever mode the host is in, and leave it as it was",
          "[base][denormals]") {
  const std::vector<float> expected = [] {
    const HostMode host(default_mode);
    return run_kernels();
  }();
  for (std::uint32_t mode : {default_mode | flush, default_mode | round_up,
                             default_mode | round_up | flush, default_mode | 0x2000u}) {
    for (int threads : {1, 3}) {
      const ThreadScope scope(threads);
      const HostMode host(mode);
      const auto result = run_kernels();
      const auto after = _mm_getcsr() & ~status_flags;
      _mm_setcsr(default_mode);
      CHECK(after == mode);
      CHECK(same_bits(result, expected));
    }
  }
}

#endif
