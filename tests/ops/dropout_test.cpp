#include "tenon/ops/dropout.hpp"

#include <limits>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// dropout whose elements are the same in every call, as finite differences need it.
template <class T>
BasicTensor<T> seeded_dropout(const BasicTensor<T>& x, double p, std::uint64_t seed) {
  manual_seed(seed);
  return dropout(x, p, true);
}

}  // namespace

TEST_CASE("dropout keeps the share 1 - p of the elements and their mean", "[ops][dropout]") {
  manual_seed(1);
  const Index n = 200000;
  for (double p : {0.1, 0.5, 0.83}) {
    const auto y = dropout(ones<double>({n}), p, true);
    Index kept = 0, neither = 0;
    for (double v : values_of(y)) {
      kept += v != 0;
      neither += v != 0 && v != 1 / (1 - p);
    }
    CHECK(neither == 0);
    // Five standard deviations of a binomial distribution.
    const double deviation = std::sqrt(p * (1 - p) / static_cast<double>(n));
    CHECK(std::abs(static_cast<double>(kept) / static_cast<double>(n) - (1 - p)) < 5 * deviation);
  }
}

TEST_CASE("dropout drops neighbours independently", "[ops][dropout]") {
  manual_seed(2);
  const Index n = 100000;
  const auto y = dropout(ones({n}), 0.5, true);
  for (Index distance : {1, 2, 3, 4, 8, 64}) {
    Index equal_ones = 0;
    for (Index i = 0; i + distance < n; ++i) equal_ones += y(i) == y(i + distance);
    const double share = static_cast<double>(equal_ones) / static_cast<double>(n - distance);
    CHECK(std::abs(share - 0.5) < 5 * 0.5 / std::sqrt(static_cast<double>(n)));
  }
}

TEST_CASE("dropout repeats itself for the same seed and only then", "[ops][dropout]") {
  const auto x = random_tensor<float>({37, 11}, 1);
  const auto first = seeded_dropout(x, 0.4, 7);
  const auto next = dropout(x, 0.4, true);
  CHECK(same_bits(seeded_dropout(x, 0.4, 7), first));
  CHECK(same_bits(dropout(x, 0.4, true), next));
  CHECK_FALSE(same_bits(first, next));
  CHECK_FALSE(same_bits(seeded_dropout(x, 0.4, 8), first));
  for (const auto& layout : layouts_of(x)) CHECK(same_bits(seeded_dropout(layout, 0.4, 7), first));
}

TEST_CASE("dropout drops the same elements of floats and doubles", "[ops][dropout]") {
  const auto f = seeded_dropout(ones<float>({501}), 0.3, 3);
  const auto d = seeded_dropout(ones<double>({501}), 0.3, 3);
  for (Index i = 0; i < 501; ++i) CHECK((f(i) == 0) == (d(i) == 0));
}

TEST_CASE("dropout does nothing outside of training or for p = 0", "[ops][dropout]") {
  const auto x = random_tensor<float>({5}, 2);
  const RandomKey before = default_generator().state();
  CHECK(dropout(x, 0.5, false).is_same(x));
  CHECK(dropout(x, 0, true).is_same(x));
  CHECK(default_generator().state().stream == before.stream);
  dropout(x, 0.5, true);
  CHECK(default_generator().state().stream == before.stream + 1);
}

TEST_CASE("dropout with p = 1 drops everything", "[ops][dropout]") {
  Tape tape;
  const auto x = tape.watch(random_tensor({4, 3}, 3));
  const auto y = dropout(x, 1, true);
  CHECK(equal(y, zeros<double>({4, 3})));
  CHECK(equal(tape.gradients(sum(y))[x], zeros<double>({4, 3})));
}

TEST_CASE("The gradient of dropout passes where the element was kept", "[ops][dropout]") {
  Tape tape;
  const auto x = tape.watch(ones({300}));
  const auto y = dropout(x, 0.25, true);
  CHECK(equal(tape.gradients(sum(y))[x], y));
}

TEST_CASE("dropout passes gradient checks of first and second order", "[ops][dropout]") {
  check_gradients_in_all_layouts("dropout",
                                 [](auto& in) { return seeded_dropout(square(in[0]), 0.4, 5); },
                                 {random_tensor({4, 5}, 4)});
}

TEST_CASE("dropout of nothing is nothing and NaN that is kept stays NaN", "[ops][dropout]") {
  CHECK(dropout(zeros({0, 3}), 0.5, true).shape() == Shape{0, 3});
  const auto y = dropout(full({1}, std::numeric_limits<float>::quiet_NaN()), 1e-9, true);
  CHECK(std::isnan(y(0)));
}

TEST_CASE("dropout has the same bits for every number of threads", "[ops][dropout]") {
  const auto x = random_tensor<float>({131, 1031}, 5);
  CHECK(same_bits_for_all_threads([&] { return seeded_dropout(x, 0.3, 9); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto leaf = tape.watch(x);
    return tape.gradients(sum(square(seeded_dropout(leaf, 0.3, 9))))[leaf];
  }));
}

TEST_CASE("dropout refuses a p that is no probability", "[ops][dropout]") {
  const auto x = zeros({2});
  const std::string hint = "; hint: it is the probability that an element is dropped";
  CHECK(error_of<ValueError>([&] { dropout(x, 1.5, true); }) ==
        "[dropout] p must be in [0, 1] but is 1.5" + hint);
  CHECK(error_of<ValueError>([&] { dropout(x, -0.5, false); }) ==
        "[dropout] p must be in [0, 1] but is -0.5" + hint);
  CHECK_THROWS_AS(dropout(x, std::nan(""), true), ValueError);
  CHECK_THROWS_AS(dropout(Tensor(), 0.5, true), ValueError);
}
