#include "tenon/train/metric.hpp"

#include "allocation_counter.hpp"
#include "metric_support.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/nn/parameter.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr Index samples = 97, classes = 5;

/// A user's metric: the largest error. No template, one update.
struct LargestError {
  double largest = 0;

  std::string name() const { return "largest_error"; }
  void reset() { largest = 0; }
  void update(const Tensor& prediction, const Tensor& target) {
    for (Index i = 0; i < prediction.numel(); ++i) {
      largest = std::max(largest, std::abs(static_cast<double>(prediction(i) - target(i))));
    }
  }
  double result() const { return largest; }
  std::vector<double> state() const { return {largest}; }
  void load_state(const std::vector<double>& state) { largest = state.at(0); }
};

bool same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

/// Cuts of [0, samples): at once, one by one, uneven, with empty batches between.
std::vector<std::vector<Index>> ways_to_cut() {
  std::vector<Index> one_by_one;
  for (Index i = 0; i <= samples; ++i) one_by_one.push_back(i);
  return {{0, samples}, one_by_one, {0, 1, 64, samples}, {0, 0, 31, 31, 62, 93, samples, samples}};
}

template <class T, class U>
void check_all_cuts(const std::vector<BasicMetric<T>>& metrics, const BasicTensor<T>& prediction,
                    const BasicTensor<U>& target) {
  for (const BasicMetric<T>& fresh : metrics) {
    INFO(fresh.name());
    BasicMetric<T> whole = fresh;
    whole.update(prediction, target);
    CHECK_FALSE(std::isnan(whole.result()));
    for (const auto& cuts : ways_to_cut()) {
      BasicMetric<T> metric = fresh;
      for (std::size_t i = 1; i < cuts.size(); ++i) {
        update_part(metric, prediction, target, cuts[i - 1], cuts[i]);
      }
      CHECK(metric.result() == whole.result());
    }
  }
}

template <class T, class U>
void check_resume(const std::vector<BasicMetric<T>>& metrics, const BasicTensor<T>& prediction,
                  const BasicTensor<U>& target) {
  for (const BasicMetric<T>& fresh : metrics) {
    INFO(fresh.name());
    BasicMetric<T> first = fresh;
    update_part(first, prediction, target, 0, 40);
    const std::vector<double> state = first.state();
    BasicMetric<T> second = fresh;
    update_part(second, prediction, target, 3, 9);  // loading forgets it
    second.load_state(state);
    CHECK(second.state() == state);
    CHECK(second.result() == first.result());
    update_part(first, prediction, target, 40, samples);
    update_part(second, prediction, target, 40, samples);
    CHECK(second.result() == first.result());

    BasicMetric<T> empty = fresh;
    second.load_state(empty.state());
    CHECK(same(second.result(), empty.result()));
    update_part(second, prediction, target, 0, samples);
    CHECK(second.result() == first.result());
  }
}

}  // namespace

TEMPLATE_TEST_CASE("Metrics do not depend on how samples are cut into batches", "[train][metric]",
                   float, double) {
  const auto scores = random_tensor<TestType>({samples, classes}, 1);
  check_all_cuts(metrics_of_scores<TestType>(classes), scores,
                 random_integers({samples}, 2, 0, classes));
  check_all_cuts(metrics_of_numbers<TestType>(), scores,
                 random_tensor<TestType>({samples, classes}, 3));
}

TEMPLATE_TEST_CASE("Metrics go on from a saved state as if nothing had happened", "[train][metric]",
                   float, double) {
  const auto scores = random_tensor<TestType>({samples, classes}, 1);
  check_resume(metrics_of_scores<TestType>(classes), scores,
               random_integers({samples}, 2, 0, classes));
  check_resume(metrics_of_numbers<TestType>(), scores,
               random_tensor<TestType>({samples, classes}, 3));
}

TEMPLATE_TEST_CASE("Metrics take views under any strides", "[train][metric]", float, double) {
  const auto scores = random_tensor<TestType>({samples, classes}, 1);
  const auto numbers = random_tensor<TestType>({samples, classes}, 3);
  const auto labels = random_integers({samples}, 2, 0, classes);
  const auto label_layouts = layouts_of(labels);
  const auto score_layouts = layouts_of(scores), number_layouts = layouts_of(numbers);
  for (std::size_t i = 0; i < score_layouts.size(); ++i) {
    for (auto& metric : metrics_of_scores<TestType>(classes)) {
      INFO(metric.name());
      CHECK(result_of(metric, score_layouts[i], label_layouts[i]) ==
            result_of(metric, scores, labels));
    }
    for (auto& metric : metrics_of_numbers<TestType>()) {
      INFO(metric.name());
      CHECK(result_of(metric, score_layouts[i], number_layouts[i]) ==
            result_of(metric, scores, numbers));
    }
  }
}

TEST_CASE("Metrics without a sample give NaN, also after reset and after empty batches",
          "[train][metric][tiny]") {
  const auto scores = random_tensor<float>({samples, classes}, 1);
  const auto labels = random_integers({samples}, 2, 0, classes);
  for (auto& metric : metrics_of_scores<float>(classes)) {
    INFO(metric.name());
    CHECK(std::isnan(metric.result()));
    update_part(metric, scores, labels, 0, 0);
    CHECK(std::isnan(metric.result()));
    metric.update(scores, labels);
    CHECK_FALSE(std::isnan(metric.result()));
    metric.reset();
    CHECK(std::isnan(metric.result()));
  }
  for (auto& metric : metrics_of_numbers<float>()) {
    INFO(metric.name());
    CHECK(std::isnan(metric.result()));
    update_part(metric, scores, scores, 0, 0);
    CHECK(std::isnan(metric.result()));
    metric.update(scores, scores);
    CHECK_FALSE(std::isnan(metric.result()));
    metric.reset();
    CHECK(std::isnan(metric.result()));
  }
}

TEST_CASE("Copies of a metric are independent", "[train][metric][tiny]") {
  Metric a = Accuracy();
  a.update(tensor({{0, 1}}), tensor<std::int64_t>({1}));
  Metric b = a;
  b.update(tensor({{0, 1}}), tensor<std::int64_t>({0}));
  CHECK(a.result() == 1);
  CHECK(b.result() == 0.5);
  a = b;
  b.reset();
  CHECK(a.result() == 0.5);
  const std::vector<Metric> metrics{a, F1Score()}, copies = metrics;
  CHECK(copies.size() == 2);
  CHECK(copies[0].result() == 0.5);
  const Metric moved = std::move(a);
  CHECK(moved.result() == 0.5);
}

TEST_CASE("A metric gives back what it holds", "[train][metric][tiny]") {
  std::vector<Metric> metrics{Accuracy(), ConfusionMatrix(2)};
  metrics[1].update(tensor({{0, 1}}), tensor<std::int64_t>({1}));
  REQUIRE(metrics[1].get<ConfusionMatrix>() != nullptr);
  CHECK(equal(metrics[1].get<ConfusionMatrix>()->matrix(), tensor<std::int64_t>({{0, 0}, {0, 1}})));
  CHECK(metrics[0].get<ConfusionMatrix>() == nullptr);
  const Metric& constant = metrics[0];
  CHECK(constant.get<Accuracy>() != nullptr);
  CHECK(constant.get<F1Score>() == nullptr);
}

TEST_CASE("A user's struct is a metric", "[train][metric][tiny]") {
  std::vector<Metric> metrics{LargestError(), Accuracy()};
  metrics[0].update(tensor({1, 2}), tensor({1.5, -2}));
  CHECK(metrics[0].name() == "largest_error");
  CHECK(metrics[0].result() == 4);
  Metric copy = metrics[0];
  copy.reset();
  CHECK(copy.result() == 0);
  copy.load_state(metrics[0].state());
  CHECK(copy.get<LargestError>()->largest == 4);
  const LargestError named;
  const Metric from_lvalue = named;
  CHECK(from_lvalue.result() == 0);
}

TEST_CASE("A metric without an update for a target says so", "[train][metric][tiny]") {
  Metric error = LargestError();
  CHECK(error_of<TypeError>([&] { error.update(tensor({1}), tensor<std::int64_t>({1})); }) ==
        "[largest_error] this metric has no update for integer labels (LongTensor); hint: "
        "target.to<float>() makes numbers of them, or choose a metric for such targets");
  Metric perplexity = Perplexity();
  CHECK(error_of<TypeError>([&] {
          perplexity.update(tensor({{1, 2}}), tensor({1}));
        }) ==
        "[perplexity] this metric has no update for a target of real numbers (Tensor); hint: "
        "target.to<std::int64_t>() makes labels of them, or choose a metric for such targets");
}

TEST_CASE("Metrics record nothing on a tape", "[train][metric]") {
  nn::Parameter scores(random_tensor<float>({classes, 6}, 1));
  const auto labels = random_integers({6}, 2, 0, classes);
  Tape tape;
  const Tensor transposed = scores.t();
  const Index before = tape.size();
  for (auto& metric : metrics_of_scores<float>(classes)) metric.update(transposed, labels);
  for (auto& metric : metrics_of_numbers<float>()) metric.update(transposed, transposed);
  CHECK(tape.size() == before);
}

TEST_CASE("Metrics that only count allocate nothing once warm", "[train][metric]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer replaces the allocator");
  const auto scores = random_tensor<float>({64, classes}, 1), numbers = scores.t().clone().t();
  const auto labels = random_integers({64}, 2, 0, classes);
  const auto warm_allocations = [](Metric& metric, const auto& prediction, const auto& target) {
    for (int i = 0; i < 3; ++i) metric.update(prediction, target);
    const AllocationCounter counter;
    for (int i = 0; i < 5; ++i) metric.update(prediction, target);
    return counter.count();
  };
  for (auto& metric : metrics_of_scores<float>(classes)) {
    if (metric.get<RocAuc>() != nullptr || metric.get<AveragePrecision>() != nullptr) continue;
    INFO(metric.name());
    CHECK(warm_allocations(metric, scores, labels) == 0);
  }
  for (auto& metric : metrics_of_numbers<float>()) {
    INFO(metric.name());
    CHECK(warm_allocations(metric, numbers, scores) == 0);
  }
}

TEST_CASE("A state that does not fit is refused", "[train][metric][tiny]") {
  const auto error = [](Metric metric, const std::vector<double>& state) {
    return error_of<ValueError>([&] { metric.load_state(state); });
  };
  CHECK(error(Accuracy(), {1}) ==
        "[Accuracy] a state of 2 numbers was expected but 1 came; hint: load what state() of the "
        "same metric with the same options gave");
  CHECK(
      error(Accuracy(), {1.5, 2}) ==
      "[Accuracy] entry 0 of the state must be a count but is 1.5; hint: load what state() of the "
      "same metric gave, unchanged");
  using Catch::Matchers::ContainsSubstring;
  CHECK_THAT(error(TopKAccuracy(), {1, -2}), ContainsSubstring("[TopKAccuracy] entry 1"));
  CHECK_THAT(error(F1Score(), {1, 2, 3, 4}), ContainsSubstring("[F1Score] a state of 3 numbers"));
  CHECK_THAT(error(Recall(), {1, 2, not_a_number}), ContainsSubstring("[Recall] entry 2"));
  CHECK_THAT(error(ConfusionMatrix(2), {1}), ContainsSubstring("a state of 6 numbers"));
  CHECK_THAT(error(RocAuc(), {}), ContainsSubstring("[RocAuc] a state of 2 numbers"));
  CHECK_THAT(error(RocAuc(), {1, 5, 0, 0.5}), ContainsSubstring("[RocAuc]"));
  CHECK_THAT(error(RocAuc(), {9e15, 1, 0, 0.5}), ContainsSubstring("[RocAuc]"));
  CHECK_THAT(error(AveragePrecision(), {1, 1, 0.5, 0.5}),
             ContainsSubstring("[AveragePrecision] entry 2"));
  CHECK_THAT(error(MeanSquaredError(), {0.5, 0.5}),
             ContainsSubstring("[MeanSquaredError] entry 1"));
  CHECK_THAT(error(R2Score(), {1, 2}), ContainsSubstring("[R2Score]"));
  CHECK_THAT(error(R2Score(), {}), ContainsSubstring("[R2Score] a state of 1 numbers"));
  CHECK_THAT(error(Perplexity(), {1, 2, 3}), ContainsSubstring("[Perplexity] a state of 2"));
}
