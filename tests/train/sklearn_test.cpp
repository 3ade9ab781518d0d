// Against numbers that scikit-learn gave: tests/data/sklearn/make_metric_vectors.py wrote them
// down.

#include <fstream>
#include <string>

#include "metric_support.hpp"
#include "nlohmann/json.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Json = nlohmann::json;

Json load() {
  std::ifstream file(TENON_TEST_DATA_DIR "/sklearn/metrics.json");
  REQUIRE(file);
  return Json::parse(file);
}

/// A list of numbers, or of lists of them.
template <class T>
BasicTensor<T> tensor_of(const Json& json) {
  const auto rows = static_cast<Index>(json.size());
  if (!json[0].is_array()) {
    auto x = BasicTensor<T>::empty({rows});
    for (Index i = 0; i < rows; ++i) x(i) = json[static_cast<std::size_t>(i)].get<T>();
    return x;
  }
  const auto columns = static_cast<Index>(json[0].size());
  auto x = BasicTensor<T>::empty({rows, columns});
  for (Index i = 0; i < rows; ++i) x[i].copy_(tensor_of<T>(json[static_cast<std::size_t>(i)]));
  return x;
}

double number(const Json& json) { return json.is_null() ? not_a_number : json.get<double>(); }

bool close(double a, double b, double tolerance) {
  return std::isnan(b) ? std::isnan(a) : std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
}

void check_value(const std::string& name, double value, const Json& expected,
                 double tolerance = 1e-13) {
  INFO(name << ": " << value << " against " << expected);
  CHECK(close(value, number(expected.at(name)), tolerance));
}

void check_values(const std::string& name, const std::vector<double>& values,
                  const Json& expected) {
  REQUIRE(values.size() == expected.at(name).size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    INFO(name << "[" << i << "]: " << values[i] << " against " << expected.at(name)[i]);
    CHECK(close(values[i], number(expected.at(name)[i]), 1e-13));
  }
}

template <class M, class T>
void check_family(const BasicTensor<T>& scores, const LongTensor& labels, const Json& expected,
                  bool binary) {
  for (Average average : {Average::binary, Average::macro, Average::micro, Average::weighted}) {
    if (average == Average::binary && !binary) continue;
    M metric({.average = average});
    metric.update(scores, labels);
    check_value(metric.name(), metric.result(), expected);
    const std::string name = M().name() + "_per_class";
    check_values(name, metric.per_class(), expected);
  }
}

template <class T>
void check_classes(const BasicTensor<T>& scores, const LongTensor& labels, const Json& expected) {
  const bool binary = scores.rank() == 1;
  check_value("accuracy", result_of(Accuracy(), scores, labels), expected);
  ConfusionMatrix confusion(binary ? 2 : scores.size(1));
  confusion.update(scores, labels);
  CHECK(equal(confusion.matrix(), tensor_of<std::int64_t>(expected.at("confusion"))));
  check_family<Precision>(scores, labels, expected, binary);
  check_family<Recall>(scores, labels, expected, binary);
  check_family<F1Score>(scores, labels, expected, binary);
}

}  // namespace

TEMPLATE_TEST_CASE("Metrics of two classes agree with scikit-learn", "[train][metric][tiny]", float,
                   double) {
  const Json cases = load().at("binary");
  CHECK(cases.size() == 7);
  for (const auto& [name, c] : cases.items()) {
    INFO(name);
    const auto scores = tensor_of<TestType>(c.at("scores"));
    const auto labels = tensor_of<std::int64_t>(c.at("labels"));
    const Json& expected = c.at("expected");
    check_classes(scores, labels, expected);
    check_value("roc_auc", result_of(RocAuc(), scores, labels), expected);
    check_value("average_precision", result_of(AveragePrecision(), scores, labels), expected);
  }
}

TEMPLATE_TEST_CASE("Metrics of several classes agree with scikit-learn", "[train][metric][tiny]",
                   float, double) {
  const Json cases = load().at("multiclass");
  CHECK(cases.size() == 7);
  for (const auto& [name, c] : cases.items()) {
    INFO(name);
    const auto scores = tensor_of<TestType>(c.at("scores"));
    const auto labels = tensor_of<std::int64_t>(c.at("labels"));
    const Json& expected = c.at("expected");
    check_classes(scores, labels, expected);
    const bool logits = c.at("from_logits");
    RocAuc auc({.from_logits = logits});
    auc.update(scores, labels);
    check_value("roc_auc", auc.result(), expected);
    check_values("roc_auc_per_class", auc.per_class(), expected);
    AveragePrecision precision({.from_logits = logits});
    precision.update(scores, labels);
    check_value("average_precision", precision.result(), expected);
    check_values("average_precision_per_class", precision.per_class(), expected);
    if (!logits) continue;
    check_value("top_2_accuracy", result_of(TopKAccuracy(2), scores, labels), expected);
    check_value("perplexity", result_of(Perplexity(), scores, labels), expected,
                std::is_same_v<TestType, float> ? 1e-6 : 1e-13);
  }
}

TEMPLATE_TEST_CASE("Metrics of regression agree with scikit-learn", "[train][metric][tiny]", float,
                   double) {
  const Json cases = load().at("regression");
  CHECK(cases.size() == 5);
  for (const auto& [name, c] : cases.items()) {
    INFO(name);
    const auto prediction = tensor_of<TestType>(c.at("prediction"));
    const auto target = tensor_of<TestType>(c.at("target"));
    const Json& expected = c.at("expected");
    for (auto& metric : metrics_of_numbers<TestType>()) {
      metric.update(prediction, target);
      check_value(metric.name(), metric.result(), expected);
      if (const auto* r2 = metric.template get<R2Score>()) {
        check_values("r2_per_output", r2->per_output(), expected);
      }
    }
  }
}
