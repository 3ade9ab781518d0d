#include "tenon/train/accuracy.hpp"

#include "metric_support.hpp"

using namespace tenon;
using namespace tenon::test;
using Long = std::int64_t;

TEST_CASE("The first of equally scored classes is predicted", "[train][accuracy][tiny]") {
  CHECK(result_of(Accuracy(), tensor({{1, 1, 0}, {0, 2, 2}}), tensor<Long>({0, 1})) == 1);
  CHECK(result_of(Accuracy(), tensor({{1, 1, 0}, {0, 2, 2}}), tensor<Long>({1, 2})) == 0);
}

TEST_CASE("One score a sample is class 1 above the threshold", "[train][accuracy][tiny]") {
  const Tensor scores = tensor({0.4, 0.5, 0.6});
  const LongTensor labels = tensor<Long>({0, 0, 1});
  CHECK(result_of(Accuracy(), scores, labels) == 1);
  CHECK(result_of(Accuracy(), scores.unsqueeze(1), labels) == 1);
  CHECK(result_of(Accuracy(), scores.unsqueeze(1), labels.unsqueeze(1)) == 1);
  CHECK(result_of(Accuracy(), scores, labels.unsqueeze(1)) == 1);
  CHECK(result_of(Accuracy(), scores, tensor({0, 0, 1})) == 1);
  CHECK(result_of(Accuracy(), scores.unsqueeze(1), tensor({0, 0, 1})) == 1);
  CHECK(result_of(Accuracy({.threshold = 0}), tensor({-1, 0, 1}), labels) == 1);
  CHECK(result_of(Accuracy({.threshold = 0.6}), scores, labels) == Approx(2.0 / 3));
}

TEST_CASE("Steps of sequences count as samples, but for ignored ones", "[train][accuracy][tiny]") {
  const Tensor scores = tensor({{{0, 1}, {1, 0}}, {{0, 1}, {0, 1}}});  // (N, L, V)
  CHECK(result_of(Accuracy(), scores, tensor<Long>({{1, 1}, {-100, 1}})) == Approx(2.0 / 3));
  CHECK(result_of(Accuracy({.ignore_index = 0}), scores, tensor<Long>({{1, 1}, {0, 0}})) == 0.5);
  CHECK(std::isnan(result_of(Accuracy(), scores, full<Long>({2, 2}, -100))));
  CHECK(result_of(TopKAccuracy(1), scores, tensor<Long>({{1, 1}, {-100, 1}})) == Approx(2.0 / 3));
}

TEST_CASE("One-hot and soft labels are compared by their largest probability",
          "[train][accuracy][tiny]") {
  const Tensor scores = tensor({{3, 1, 2}, {0, 1, 5}});
  CHECK(result_of(Accuracy(), scores, tensor({{1, 0, 0}, {0, 1, 0}})) == 0.5);
  CHECK(result_of(Accuracy(), scores, tensor({{0.8, 0.1, 0.1}, {0.3, 0.3, 0.4}})) == 1);
  CHECK(result_of(TopKAccuracy(2), scores, tensor({{0, 0, 1}, {1, 0, 0}})) == 0.5);
}

TEST_CASE("A NaN among the scores is a miss", "[train][accuracy][tiny]") {
  const auto x = static_cast<float>(not_a_number);
  Tensor rows = tensor({{2, 1}, {2, 1}});
  rows(0, 1) = x;
  CHECK(result_of(Accuracy(), rows, tensor<Long>({0, 0})) == 0.5);
  CHECK(result_of(TopKAccuracy(2), rows, tensor<Long>({0, 0})) == 0.5);
  Tensor single = tensor({0.2, 0.2});
  single(1) = x;
  CHECK(result_of(Accuracy(), single, tensor<Long>({0, 0})) == 0.5);
  const float infinite = std::numeric_limits<float>::infinity();
  CHECK(result_of(Accuracy(), full<float>({1, 3}, -infinite), tensor<Long>({0})) == 1);
}

TEST_CASE("Among the first k, ties go to the class that comes first", "[train][accuracy][tiny]") {
  const Tensor scores = tensor({{1, 3, 3, 3}});
  CHECK(result_of(TopKAccuracy(2), scores, tensor<Long>({2})) == 1);
  CHECK(result_of(TopKAccuracy(2), scores, tensor<Long>({3})) == 0);
  CHECK(result_of(TopKAccuracy(3), scores, tensor<Long>({3})) == 1);
  CHECK(result_of(TopKAccuracy(4), scores, tensor<Long>({0})) == 1);
  CHECK(TopKAccuracy(3).name() == "top_3_accuracy");
}

TEST_CASE("Shapes that do not fit are explained", "[train][accuracy][tiny]") {
  const auto error = [](const Tensor& prediction, const auto& target) {
    return error_of<ShapeError>([&] { result_of(Accuracy(), prediction, target); });
  };
  const std::string wanted =
      " do not fit: (N, C) scores want N labels, (N) or (N, 1) scores as many labels";
  const std::string for_tensors = wanted + " of 0 or 1, and (N, C) scores (N, C) probabilities";
  const std::string one_hot =
      "; hint: one-hot labels are a tensor of the prediction's type; where each sample has several "
      "labels of 0 or 1, flatten() both";
  CHECK(error(zeros({4, 3}), zeros<Long>({5})) ==
        "[Accuracy] prediction (N=4, C=3) and target (N=5)" + wanted +
            "; hint: each sample has one label");
  CHECK(error(zeros({4, 3}), zeros<Long>({4, 3})) ==
        "[Accuracy] prediction (N=4, C=3) and target (N=4, L=3)" + wanted + one_hot);
  CHECK(error(zeros({2, 3, 5}), zeros<Long>({2, 5})) ==
        "[Accuracy] prediction (N=2, L=3, C=5) and target (N=2, L=5)" + wanted +
            "; hint: the classes stand on the last axis: prediction.transpose(1, -1)");
  CHECK(error(zeros({4}), zeros<Long>({3})) == "[Accuracy] prediction (N=4) and target (N=3)" +
                                                   wanted + "; hint: each sample has one label");
  CHECK(error(zeros({4, 3}), zeros({4})) ==
        "[Accuracy] prediction (N=4, C=3) and target (N=4)" + for_tensors +
            "; hint: target.to<std::int64_t>() makes labels of numbers");
  CHECK(error(zeros({4, 3}), zeros({4, 2})) ==
        "[Accuracy] prediction (N=4, C=3) and target (N=4, L=2)" + for_tensors +
            "; hint: integer labels are a LongTensor");
  CHECK(error(zeros({4, 0}), zeros<Long>({4})) != "no error");
}

TEST_CASE("Targets and options out of range are explained", "[train][accuracy][tiny]") {
  const auto error = [](const auto& metric, const Tensor& prediction, const auto& target) {
    return error_of<ValueError>([&] { result_of(metric, prediction, target); });
  };
  CHECK(
      error(Accuracy(), zeros({2, 3}), tensor<Long>({0, 3})) ==
      "[Accuracy] target(1) is 3 but must be in [0, 3) or ignore_index (-100); hint: labels count "
      "from 0");
  CHECK(error(Accuracy(), zeros({2}), tensor<Long>({0, -1})) ==
        "[Accuracy] target(1) is -1 but must be in [0, 2) or ignore_index (-100); hint: samples to "
        "leave out carry ignore_index");
  CHECK(error(Accuracy(), zeros({2}), tensor({0, 0.9})) ==
        "[Accuracy] target(1) is 0.9 but must be 0 or 1; hint: compare with the labels before they "
        "are smoothed");
  CHECK(error(Accuracy(), zeros({1, 3}), tensor({{1, 0, 1}})) ==
        "[Accuracy] a target of the prediction's shape (1, 3) holds a probability for each class, "
        "but row 0 adds up to 2; hint: where each sample has several labels of 0 or 1, flatten() "
        "both");
  CHECK_THAT(error(Accuracy(), zeros({1, 2}), tensor({{-1, 2}})),
             Catch::Matchers::ContainsSubstring("is not free of negative values or NaN"));
  CHECK(
      error(TopKAccuracy(4), zeros({2, 3}), tensor<Long>({0, 1})) ==
      "[TopKAccuracy] k=4 of C=3 scores a sample: prediction (2, 3); hint: k is at most the number "
      "of classes, and a single score is for Accuracy");
  CHECK_THAT(error(TopKAccuracy(1), zeros({2}), tensor<Long>({0, 1})),
             Catch::Matchers::ContainsSubstring("k=1 of C=1"));
  CHECK(error_of<ValueError>([] { TopKAccuracy(0); }) ==
        "[TopKAccuracy] k must be at least 1 but is 0; hint: 5 is the common choice");
  CHECK_THAT(error(Accuracy(), Tensor(), tensor<Long>({0})),
             Catch::Matchers::ContainsSubstring("[Accuracy]"));
}

TEST_CASE("An update that throws changes nothing", "[train][accuracy]") {
  Accuracy metric;
  metric.update(tensor({1, 0}), tensor<Long>({1, 1}));
  CHECK_THROWS_AS(metric.update(tensor({1, 1}), tensor<Long>({1, 2})), ValueError);
  CHECK(metric.result() == 0.5);
}
