#if defined(_OPENMP)
#include <omp.h>
#endif

#include "catch.hpp"
#include "tenon/base/denormals.hpp"
#include "training_support.hpp"

using namespace tenon;

#if defined(_OPENMP)
TEST_CASE("the host's OpenMP settings are left alone", "[invariants][guest]") {
  const int threads = omp_get_max_threads();
  const int dynamic = omp_get_dynamic();
  const int levels = omp_get_max_active_levels();
  set_num_threads(3);
  test::train(1);
  set_num_threads(threads);
  REQUIRE(omp_get_max_threads() == threads);
  REQUIRE(omp_get_dynamic() == dynamic);
  REQUIRE(omp_get_max_active_levels() == levels);
}

TEST_CASE("training inside the host's own parallel region gives the same bits",
          "[invariants][guest]") {
  const std::uint64_t expected = test::train(1);
  std::uint64_t inside[2] = {};
#pragma omp parallel for num_threads(2)
  for (int i = 0; i < 2; ++i) inside[i] = test::train(1);
  REQUIRE(inside[0] == expected);
  REQUIRE(inside[1] == expected);
}
#endif

#if defined(TENON_HAS_MXCSR)
TEST_CASE("the host's floating-point mode is kept and changes no result", "[invariants][guest]") {
  manual_seed(1);
  nn::Sequential net = test::small_cnn();
  net.eval();
  const Tensor x = rand({8, 1, 14, 14});
  const LongTensor labels = randint(0, 10, {8});
  const auto gradient = [&] {
    Tape tape;
    const auto v = tape.watch(x);
    return tape.gradients(cross_entropy(net(v), labels))[v];
  };
  const Tensor expected = gradient();
  const unsigned saved = _mm_getcsr();
  for (const unsigned mode : {0x1f80u, 0x9fc0u, 0x5f80u, 0x3f80u, 0x7f80u}) {
    CAPTURE(mode);  // denormals kept, flushed; rounding up, down, towards zero
    _mm_setcsr(mode);
    const Tensor result = gradient();
    const unsigned left = _mm_getcsr();
    _mm_setcsr(saved);
    CHECK((left & ~0x3fu) == mode);
    CHECK(equal(result, expected));
  }
}
#endif
