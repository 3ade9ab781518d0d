#include "tenon/data/sequence_loader.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <vector>

#include "allocation_counter.hpp"
#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/random.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Batches = std::vector<std::vector<Index>>;

/// n sequences of random lengths from 1 to 40; sequence i consists of i + 1 throughout and has the
/// label 10 i.
data::SequenceDataset<LongTensor> numbered(Index n) {
  std::vector<std::vector<Index>> sequences;
  LongTensor labels = LongTensor::empty({n});
  for (Index i = 0; i < n; ++i) {
    const double u = detail::uniform_at<double>({9, 1}, static_cast<std::uint64_t>(i));
    sequences.emplace_back(static_cast<std::size_t>(1 + 40 * u), i + 1);
    labels(i) = 10 * i;
  }
  return {sequences, labels};
}

/// Checks one batch against the dataset and returns the numbers of its sequences.
std::vector<Index> checked_members(const data::SequenceDataset<LongTensor>& dataset,
                                   const data::SequenceBatch<LongTensor>& batch) {
  std::vector<Index> members;
  Index longest = 0;
  REQUIRE(batch.ids.is_contiguous());
  for (Index row = 0; row < batch.ids.size(0); ++row) {
    const Index i = batch.ids(row, 0) - 1;
    members.push_back(i);
    const Index length = static_cast<Index>(dataset.sequence(i).size());
    longest = std::max(longest, length);
    CHECK(batch.lengths(row) == length);
    CHECK(batch.labels(row) == 10 * i);
    for (Index step = 0; step < batch.ids.size(1); ++step) {
      REQUIRE(batch.ids(row, step) == (step < length ? i + 1 : 0));
    }
  }
  CHECK(batch.ids.size(1) == longest);
  return members;
}

Batches epoch_of(data::SequenceLoader<LongTensor>& loader) {
  Batches batches;
  for (auto& batch : loader) batches.push_back(checked_members(loader.dataset(), batch));
  return batches;
}

std::vector<Index> joined(const Batches& batches) {
  std::vector<Index> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

std::vector<Index> sorted(std::vector<Index> items) {
  std::sort(items.begin(), items.end());
  return items;
}

std::vector<Index> first_numbers(Index n) {
  std::vector<Index> numbers(static_cast<std::size_t>(n));
  std::iota(numbers.begin(), numbers.end(), Index{0});
  return numbers;
}

/// Ids that are padding, over all batches.
Index padding_in(data::SequenceLoader<LongTensor>& loader) {
  Index count = 0;
  for (auto& [ids, lengths, labels] : loader) {
    count += ids.numel();
    for (Index i = 0; i < lengths.numel(); ++i) count -= lengths(i);
  }
  return count;
}

}  // namespace

TEST_CASE("a loader of sequences says where those of its batch lie in the dataset",
          "[data][sequence_loader]") {
  const auto dataset = numbered(40).subset(3, 30);
  for (const bool shuffle : {false, true}) {
    data::SequenceLoader loader(
        dataset, {.batch_size = 5, .shuffle = shuffle, .seed = 4, .bucket_batches = 2});
    CHECK(loader.positions().empty());
    for (int epoch = 0; epoch < 2; ++epoch) {
      std::vector<Index> met;
      for (auto& [ids, lengths, labels] : loader) {
        REQUIRE(static_cast<Index>(loader.positions().size()) == lengths.size(0));
        for (Index row = 0; row < lengths.size(0); ++row) {
          const Index position = loader.positions()[static_cast<std::size_t>(row)];
          CHECK(dataset.sequence(position).front() == ids(row, 0));
          met.push_back(position);
        }
      }
      CHECK((shuffle ? sorted(met) : met) == first_numbers(27));
      CHECK(loader.positions().empty());
    }
  }
}

TEST_CASE("without shuffling the order is the dataset's", "[data][sequence_loader]") {
  data::SequenceLoader loader(numbered(23), {.batch_size = 5});
  CHECK(loader.size() == 5);
  CHECK(joined(epoch_of(loader)) == first_numbers(23));
  CHECK(joined(epoch_of(loader)) == first_numbers(23));
  data::SequenceLoader full(numbered(23), {.batch_size = 5, .drop_last = true});
  CHECK(full.size() == 4);
  CHECK(joined(epoch_of(full)) == first_numbers(20));
}

TEST_CASE("a shuffled epoch has every sequence once, and another order each time",
          "[data][sequence_loader]") {
  for (const Index bucket : {1, 3, 50}) {
    data::SequenceLoader loader(
        numbered(103), {.batch_size = 8, .shuffle = true, .seed = 5, .bucket_batches = bucket});
    const Batches first = epoch_of(loader), second = epoch_of(loader);
    CHECK(sorted(joined(first)) == first_numbers(103));
    CHECK(sorted(joined(second)) == first_numbers(103));
    CHECK(first != second);
    CHECK(first.back().size() == 7);
    data::SequenceLoader again(
        numbered(103), {.batch_size = 8, .shuffle = true, .seed = 5, .bucket_batches = bucket});
    CHECK(epoch_of(again) == first);
    CHECK(epoch_of(again) == second);
    data::SequenceLoader other(
        numbered(103), {.batch_size = 8, .shuffle = true, .seed = 6, .bucket_batches = bucket});
    CHECK(epoch_of(other) != first);
  }
}

TEST_CASE("batches of a bucket have like lengths and come in random order",
          "[data][sequence_loader]") {
  const auto dataset = numbered(400);
  data::SequenceLoader plain(dataset,
                             {.batch_size = 10, .shuffle = true, .seed = 1, .bucket_batches = 1});
  data::SequenceLoader bucketed(dataset, {.batch_size = 10, .shuffle = true, .seed = 1});
  CHECK(padding_in(bucketed) * 8 < padding_in(plain));
  std::vector<Index> steps;
  for (auto& batch : bucketed) steps.push_back(batch.ids.size(1));
  CHECK_FALSE(std::is_sorted(steps.begin(), steps.end()));
  CHECK_FALSE(std::is_sorted(steps.rbegin(), steps.rend()));
}

TEST_CASE("sequences of one length are shuffled within their bucket", "[data][sequence_loader]") {
  std::vector<std::vector<Index>> sequences;
  for (Index i = 0; i < 64; ++i) sequences.push_back({i + 1, i + 1});
  LongTensor labels = arange<std::int64_t>(0, 640, 10);
  data::SequenceLoader loader(data::SequenceDataset(sequences, labels),
                              {.batch_size = 8, .shuffle = true, .seed = 2});
  Index neighbours = 0;
  for (const auto& batch : epoch_of(loader)) {
    for (std::size_t i = 1; i < batch.size(); ++i) neighbours += batch[i] == batch[i - 1] + 1;
  }
  CHECK(neighbours < 8);
}

TEST_CASE("what drop_last leaves out is random, not the longest", "[data][sequence_loader]") {
  data::SequenceLoader loader(numbered(19),
                              {.batch_size = 10, .shuffle = true, .seed = 1, .drop_last = true});
  std::set<Index> met;
  for (int epoch = 0; epoch < 20; ++epoch) {
    for (const Index i : joined(epoch_of(loader))) met.insert(i);
  }
  CHECK(met.size() == 19);
}

TEST_CASE("manual_seed decides the order where no seed is given", "[data][sequence_loader]") {
  const auto order = [](std::uint64_t seed) {
    manual_seed(seed);
    data::SequenceLoader loader(numbered(40), {.batch_size = 4, .shuffle = true});
    return epoch_of(loader);
  };
  CHECK(order(1) == order(1));
  CHECK(order(1) != order(2));
}

TEST_CASE("a loader of sequences goes on where another one stood", "[data][sequence_loader]") {
  const data::SequenceLoaderOptions options{.batch_size = 7, .shuffle = true, .seed = 3};
  data::SequenceLoader whole(numbered(60), options), broken(numbered(60), options),
      resumed(numbered(60), options);
  Batches expected = epoch_of(whole), second = epoch_of(whole);
  expected.insert(expected.end(), second.begin(), second.end());
  Batches got;
  for (auto& batch : broken) {
    got.push_back(checked_members(broken.dataset(), batch));
    if (got.size() == 4) break;
  }
  resumed.set_state(broken.state());
  for (int epoch = 0; epoch < 2; ++epoch) {
    for (const auto& batch : epoch_of(resumed)) got.push_back(batch);
  }
  CHECK(got == expected);
  CHECK(message_of<ValueError>([&] {
          resumed.set_state({3, 0, 10});
        }) ==
        "[SequenceLoader::set_state] there is no batch 10 of epoch 0: an epoch has 9 batches; "
        "hint: was the state saved with another batch_size?");
}

TEST_CASE("a batch that is kept keeps its values", "[data][sequence_loader]") {
  data::SequenceLoader loader(numbered(30), {.batch_size = 3});
  std::vector<data::SequenceBatch<LongTensor>> kept;
  for (auto& batch : loader) kept.push_back(batch);
  std::vector<Index> members;
  for (const auto& batch : kept) {
    for (const Index i : checked_members(loader.dataset(), batch)) members.push_back(i);
  }
  CHECK(members == first_numbers(30));
}

TEST_CASE("a loader of sequences allocates nothing once warm", "[data][sequence_loader]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  data::SequenceLoader loader(numbered(200), {.batch_size = 16, .shuffle = true, .seed = 1});
  Index steps = 0;
  const auto epoch = [&] {
    for (auto& [ids, lengths, labels] : loader) steps += ids.size(1);
  };
  epoch();
  epoch();
  const AllocationCounter counter;
  for (int i = 0; i < 5; ++i) epoch();
  const std::size_t counted = counter.count();
  CHECK(counted == 0);
  CHECK(steps > 0);
}

TEST_CASE("sequences can have labels of any shape, and no steps", "[data][sequence_loader]") {
  data::SequenceDataset dataset({{}, {7, 8}}, tensor({{1, 2}, {3, 4}}));
  const auto batch = dataset.all(-1);
  CHECK(equal(batch.ids, tensor<std::int64_t>({{-1, -1}, {7, 8}})));
  CHECK(equal(batch.lengths, tensor<std::int64_t>({0, 2})));
  CHECK(equal(batch.labels, tensor({{1, 2}, {3, 4}})));
  data::SequenceLoader loader(dataset, {.batch_size = 1, .padding = -1});
  for (auto& [ids, lengths, labels] : loader) CHECK(ids.size(1) == lengths(0));
  data::SequenceLoader none(data::SequenceDataset({}, LongTensor::empty({0})), {.batch_size = 4});
  CHECK(none.size() == 0);
  for (auto& batch_of_none : none) FAIL("a batch of shape " << batch_of_none.ids.size(0));
  CHECK(dataset.subset(0, 0).all().ids.shape() == Shape{0, 0});
}

TEST_CASE("subsets of sequences share their ids", "[data][sequence_loader]") {
  const auto dataset = numbered(10);
  const auto [head, tail] = dataset.split(7);
  CHECK(head.size() == 7);
  CHECK(&tail.sequence(0) == &dataset.sequence(7));
  const auto chosen = tail.subset({2, 0, 2});
  CHECK(&chosen.sequence(0) == &dataset.sequence(9));
  CHECK(equal(chosen.all().labels, tensor<std::int64_t>({90, 70, 90})));
  CHECK(equal(chosen.batch(1, 2).labels, tensor<std::int64_t>({70})));
}

TEST_CASE("loaders and datasets of sequences refuse what cannot be",
          "[data][sequence_loader][errors]") {
  CHECK(message_of<ShapeError>([] {
          data::SequenceDataset({{1}, {2}}, LongTensor::empty({3}));
        }) ==
        "[SequenceDataset] there are 2 sequences but the labels have shape (3); hint: one "
        "label for each sequence along the first axis");
  CHECK_THROWS_AS(data::SequenceDataset({{1}}, LongTensor()), ShapeError);
  const auto dataset = numbered(3);
  CHECK(message_of<IndexError>([&] { dataset.subset({3}); }) ==
        "[SequenceDataset::subset] position 3 lies outside the 3 sequences; hint: positions go "
        "from 0 to size()");
  CHECK_THROWS_AS(dataset.batch(0, 4), IndexError);
  CHECK_THROWS_AS(dataset.subset(2, 1), IndexError);
  CHECK_THROWS_AS(dataset.sequence(-1), IndexError);
  CHECK(message_of<ValueError>([&] { data::SequenceLoader loader(dataset, {.batch_size = 0}); }) ==
        "[SequenceLoader] batch_size is 0 and bucket_batches is 50; hint: both are at least "
        "1; a bucket of one batch shuffles without looking at lengths");
  CHECK_THROWS_AS(data::SequenceLoader(dataset, {.bucket_batches = 0}), ValueError);
}
