#include "tenon/data/dataset.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Samples 0 .. n-1: input i is (i, -i), label i is 10 i.
data::Dataset counting(Index n) {
  Tensor x = empty({n, 2});
  LongTensor y = LongTensor::empty({n});
  for (Index i = 0; i < n; ++i) {
    x(i, 0) = static_cast<float>(i);
    x(i, 1) = static_cast<float>(-i);
    y(i) = 10 * i;
  }
  return data::TensorDataset(x, y);
}

std::vector<std::int64_t> labels_of(const data::Dataset& dataset) {
  const LongTensor labels = dataset.all().labels;
  return {labels.data(), labels.data() + labels.numel()};
}

using Labels = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("A tensor dataset gives the rows of its tensors", "[data][dataset]") {
  const data::Dataset dataset = counting(5);
  CHECK(dataset.size() == 5);
  CHECK(dataset.input_shape() == Shape{2});
  CHECK(dataset.label_shape() == Shape{});
  const auto [x, y] = dataset.batch(1, 3);
  CHECK(equal(x, tensor({{1, -1}, {2, -2}})));
  CHECK(equal(y, tensor<std::int64_t>({10, 20})));
  CHECK(dataset.batch(-2, 5).labels.size(0) == 2);
  CHECK(dataset.batch(2, 2).inputs.shape() == Shape{0, 2});
}

TEST_CASE("A tensor dataset takes real labels, double and ids, of any shape", "[data][dataset]") {
  const data::TensorDataset regression(arange(6).reshape({3, 2}), arange(3).reshape({3, 1}));
  CHECK(equal(regression.all().labels, tensor({{0}, {1}, {2}})));
  const data::TensorDataset doubles(zeros<double>({2, 3}), ones<double>({2}));
  CHECK(doubles.all().labels(1) == 1);
  const data::TensorDataset ids(zeros<std::int64_t>({2, 7}), ones({2, 1}));
  CHECK(ids.input_shape() == Shape{7});
}

TEST_CASE("A tensor dataset reads views as they look and shares what it can", "[data][dataset]") {
  const Tensor x = arange(6).reshape({2, 3});
  const LongTensor y = zeros<std::int64_t>({3});
  const data::TensorDataset columns(x.t(), y);
  CHECK(equal(columns.all().inputs, tensor({{0, 3}, {1, 4}, {2, 5}})));
  Tensor rows = zeros({3, 1});
  const data::TensorDataset shared(rows, y);
  rows(2, 0) = 7;
  CHECK(shared.all().inputs(2, 0) == 7);
}

TEST_CASE("Subsets of subsets name the samples they should", "[data][dataset]") {
  const data::Dataset dataset = counting(8);
  CHECK(labels_of(dataset.subset(2, 6)) == Labels{20, 30, 40, 50});
  CHECK(labels_of(dataset.subset(2, 6).subset(1, 3)) == Labels{30, 40});
  CHECK(labels_of(dataset.subset(-3, 8)) == Labels{50, 60, 70});
  CHECK(labels_of(dataset.subset({7, 0, 0, -2})) == Labels{70, 0, 0, 60});
  CHECK(labels_of(dataset.subset({7, 5, 3, 1}).subset(1, 3)) == Labels{50, 30});
  CHECK(labels_of(dataset.subset({7, 5, 3, 1}).subset(1, 4).subset({2, 0})) == Labels{10, 50});
  CHECK(labels_of(dataset.subset(4, 8).subset({0, -1})) == Labels{40, 70});
  CHECK(dataset.subset(std::vector<Index>{}).size() == 0);
  const auto [first, rest] = dataset.subset(1, 7).split(2);
  CHECK(labels_of(first) == Labels{10, 20});
  CHECK(labels_of(rest) == Labels{30, 40, 50, 60});
}

TEST_CASE("A random split is complete, disjoint and repeatable", "[data][dataset]") {
  const data::Dataset dataset = counting(100);
  const auto [first, rest] = data::random_split(dataset, 70, 5);
  CHECK(first.size() == 70);
  CHECK(rest.size() == 30);
  Labels every = labels_of(first);
  const Labels others = labels_of(rest);
  CHECK_FALSE(std::is_sorted(every.begin(), every.end()));
  every.insert(every.end(), others.begin(), others.end());
  std::sort(every.begin(), every.end());
  CHECK(every == labels_of(dataset));
  CHECK(labels_of(data::random_split(dataset, 70, 5).first) == labels_of(first));
  CHECK(labels_of(data::random_split(dataset, 70, 6).first) != labels_of(first));
  CHECK(data::random_split(dataset, 0).first.size() == 0);
}

TEST_CASE("An image dataset keeps bytes and gives them as fractions", "[data][dataset]") {
  const ByteTensor pixels = tensor<std::uint8_t>({{{0, 51}}, {{255, 1}}});
  const data::ImageDataset images(pixels, tensor<std::int64_t>({3, 4}));
  CHECK(images.input_shape() == Shape{1, 2});
  const auto [x, y] = images.all();
  CHECK(equal(x, tensor({{{0.0F, 51 / 255.0F}}, {{1.0F, 1 / 255.0F}}})));
  CHECK(equal(y, tensor<std::int64_t>({3, 4})));
  ByteTensor all_values = ByteTensor::empty({256, 1});
  for (Index i = 0; i < 256; ++i) all_values(i, 0) = static_cast<std::uint8_t>(i);
  const Tensor values = data::ImageDataset(all_values, zeros<std::int64_t>({256})).all().inputs;
  for (Index i = 0; i < 256; ++i) CHECK(values(i, 0) == static_cast<float>(i) / 255.0F);
}

TEST_CASE("A dataset of one's own needs a source and nothing else", "[data][dataset]") {
  struct Squares : data::Source<Tensor, Tensor> {
    Index size() const override { return 4; }
    Shape input_shape() const override { return {}; }
    Shape label_shape() const override { return {1}; }
    void read(const Index* positions, Index count, float* x, float* y) const override {
      for (Index i = 0; i < count; ++i) {
        x[i] = static_cast<float>(positions[i]);
        y[i] = x[i] * x[i];
      }
    }
  };
  const data::BasicDataset<Tensor, Tensor> squares(std::make_shared<Squares>());
  const auto [x, y] = squares.subset({3, 2}).all();
  CHECK(equal(x, tensor({3, 2})));
  CHECK(equal(y, tensor({{9}, {4}})));
}

TEST_CASE("A batch deduces its types", "[data][dataset]") {
  const data::Batch batch{ones({2}), zeros<std::int64_t>({2})};
  static_assert(std::is_same_v<decltype(batch), const data::Batch<Tensor, LongTensor>>);
  CHECK(batch.labels.numel() == 2);
}

TEST_CASE("Datasets refuse what does not fit and say why", "[data][dataset]") {
  const LongTensor two = zeros<std::int64_t>({2});
  CHECK_THAT(message_of<ShapeError>([&] {
               data::TensorDataset(ones({3, 1}), two);
             }),
             ContainsSubstring("[TensorDataset] inputs and labels need one first size") &&
                 ContainsSubstring("inputs (3, 1), labels (2"));
  CHECK_THROWS_AS(data::TensorDataset(tensor(1), tensor(1)), ShapeError);
  CHECK_THAT(message_of<ShapeError>([&] {
               data::ImageDataset(zeros<std::uint8_t>({3, 1}), two);
             }),
             ContainsSubstring("[ImageDataset]"));
  CHECK_THAT(message_of<ValueError>([] { data::Dataset(nullptr); }),
             ContainsSubstring("the source is null"));
  const data::Dataset dataset = counting(3);
  CHECK_THAT(message_of<IndexError>([&] { dataset.subset(0, 4); }),
             ContainsSubstring("[subset] position 4 lies outside the 3 samples"));
  CHECK_THAT(message_of<IndexError>([&] { dataset.batch(-4, 2); }),
             ContainsSubstring("[batch] position -4"));
  CHECK_THAT(message_of<IndexError>([&] { dataset.subset(2, 1); }),
             ContainsSubstring("the range from 2 to 1 runs backwards"));
  CHECK_THAT(message_of<IndexError>([&] { dataset.subset({3}); }),
             ContainsSubstring("position 3 lies outside the 3 samples; hint: the last one is 2"));
  CHECK_THAT(message_of<IndexError>([&] { dataset.split(4); }), ContainsSubstring("[split]"));
}
