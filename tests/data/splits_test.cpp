#include "tenon/data/splits.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/data/dataset.hpp"
#include "tenon/data/sequence_dataset.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Counts = std::map<Index, Index>;
using Numbers = std::vector<Index>;

namespace {

/// Sample i holds i; `counts[c]` samples of class c, classes taking turns as long as they last.
data::TensorDataset<Tensor, LongTensor> classes_of(Numbers counts) {
  Numbers labels;
  while (std::any_of(counts.begin(), counts.end(), [](Index n) { return n > 0; })) {
    for (std::size_t c = 0; c < counts.size(); ++c) {
      if (counts[c]-- > 0) labels.push_back(static_cast<Index>(c));
    }
  }
  const auto n = static_cast<Index>(labels.size());
  LongTensor y = LongTensor::empty({n});
  std::copy(labels.begin(), labels.end(), y.data());
  return {arange(static_cast<double>(n)).reshape({n, 1}), y};
}

template <class D>
Numbers samples_of(const D& dataset) {
  const Tensor x = dataset.all().inputs;
  Numbers numbers;
  for (Index i = 0; i < x.size(0); ++i) numbers.push_back(static_cast<Index>(x(i, 0)));
  return numbers;
}

template <class D>
Counts counts_of(const D& dataset) {
  Counts counts;
  const LongTensor labels = dataset.labels();
  for (Index i = 0; i < labels.size(0); ++i) ++counts[labels(i)];
  return counts;
}

Numbers joined(Numbers a, const Numbers& b) {
  a.insert(a.end(), b.begin(), b.end());
  std::sort(a.begin(), a.end());
  return a;
}

Numbers up_to(Index n) {
  Numbers numbers;
  for (Index i = 0; i < n; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace

TEST_CASE("A dataset gives its labels without its inputs", "[data][splits]") {
  struct Dear : data::Source<Tensor, LongTensor> {
    Index size() const override { return 5; }
    Shape input_shape() const override { return {1}; }
    Shape label_shape() const override { return {2}; }
    void read(const Index* positions, Index count, float* x, std::int64_t* y) const override {
      for (Index i = 0; i < count; ++i) {
        x[i] = 0;
        y[2 * i] = positions[i];
        y[2 * i + 1] = -positions[i];
      }
    }
  };
  // A source that does not say how is read as a whole.
  const data::Dataset whole(std::make_shared<Dear>());
  CHECK(equal(whole.subset({4, 1}).labels(), tensor<std::int64_t>({{4, -4}, {1, -1}})));
  const auto dataset = classes_of({2, 2});
  CHECK(equal(dataset.labels(), dataset.all().labels));
  CHECK(equal(dataset.subset({3, 0}).labels(), tensor<std::int64_t>({1, 0})));
  CHECK(dataset.subset(0, 0).labels().shape() == Shape{0});
  const data::ImageDataset images(ByteTensor::empty({3, 2}), tensor<std::int64_t>({7, 8, 9}));
  CHECK(equal(images.subset(1, 3).labels(), tensor<std::int64_t>({8, 9})));
  const data::SequenceDataset sequences({{1}, {2, 3}, {}}, tensor({{1, 2}, {3, 4}, {5, 6}}));
  CHECK(equal(sequences.subset({2, 0}).labels(), tensor({{5, 6}, {1, 2}})));
}

TEST_CASE("A stratified split keeps the classes' proportions", "[data][splits]") {
  const auto dataset = classes_of({50, 30, 20});
  const auto [test, train] = data::stratified_split(dataset, 20, 1);
  CHECK(counts_of(test) == Counts{{0, 10}, {1, 6}, {2, 4}});
  CHECK(counts_of(train) == Counts{{0, 40}, {1, 24}, {2, 16}});
  CHECK(joined(samples_of(test), samples_of(train)) == up_to(100));
  CHECK_FALSE(std::is_sorted(test.labels().data(), test.labels().data() + 20));

  CHECK(samples_of(data::stratified_split(dataset, 20, 1).first) == samples_of(test));
  CHECK(samples_of(data::stratified_split(dataset, 20, 2).first) != samples_of(test));

  // What does not divide goes to the largest remainders: 7 of 10 are 3.5, 2.1 and 1.4.
  CHECK(counts_of(data::stratified_split(classes_of({5, 3, 2}), 7).first) ==
        Counts{{0, 4}, {1, 2}, {2, 1}});
  for (Index count = 0; count <= 10; ++count) {
    const auto parts = data::stratified_split(classes_of({5, 3, 2}), count, 3);
    CHECK(parts.first.size() == count);
    CHECK(joined(samples_of(parts.first), samples_of(parts.second)) == up_to(10));
  }
}

TEST_CASE("Folds test every sample once", "[data][splits]") {
  const auto dataset = classes_of({7, 4});
  const auto folds = data::k_fold(dataset, 4, 5);
  REQUIRE(folds.size() == 4);
  Numbers tested;
  for (const auto& [train, test] : folds) {
    CHECK((test.size() == 2 || test.size() == 3));
    CHECK(joined(samples_of(train), samples_of(test)) == up_to(11));
    tested = joined(tested, samples_of(test));
  }
  CHECK(tested == up_to(11));
  CHECK(samples_of(data::k_fold(dataset, 4, 5)[0].test) == samples_of(folds[0].test));
  CHECK(samples_of(data::k_fold(dataset, 4, 6)[0].test) != samples_of(folds[0].test));
  CHECK(data::k_fold(dataset, 11)[10].test.size() == 1);
}

TEST_CASE("Stratified folds spread every class evenly", "[data][splits]") {
  const auto dataset = classes_of({23, 11, 3});
  const auto folds = data::stratified_k_fold(dataset, 5, 2);
  Numbers tested;
  for (const auto& [train, test] : folds) {
    Counts counts = counts_of(test);
    CHECK((counts[0] == 4 || counts[0] == 5));
    CHECK((counts[1] == 2 || counts[1] == 3));
    CHECK(counts[2] <= 1);
    CHECK((test.size() == 7 || test.size() == 8));
    CHECK(joined(samples_of(train), samples_of(test)) == up_to(37));
    tested = joined(tested, samples_of(test));
  }
  CHECK(tested == up_to(37));
  CHECK(samples_of(data::stratified_k_fold(dataset, 5, 2)[3].test) == samples_of(folds[3].test));
  CHECK(samples_of(data::stratified_k_fold(dataset, 5, 3)[3].test) != samples_of(folds[3].test));
}

TEST_CASE("A balanced dataset repeats the samples of small classes evenly", "[data][splits]") {
  const auto dataset = classes_of({10, 4, 0, 1});
  const auto even = data::balanced(dataset, 1);
  CHECK(counts_of(even) == Counts{{0, 10}, {1, 10}, {3, 10}});
  Counts times;
  for (const Index i : samples_of(even)) ++times[i];
  CHECK(times.size() == 15);
  const LongTensor labels = dataset.labels();
  for (const auto& [sample, count] : times) {
    const Index c = labels(sample);
    CAPTURE(sample, c, count);
    CHECK((c == 0 ? count == 1 : c == 1 ? count == 2 || count == 3 : count == 10));
  }
  const LongTensor order = even.labels();
  CHECK_FALSE(std::is_sorted(order.data(), order.data() + order.numel()));
  CHECK(samples_of(data::balanced(dataset, 1)) == samples_of(even));
  CHECK(samples_of(data::balanced(dataset, 2)) != samples_of(even));
  CHECK(data::balanced(dataset.subset(0, 0)).size() == 0);
}

TEST_CASE("Class weights are scikit-learn's balanced ones", "[data][splits]") {
  const Tensor weights = data::class_weights(tensor<std::int64_t>({0, 0, 0, 0, 0, 1, 1, 2}));
  CHECK(allclose(weights, tensor({0.5333333333333333, 1.3333333333333333, 2.6666666666666665})));
  CHECK(equal(data::class_weights(tensor<std::int64_t>({0, 1})), ones({2})));
  CHECK(data::class_weights(LongTensor::empty({0})).shape() == Shape{0});
}

TEST_CASE("Splits take labels of yes and no, and sequences", "[data][splits]") {
  const data::TensorDataset yes_or_no(arange(4).reshape({4, 1}), tensor({{1}, {0}, {0}, {1}}));
  const auto [first, rest] = data::stratified_split(yes_or_no, 2);
  CHECK(first.labels()(0, 0) + first.labels()(1, 0) == 1);
  const data::TensorDataset doubles(ones<double>({2, 1}), tensor<double>({1, 0}));
  CHECK(data::balanced(doubles).size() == 2);
  const data::SequenceDataset sequences({{1}, {2}, {3, 3}, {4}},
                                        tensor<std::int64_t>({0, 0, 1, 1}));
  for (const auto& [train, test] : data::stratified_k_fold(sequences, 2)) {
    CHECK(test.labels()(0) + test.labels()(1) == 1);
    CHECK(train.size() == 2);
  }
  CHECK(data::k_fold(sequences, 4)[0].train.size() == 3);
}

TEST_CASE("Splits that cannot be are refused", "[data][splits]") {
  const auto dataset = classes_of({3, 2});
  CHECK(message_of<IndexError>([&] { data::stratified_split(dataset, 6); }) ==
        "[stratified_split] the first part cannot have 6 of 5 samples; hint: 0 to size()");
  CHECK_THROWS_AS(data::stratified_split(dataset, -1), IndexError);
  CHECK(message_of<ValueError>([&] { data::k_fold(dataset, 6); }) ==
        "[k_fold] 6 folds of 5 samples; hint: at least 2, and a sample for each of them");
  CHECK_THROWS_AS(data::k_fold(dataset, 1), ValueError);
  CHECK_THROWS_AS(data::stratified_k_fold(dataset, 0), ValueError);
  const data::TensorDataset prices(ones({2, 1}), tensor({1, 2.5}));
  CHECK(message_of<ValueError>([&] { data::balanced(prices); }) ==
        "[balanced] the label of sample 1 is 2.5, not a class 0, 1, 2, ...; hint: classes are "
        "numbered without large gaps");
  const data::TensorDataset negative(ones({1, 1}), tensor<std::int64_t>({-1}));
  CHECK_THROWS_AS(data::stratified_split(negative, 1), ValueError);
  const data::TensorDataset huge(ones({1, 1}), tensor<std::int64_t>({1000000000000}));
  CHECK_THROWS_AS(data::balanced(huge), ValueError);
  const data::TensorDataset pairs(ones({3, 1}), LongTensor::empty({3, 2}));
  CHECK(
      message_of<ShapeError>([&] { data::stratified_k_fold(pairs, 2); }) ==
      "[stratified_k_fold] labels are (3, 2), not (N) or (N, 1); hint: one class for each sample");
  CHECK(message_of<ValueError>([] {
          data::class_weights(tensor<std::int64_t>({0, 2}));
        }) ==
        "[class_weights] class 1 of 3 has no sample, so that no weight is right; hint: number the "
        "classes without gaps");
}
