#include "tenon/ops/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops_support.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// One row by the definition: order all ids by probability, cut, cut again, scale.
std::vector<double> defined_probabilities(const std::vector<double>& logits,
                                          const SamplingOptions& options) {
  std::vector<std::size_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return logits[a] > logits[b]; });
  if (options.top_k > 0) {
    order.resize(std::min(order.size(), static_cast<std::size_t>(options.top_k)));
  }
  const auto weight = [&](std::size_t id) { return std::exp(logits[id] / options.temperature); };
  const auto total = [&] {
    double sum = 0;
    for (std::size_t id : order) sum += weight(id);
    return sum;
  };
  const double all = total();
  double before = 0;
  std::size_t kept = 0;
  while (kept < order.size() && before < options.top_p) before += weight(order[kept++]) / all;
  order.resize(kept);
  std::vector<double> p(logits.size(), 0);
  const double rest = total();
  for (std::size_t id : order) p[id] = weight(id) / rest;
  return p;
}

}  // namespace

TEST_CASE("sampling_probabilities follow their definition", "[ops][sampling][tiny]") {
  for (const Index v : {1, 2, 7, 100}) {
    const auto logits = random_tensor({3, 2, v}, 5, -4, 4);
    for (const double temperature : {0.3, 1.0, 2.5}) {
      for (const Index top_k : {0, 1, 3, 1000}) {
        for (const double top_p : {1e-9, 0.4, 0.9, 1.0}) {
          const SamplingOptions options{temperature, top_k, top_p};
          CAPTURE(v, temperature, top_k, top_p);
          for (const auto& view : layouts_of(logits)) {
            const auto p = sampling_probabilities(view, options);
            REQUIRE(p.shape() == logits.shape());
            for (Index row = 0; row < 6; ++row) {
              const auto x = values_of(logits[row / 2][row % 2]);
              const auto expected = from_container(defined_probabilities(x, options));
              CHECK(max_error(p[row / 2][row % 2], expected) <= 1e-14);
            }
          }
        }
      }
    }
  }
  const auto x = random_tensor<float>({4, 9}, 6);
  CHECK(max_error(sampling_probabilities(x), softmax(x.to<double>(), -1)) <= 1e-7);
  CHECK(same_bits(sampling_probabilities(x), sampling_probabilities(x, {.top_k = 9})));
}

TEST_CASE("limits keep the smaller of equal ids", "[ops][sampling]") {
  const auto equal_logits = zeros<double>({6});
  CHECK(equal(sampling_probabilities(equal_logits, {.top_k = 2}),
              tensor<double>({0.5, 0.5, 0, 0, 0, 0})));
  CHECK(equal(sampling_probabilities(equal_logits, {.top_p = 0.4}),
              tensor<double>({1.0 / 3, 1.0 / 3, 1.0 / 3, 0, 0, 0})));
  CHECK(equal(sampling_probabilities(equal_logits, {.top_p = 0.5}),
              tensor<double>({1.0 / 3, 1.0 / 3, 1.0 / 3, 0, 0, 0})));
  CHECK(equal(sampling_probabilities(equal_logits, {.temperature = 0}),
              tensor<double>({1, 0, 0, 0, 0, 0})));
  // 1/2, 1/4, 1/8, 1/8
  const auto halves =
      tensor<double>({std::log(0.125), std::log(0.5), std::log(0.125), std::log(0.25)});
  const auto kept = [&](double top_p) {
    Index n = 0;
    for (const double p : values_of(sampling_probabilities(halves, {.top_p = top_p}))) n += p > 0;
    return n;
  };
  CHECK(kept(0.49) == 1);
  CHECK(kept(0.51) == 2);
  CHECK(kept(0.74) == 2);
  CHECK(kept(0.76) == 3);
  CHECK(kept(0.88) == 4);
}

TEST_CASE("sample draws as often as the probabilities say", "[ops][sampling]") {
  const auto row = random_tensor<float>({12}, 7);
  const Index n = 40'000;
  for (const SamplingOptions& options :
       {SamplingOptions{}, SamplingOptions{.temperature = 0.5, .top_k = 8},
        SamplingOptions{.top_p = 0.8}}) {
    Generator generator(1);
    const LongTensor ids = sample(row.expand({n, 12}), options, generator);
    REQUIRE(ids.shape() == Shape{n});
    std::vector<double> counts(12, 0);
    for (Index i = 0; i < n; ++i) counts.at(static_cast<std::size_t>(ids(i))) += 1;
    const Tensor p = sampling_probabilities(row, options);
    for (Index id = 0; id < 12; ++id) {
      const double expected = static_cast<double>(p(id)) * static_cast<double>(n);
      CHECK(std::abs(counts[static_cast<std::size_t>(id)] - expected) <= 5 * std::sqrt(expected));
    }
  }
}

TEST_CASE("sample at temperature 0 is argmax", "[ops][sampling]") {
  const auto x = random_tensor<float>({50, 3, 11}, 8);
  Generator generator(3);
  CHECK(equal(sample(x, {.temperature = 0}, generator), argmax(x, -1)));
  CHECK(equal(sample(x, {.top_k = 1}, generator), argmax(x, -1)));
  CHECK(equal(sample(x, {.temperature = 1e-300}, generator), argmax(x, -1)));
  CHECK(sample(zeros({0, 4})).shape() == Shape{0});
  CHECK(sample(zeros({1})).shape() == Shape{});
  CHECK(sample(zeros({1})).item() == 0);
}

TEST_CASE("what sample draws follows from the generator alone", "[ops][sampling]") {
  const auto x = random_tensor<float>({300, 50}, 9);
  for (const SamplingOptions& options :
       {SamplingOptions{}, SamplingOptions{.top_k = 20}, SamplingOptions{.top_p = 0.9}}) {
    CHECK(same_bits_for_all_threads([&] {
      Generator generator(4);
      return sample(x, options, generator);
    }));
    CHECK(same_bits_for_all_threads([&] { return sampling_probabilities(x, options); }));
  }
  Generator a(4), b(4), c(5);
  const auto first = sample(x, {}, a);
  CHECK(a.state().stream == 1);
  CHECK(equal(first, sample(x, {}, b)));
  CHECK_FALSE(equal(first, sample(x, {}, a)));
  CHECK_FALSE(equal(first, sample(x, {}, c)));
  manual_seed(4);
  CHECK(equal(first, sample(x)));
  // Limits that leave everything change nothing, not even what a draw becomes.
  auto possible = random_tensor<float>({300, 20}, 10);
  possible.select(1, 19).fill_(-static_cast<float>(infinity));
  Generator e(6), f(6), g(6);
  const auto unlimited = sample(possible, {}, e);
  CHECK(equal(unlimited, sample(possible, {.top_k = 19}, f)));
  CHECK(equal(unlimited, sample(possible, {.top_p = 1 - 1e-9}, g)));
  // A row's draw does not depend on the rows behind it.
  Generator d(4);
  CHECK(equal(sample(x.narrow(0, 0, 10), {}, d), first.narrow(0, 0, 10)));
}

TEST_CASE("what is -infinity is never drawn", "[ops][sampling]") {
  auto x = full({2000, 4}, -static_cast<float>(infinity));
  x.select(1, 1).fill_(0), x.select(1, 3).fill_(-1e30f);
  Generator generator(1);
  CHECK(equal(sample(x, {}, generator), full<std::int64_t>({2000}, 1)));
  // So hot that the two others are equally likely.
  for (const Index id : values_of(sample(x, {.temperature = 1e300}, generator))) {
    CHECK((id == 1 || id == 3));
  }
  CHECK(equal(sampling_probabilities(x[0], {.top_k = 3, .top_p = 0.999}), tensor({0, 1, 0, 0})));
}

TEST_CASE("sampling says what is wrong", "[ops][sampling][errors]") {
  const Tensor x = zeros({2, 3});
  CHECK(
      error_of<ShapeError>([] { sample(tensor(1)); }) ==
      "[sample] logits must have shape (..., V) with V >= 1 ids to choose from, not (); hint: one "
      "row holds the logits of all ids");
  CHECK_THROWS_AS(sample(zeros({2, 0})), ShapeError);
  CHECK(error_of<ValueError>([&] { sample(x, {.temperature = -1}); }) ==
        "[sample] temperature must be finite and at least 0, not -1; hint: below 1 the likely ids "
        "become likelier, 0 takes the likeliest");
  CHECK_THROWS_AS(sample(x, {.temperature = infinity}), ValueError);
  CHECK(error_of<ValueError>([&] { sample(x, {.top_k = -1}); }) ==
        "[sample] top_k must be at least 0, not -1; hint: 50 is usual, 0 sets no limit");
  CHECK(
      error_of<ValueError>([&] { sampling_probabilities(x, {.top_p = 0}); }) ==
      "[sampling_probabilities] top_p must lie in (0, 1], not 0; hint: it is a probability, 0.9 is "
      "usual, 1 sets no limit");
  CHECK_THROWS_AS(sample(x, {.top_p = 90}), ValueError);
  CHECK_THROWS_AS(sample(x, {.top_p = std::nan("")}), ValueError);
  Tensor bad = zeros({2, 2, 3});
  bad(1, 0, 2) = std::nanf("");
  CHECK(error_of<ValueError>([&] { sample(bad); }) ==
        "[sample] logits(1, 0, 2) is nan but must be finite, or -infinity for what must not be "
        "chosen; hint: look for the first layer whose output is not finite");
  bad(1, 0, 2) = static_cast<float>(infinity);
  CHECK_THROWS_AS(sample(bad), ValueError);
  bad[1][0].fill_(-static_cast<float>(infinity));
  CHECK(error_of<ValueError>([&] { sample(bad); }) ==
        "[sample] row 2 of the logits is -infinity throughout; hint: at least one id must be "
        "possible");
  CHECK_THROWS_AS(sample(Tensor()), ValueError);
}
