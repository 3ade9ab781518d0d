#include "tenon/train/confusion_matrix.hpp"

#include <sstream>

#include "metric_support.hpp"

using namespace tenon;
using namespace tenon::test;
using Long = std::int64_t;

TEST_CASE("A confusion matrix counts the predicted classes of each true one",
          "[train][confusion_matrix][tiny]") {
  ConfusionMatrix matrix(3);
  matrix.update(tensor({{1, 0, 0}, {0, 1, 0}, {0, 1, 0}, {0, 0, 1}}),
                tensor<Long>({0, 1, 2, -100}));
  CHECK(equal(matrix.matrix(), tensor<Long>({{1, 0, 0}, {0, 1, 0}, {0, 1, 0}})));
  CHECK(matrix.result() == Approx(2.0 / 3));
  ConfusionMatrix binary(2, {.threshold = 0});
  binary.update(tensor({-1, 2}), tensor({1, 1}));
  CHECK(equal(binary.matrix(), tensor<Long>({{0, 0}, {1, 1}})));
}

TEST_CASE("A confusion matrix prints as a table", "[train][confusion_matrix][tiny]") {
  ConfusionMatrix matrix(2);
  for (int i = 0; i < 12; ++i) matrix.update(tensor({{1, 0}}), tensor<Long>({1}));
  CHECK(to_string(matrix) ==
        "true \\ predicted   0  1\n"
        "               0   0  0\n"
        "               1  12  0\n");
  Tensor scores = tensor({{1, 0}});
  scores(0, 0) = static_cast<float>(not_a_number);
  matrix.update(scores, tensor<Long>({0}));
  CHECK(equal(matrix.unpredicted(), tensor<Long>({1, 0})));
  CHECK(to_string(matrix, {"cat", "dog"}) ==
        "true \\ predicted  cat  dog  NaN\n"
        "             cat    0    0    1\n"
        "             dog   12    0    0\n");
  std::ostringstream out;
  out << matrix;
  CHECK(out.str() == to_string(matrix));
}

TEST_CASE("Classes that do not fit a confusion matrix are explained",
          "[train][confusion_matrix][tiny]") {
  CHECK(error_of<ValueError>([] { ConfusionMatrix(1); }) ==
        "[ConfusionMatrix] classes must be at least 2 but is 1; hint: yes or no are two classes");
  ConfusionMatrix matrix(3);
  CHECK(error_of<ValueError>([&] {
          matrix.update(zeros({1, 4}), tensor<Long>({0}));
        }) ==
        "[ConfusionMatrix] the prediction has C=4 classes but the matrix was made for 3; hint: "
        "ConfusionMatrix(4)");
  CHECK(error_of<ValueError>([&] { to_string(matrix, {"cat"}); }) ==
        "[ConfusionMatrix] 1 names for 3 classes; hint: one name a class, or none");
}
