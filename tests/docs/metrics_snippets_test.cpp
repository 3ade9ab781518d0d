// The code of docs/metrics.md: each region between [name] and [/name] is quoted there, and runs
// here.

#include <algorithm>
#include <cmath>
#include <tenon/tenon.hpp>

#include "catch.hpp"

using namespace tenon;

namespace {

// [own]
struct LargestError {
  double largest = 0;

  std::string name() const { return "largest_error"; }
  void reset() { largest = 0; }
  void update(const Tensor& prediction, const Tensor& target) {
    if (prediction.numel() == 0) return;
    largest = std::max(largest, double{max(abs(prediction - target)).item()});
  }
  double result() const { return largest; }
  std::vector<double> state() const { return {largest}; }
  void load_state(const std::vector<double>& state) { largest = state.at(0); }
};
// [/own]

}  // namespace

TEST_CASE("the metrics page's metrics of classes", "[docs]") {
  const Tensor logits = tensor({{2, 1, 0}, {0, 2, 1}, {0, 1, 2}, {2, 0, 1}});
  const LongTensor labels = tensor<std::int64_t>({0, 1, 1, 2});
  // [metrics]
  std::vector<Metric> metrics{Accuracy(), F1Score({.average = Average::macro})};
  for (Metric& metric : metrics) metric.update(logits, labels);  // once a batch
  double accuracy = metrics[0].result();                         // over all batches
  // [/metrics]
  REQUIRE(accuracy == 0.5);

  // [accuracy]
  Accuracy of_logits({.threshold = 0});  // (N) raw scores of class 1; .ignore_index = -100
  of_logits.update(tensor({-1.5, 0.5}), tensor({0, 1}));
  // [/accuracy]
  REQUIRE(of_logits.result() == 1);

  // [top-k]
  TopKAccuracy top(2);
  top.update(logits, labels);
  // [/top-k]
  REQUIRE(top.result() == 1);

  // [classification]
  Precision precision({.average = Average::weighted});
  Recall recall({.average = Average::weighted});
  precision.update(logits, labels);
  recall.update(logits, labels);
  std::vector<double> of_each_class = recall.per_class();
  // [/classification]
  REQUIRE(of_each_class == std::vector<double>{1, 0.5, 0});

  // [confusion-matrix]
  ConfusionMatrix confusion(3);
  confusion.update(logits, labels);
  LongTensor counts = confusion.matrix();  // (true, predicted)
  std::string table = to_string(confusion, {"cat", "dog", "owl"});
  // [/confusion-matrix]
  REQUIRE(counts(1, 2) == 1);
  REQUIRE(table ==
          "true \\ predicted  cat  dog  owl\n"
          "             cat    1    0    0\n"
          "             dog    0    1    1\n"
          "             owl    1    0    0\n");

  // [get]
  std::vector<Metric> both{Accuracy(), ConfusionMatrix(3)};
  both[1].update(logits, labels);
  LongTensor matrix = both[1].get<ConfusionMatrix>()->matrix();
  // [/get]
  REQUIRE(equal(matrix, counts));

  // [ranking]
  RocAuc auc({.from_logits = true});  // raw scores of several classes: softmax first
  AveragePrecision average_precision({.from_logits = true});
  auc.update(logits, labels);
  average_precision.update(logits, labels);
  // [/ranking]
  REQUIRE(auc.result() > 0.5);
  REQUIRE(average_precision.result() > 0.5);
}

TEST_CASE("the metrics page's metrics of numbers and of sequences", "[docs]") {
  const Tensor prediction = tensor({1, 2, 3}), target = tensor({1, 2, 5});
  // [regression]
  RootMeanSquaredError rmse;
  R2Score r2;
  rmse.update(prediction, target);
  r2.update(prediction, target);
  // [/regression]
  REQUIRE(rmse.result() == Approx(std::sqrt(4.0 / 3)));
  REQUIRE(r2.result() < 1);

  const Tensor logits = zeros({2, 3, 7});
  const LongTensor tokens = zeros<std::int64_t>({2, 3});
  // [perplexity]
  Perplexity perplexity;
  perplexity.update(logits, tokens);  // (N, L, V) and (N, L)
  // [/perplexity]
  REQUIRE(perplexity.result() == Approx(7));

  // [resume]
  std::vector<double> state = perplexity.state();
  Perplexity resumed;
  resumed.load_state(state);
  // [/resume]
  REQUIRE(resumed.result() == perplexity.result());

  Metric own = LargestError();
  own.update(prediction, target);
  REQUIRE(own.result() == 2);
}
