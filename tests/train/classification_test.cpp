#include "tenon/train/classification.hpp"

#include "metric_support.hpp"

using namespace tenon;
using namespace tenon::test;
using Long = std::int64_t;

TEST_CASE("Precision, recall and F1 of classes counted by hand", "[train][classification][tiny]") {
  const Tensor scores = tensor({0.9, 0.8, 0.7, 0.1, 0.2});  // three predicted, two of them right
  const LongTensor labels = tensor<Long>({1, 1, 0, 1, 0});
  CHECK(result_of(Precision(), scores, labels) == Approx(2.0 / 3));
  CHECK(result_of(Recall(), scores, labels) == Approx(2.0 / 3));
  CHECK(result_of(F1Score(), scores, labels.to<float>()) == Approx(2.0 / 3));
  F1Score f1;
  CHECK(f1.per_class().empty());
  f1.update(scores, labels);
  CHECK(f1.per_class() == std::vector<double>{0.5, 2.0 / 3});
}

TEST_CASE("A NaN predicts no class: recall falls, precision does not",
          "[train][classification][tiny]") {
  Tensor scores = tensor({{0, 1}, {0, 1}});
  scores(1, 0) = static_cast<float>(not_a_number);
  const LongTensor labels = tensor<Long>({1, 1});
  CHECK(result_of(Precision(), scores, labels) == 1);
  CHECK(result_of(Recall(), scores, labels) == 0.5);
  CHECK(result_of(F1Score({.average = Average::micro}), scores, labels) == Approx(2.0 / 3));
}

TEST_CASE("Metrics of classes have scikit-learn's names", "[train][classification][tiny]") {
  CHECK(Precision().name() == "precision");
  CHECK(Recall({.average = Average::macro}).name() == "recall_macro");
  CHECK(F1Score({.average = Average::micro}).name() == "f1_micro");
  CHECK(F1Score({.average = Average::weighted}).name() == "f1_weighted");
}

TEST_CASE("Numbers of classes that do not fit are explained", "[train][classification][tiny]") {
  F1Score binary;
  CHECK(error_of<ValueError>([&] {
          binary.update(zeros({1, 3}), tensor<Long>({0}));
        }) ==
        "[F1Score] Average::binary is for 2 classes but the prediction has C=3; hint: {.average = "
        "Average::macro}, or micro, or weighted");
  CHECK(std::isnan(binary.result()));
  Recall macro({.average = Average::macro});
  macro.update(zeros({1, 3}), tensor<Long>({0}));
  CHECK(error_of<ValueError>([&] {
          macro.update(zeros({1, 4}), tensor<Long>({0}));
        }) ==
        "[Recall] the prediction has C=4 classes but earlier ones had C=3; hint: reset() begins "
        "anew");
  CHECK(macro.result() == 1);
  macro.reset();
  macro.update(zeros({1, 4}), tensor<Long>({0}));
  CHECK(macro.result() == 1);
}
