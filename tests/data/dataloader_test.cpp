#include "tenon/data/dataloader.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "allocation_counter.hpp"
#include "catch.hpp"
#include "temporary_folder.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/base/random.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using data::DataLoader;
using data::DataLoaderOptions;

namespace {

using Labels = std::vector<std::int64_t>;

/// Samples 0 .. n-1: input i is (i, -i), label i.
data::Dataset counting(Index n) {
  Tensor x = empty({n, 2});
  LongTensor y = LongTensor::empty({n});
  for (Index i = 0; i < n; ++i) {
    x(i, 0) = static_cast<float>(i);
    x(i, 1) = static_cast<float>(-i);
    y(i) = i;
  }
  return data::TensorDataset(x, y);
}

Labels labels_of(const LongTensor& labels) {
  return {labels.data(), labels.data() + labels.numel()};
}

/// The labels of one epoch in order; inputs are checked against them.
Labels epoch_of(DataLoader<Tensor, LongTensor>& loader) {
  Labels seen;
  for (auto& [x, y] : loader) {
    REQUIRE(x.shape() == Shape{y.size(0), 2});
    for (Index i = 0; i < y.size(0); ++i) {
      REQUIRE(x(i, 0) == static_cast<float>(y(i)));
      REQUIRE(x(i, 1) == -static_cast<float>(y(i)));
      seen.push_back(y(i));
    }
  }
  return seen;
}

Labels up_to(Index n) {
  Labels labels;
  for (Index i = 0; i < n; ++i) labels.push_back(i);
  return labels;
}

Labels sorted(Labels labels) {
  std::sort(labels.begin(), labels.end());
  return labels;
}

/// Throws at one position; slow at others, so that a consumer meets a busy worker.
struct Faulty : data::Source<Tensor, LongTensor> {
  Faulty(Index bad_position, int wait_ms) : bad(bad_position), milliseconds(wait_ms) {}
  Index size() const override { return 12; }
  Shape input_shape() const override { return {2}; }
  Shape label_shape() const override { return {}; }
  void read(const Index* positions, Index count, float* x, std::int64_t* y) const override {
    ++reads;
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    for (Index i = 0; i < count; ++i) {
      if (positions[i] == bad) throw std::runtime_error("sample is damaged");
      x[2 * i] = static_cast<float>(positions[i]);
      x[2 * i + 1] = -x[2 * i];
      y[i] = positions[i];
    }
  }
  Index bad;
  int milliseconds;
  mutable std::atomic<int> reads{0};
};

}  // namespace

TEST_CASE("A loader gives every sample once, in order, the last batch shorter",
          "[data][dataloader]") {
  for (Index prefetch : {0, 1, 3, 20}) {
    CAPTURE(prefetch);
    DataLoader loader(counting(10), {.batch_size = 4, .prefetch = prefetch});
    CHECK(loader.size() == 3);
    std::vector<Index> sizes;
    for (auto& [x, y] : loader) sizes.push_back(y.size(0));
    CHECK(sizes == std::vector<Index>{4, 4, 2});
    CHECK(epoch_of(loader) == up_to(10));
  }
}

TEST_CASE("drop_last leaves out the batch that is not full", "[data][dataloader]") {
  for (Index prefetch : {0, 2}) {
    DataLoader loader(counting(10), {.batch_size = 4, .drop_last = true, .prefetch = prefetch});
    CHECK(loader.size() == 2);
    CHECK(epoch_of(loader) == up_to(8));
    DataLoader none(counting(3), {.batch_size = 4, .drop_last = true, .prefetch = prefetch});
    CHECK(none.size() == 0);
    CHECK(epoch_of(none).empty());
  }
}

TEST_CASE("A loader of no samples, of one, and of a batch larger than all", "[data][dataloader]") {
  for (Index prefetch : {0, 2}) {
    DataLoader nothing(counting(0), {.batch_size = 4, .shuffle = true, .prefetch = prefetch});
    CHECK(nothing.size() == 0);
    CHECK(epoch_of(nothing).empty());
    CHECK(epoch_of(nothing).empty());
    DataLoader one(counting(1), {.shuffle = true, .prefetch = prefetch});
    CHECK(epoch_of(one) == Labels{0});
    constexpr Index huge = std::numeric_limits<Index>::max();
    DataLoader whole(counting(3), {.batch_size = huge, .prefetch = prefetch});
    CHECK(whole.size() == 1);
    CHECK(epoch_of(whole) == up_to(3));
  }
}

TEST_CASE("The defaults are PyTorch's: one sample a batch, in order", "[data][dataloader]") {
  DataLoader loader(counting(3));
  CHECK(loader.size() == 3);
  CHECK(loader.options().prefetch == 0);
  CHECK(epoch_of(loader) == up_to(3));
}

TEST_CASE("Shuffling depends on seed and epoch alone", "[data][dataloader]") {
  DataLoader loader(counting(50), {.batch_size = 7, .shuffle = true, .seed = 3});
  const Labels first = epoch_of(loader), second = epoch_of(loader);
  CHECK(sorted(first) == up_to(50));
  CHECK(sorted(second) == up_to(50));
  CHECK(first != up_to(50));
  CHECK(first != second);

  // Other batch sizes and prefetching change nothing about the order.
  DataLoader again(counting(50), {.batch_size = 11, .shuffle = true, .seed = 3, .prefetch = 2});
  CHECK(epoch_of(again) == first);
  CHECK(epoch_of(again) == second);
  again.set_epoch(0);
  CHECK(epoch_of(again) == first);

  DataLoader other(counting(50), {.batch_size = 7, .shuffle = true, .seed = 4});
  CHECK(epoch_of(other) != first);
}

TEST_CASE("Without a seed manual_seed decides the order", "[data][dataloader]") {
  const auto order = [](std::uint64_t seed) {
    manual_seed(seed);
    DataLoader loader(counting(50), {.batch_size = 10, .shuffle = true});
    return epoch_of(loader);
  };
  CHECK(order(1) == order(1));
  CHECK(order(1) != order(2));
  manual_seed(1);
  DataLoader a(counting(50), {.shuffle = true}), b(counting(50), {.shuffle = true});
  CHECK(epoch_of(a) != epoch_of(b));
}

TEST_CASE("Subsets are shuffled among themselves", "[data][dataloader]") {
  DataLoader loader(counting(20).subset(5, 12), {.batch_size = 3, .shuffle = true, .seed = 1});
  CHECK(sorted(epoch_of(loader)) == Labels{5, 6, 7, 8, 9, 10, 11});
  DataLoader chosen(counting(20).subset({19, 0, 7}), {.batch_size = 2});
  CHECK(epoch_of(chosen) == Labels{19, 0, 7});
}

TEST_CASE("Breaking out of a loop starts the next epoch with the next loop", "[data][dataloader]") {
  for (Index prefetch : {0, 1, 4}) {
    CAPTURE(prefetch);
    DataLoader whole(counting(30), {.batch_size = 4, .shuffle = true, .seed = 9});
    DataLoader loader(counting(30),
                      {.batch_size = 4, .shuffle = true, .seed = 9, .prefetch = prefetch});
    epoch_of(whole);
    for (auto& [x, y] : loader) {
      if (y.size(0) > 0) break;
    }
    CHECK(epoch_of(loader) == epoch_of(whole));
    for (int i = 0; i < 20; ++i) {
      for (auto& batch : loader) {
        if (batch.labels.size(0) > 0) break;
      }
      epoch_of(whole);
    }
    CHECK(epoch_of(loader) == epoch_of(whole));
  }
}

TEST_CASE("A loader can be destroyed in the middle of an epoch", "[data][dataloader]") {
  for (int wait_ms : {0, 1}) {
    auto source = std::make_shared<Faulty>(-1, wait_ms);
    auto loader = std::make_unique<DataLoader<Tensor, LongTensor>>(
        data::Dataset(source), DataLoaderOptions{.batch_size = 2, .prefetch = 2});
    Tensor kept;
    for (auto& [x, y] : *loader) {
      kept = x;
      break;
    }
    loader.reset();
    CHECK(equal(kept, tensor({{0, 0}, {1, -1}})));
  }
}

TEST_CASE("A loader that is never looped over starts no thread and moves", "[data][dataloader]") {
  DataLoader loader(counting(5), {.batch_size = 2, .prefetch = 3});
  DataLoader moved(std::move(loader));
  CHECK(epoch_of(moved) == up_to(5));
  DataLoader assigned(counting(1));
  assigned = std::move(moved);
  CHECK(epoch_of(assigned) == up_to(5));
}

TEST_CASE("What a source throws reaches the loop at its batch", "[data][dataloader]") {
  for (Index prefetch : {0, 1, 5}) {
    CAPTURE(prefetch);
    auto source = std::make_shared<Faulty>(7, 0);
    DataLoader loader(data::Dataset(source), {.batch_size = 2, .prefetch = prefetch});
    for (int attempt = 0; attempt < 3; ++attempt) {
      Labels seen;
      std::string said;
      try {
        for (auto& [x, y] : loader) {
          for (std::int64_t label : labels_of(y)) seen.push_back(label);
        }
      } catch (const std::runtime_error& error) {
        said = error.what();
      }
      CHECK(said == "sample is damaged");
      CHECK(seen == up_to(6));
    }
    source->bad = -1;
    CHECK(epoch_of(loader) == up_to(12));
  }
}

TEST_CASE("An exception in the loop's body leaves the loader usable", "[data][dataloader]") {
  DataLoader loader(counting(10), {.batch_size = 2, .prefetch = 2});
  const auto fail = [&] {
    for (auto& [x, y] : loader) throw std::logic_error(std::to_string(x.numel() + y.numel()));
  };
  CHECK_THROWS_AS(fail(), std::logic_error);
  CHECK(epoch_of(loader) == up_to(10));
}

TEST_CASE("A batch that is kept is never overwritten", "[data][dataloader]") {
  for (Index prefetch : {0, 1, 3}) {
    CAPTURE(prefetch);
    DataLoader loader(counting(12), {.batch_size = 2, .prefetch = prefetch});
    std::vector<Tensor> inputs, views;
    std::vector<LongTensor> labels;
    for (int epoch = 0; epoch < 3; ++epoch) {
      for (auto& [x, y] : loader) {
        inputs.push_back(x);
        views.push_back(x.select(1, 0));
        labels.push_back(std::move(y));
      }
    }
    REQUIRE(inputs.size() == 18);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto first = static_cast<float>(2 * (i % 6));
      CHECK(equal(inputs[i], tensor({{first, -first}, {first + 1, -first - 1}})));
      CHECK(equal(views[i], tensor({first, first + 1})));
      CHECK(labels[i](0) == static_cast<std::int64_t>(first));
    }
  }
}

TEST_CASE("A batch may be replaced or changed in the loop's body", "[data][dataloader]") {
  for (Index prefetch : {0, 2}) {
    DataLoader loader(counting(12), {.batch_size = 2, .prefetch = prefetch});
    for (int epoch = 0; epoch < 3; ++epoch) {
      float next = 0;
      for (auto& [x, y] : loader) {
        CHECK(x(0, 0) == next);
        next += 2;
        x.fill_(-1);
        x = zeros({1});
        y = LongTensor();
      }
    }
  }
}

TEST_CASE("Buffers are used again where nobody keeps them", "[data][dataloader]") {
  for (Index prefetch : {0, 2}) {
    DataLoader loader(counting(40),
                      {.batch_size = 2, .shuffle = true, .seed = 1, .prefetch = prefetch});
    std::vector<const float*> places;
    for (int epoch = 0; epoch < 2; ++epoch) {
      for (auto& [x, y] : loader) {
        const float* place = std::as_const(x).data();
        if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
      }
    }
    CHECK(places.size() == static_cast<std::size_t>(prefetch + 1));
  }
}

TEST_CASE("Nothing is allocated once a loader is warm", "[data][dataloader]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("a sanitizer stands in for the allocator");
  for (Index prefetch : {0, 3}) {
    CAPTURE(prefetch);
    DataLoader loader(counting(50),
                      {.batch_size = 8, .shuffle = true, .seed = 1, .prefetch = prefetch});
    std::int64_t sum = 0;
    const auto run = [&] {
      for (auto& [x, y] : loader) sum += y(0) + static_cast<std::int64_t>(x(0, 0));
    };
    run();
    run();
    const std::size_t pool_before = memory_stats().system_allocations;
    const AllocationCounter heap;
    for (int epoch = 0; epoch < 5; ++epoch) run();
    const std::size_t heap_after = heap.count();
    CHECK(heap_after == 0);
    CHECK(memory_stats().system_allocations - pool_before == 0);
    CHECK(sum > 0);
  }
}

TEST_CASE("A loader goes on exactly where its state was saved", "[data][dataloader]") {
  for (Index prefetch : {0, 2}) {
    CAPTURE(prefetch);
    const DataLoaderOptions options{.batch_size = 4, .shuffle = true, .prefetch = prefetch};
    manual_seed(5);
    DataLoader first(counting(18), options);
    epoch_of(first);
    Labels rest;
    data::DataLoaderState saved;
    for (auto& [x, y] : first) {
      if (first.state().batch == 2) {
        saved = first.state();
      } else if (first.state().batch > 2 || first.state().epoch > 1) {
        for (std::int64_t label : labels_of(y)) rest.push_back(label);
      }
    }
    CHECK(saved.epoch == 1);
    CHECK(first.state().epoch == 2);
    CHECK(first.state().batch == 0);

    manual_seed(77);  // another seed: the saved one counts
    DataLoader second(counting(18), options);
    second.set_state(saved);
    CHECK(epoch_of(second) == rest);
    CHECK(epoch_of(second) == epoch_of(first));
  }
}

TEST_CASE("The state after the last batch is the start of the next epoch", "[data][dataloader]") {
  DataLoader loader(counting(4), {.batch_size = 2, .shuffle = true, .seed = 2});
  data::DataLoaderState last;
  for (auto& batch : loader) last = batch.labels.defined() ? loader.state() : last;
  CHECK(last.epoch == 0);
  CHECK(last.batch == 2);
  DataLoader other(counting(4), {.batch_size = 2, .shuffle = true, .seed = 2});
  other.set_state(last);
  CHECK(epoch_of(other) == epoch_of(loader));
}

TEST_CASE("Loaders of real labels, double and ids compile and run", "[data][dataloader]") {
  DataLoader regression(data::TensorDataset(ones({3, 2}), zeros({3, 1})), {.batch_size = 2});
  for (auto& [x, y] : regression) CHECK(y.shape() == Shape{x.size(0), 1});
  DataLoader doubles(data::TensorDataset(ones<double>({3}), ones<double>({3})), {.prefetch = 1});
  for (auto& [x, y] : doubles) CHECK(x(0) == y(0));
  DataLoader ids(data::TensorDataset(ones<std::int64_t>({3, 4}), zeros({3})), {.prefetch = 1});
  for (auto& [x, y] : ids) CHECK(x(0, 3) == 1);
}

TEST_CASE("A loader says where the samples of its batch lie in the dataset", "[data][dataloader]") {
  // Of 30 samples a subset in another order, one of them twice: its own positions count.
  const data::Dataset subset = counting(30).subset({20, 3, 3, 29, 11, 0, 8}).subset(1, 7);
  for (Index prefetch : {0, 1, 3}) {
    for (bool shuffle : {false, true}) {
      CAPTURE(prefetch, shuffle);
      DataLoader loader(subset,
                        {.batch_size = 4, .shuffle = shuffle, .seed = 6, .prefetch = prefetch});
      CHECK(loader.positions().empty());
      for (int epoch = 0; epoch < 3; ++epoch) {
        Labels met;
        for (auto& [x, y] : loader) {
          const auto positions = loader.positions();
          REQUIRE(static_cast<Index>(positions.size()) == y.size(0));
          for (std::size_t i = 0; i < positions.size(); ++i) {
            const auto row = static_cast<Index>(i);
            CHECK(subset.batch(positions[i], positions[i] + 1).labels(0) == y(row));
            met.push_back(positions[i]);
          }
        }
        CHECK((shuffle ? sorted(met) : met) == up_to(6));
        CHECK(loader.positions().empty());
      }
    }
  }
}

TEST_CASE("Positions follow a loader that goes on elsewhere", "[data][dataloader]") {
  DataLoader loader(counting(10), {.batch_size = 3, .drop_last = true, .prefetch = 2});
  for (auto& batch : loader) {
    if (batch.labels(0) == 3) break;
  }
  CHECK(std::vector<Index>(loader.positions().begin(), loader.positions().end()) ==
        std::vector<Index>{3, 4, 5});
  loader.set_state({0, 4, 2});
  CHECK(loader.positions().empty());
  for (auto& batch : loader) {
    CHECK(loader.positions()[0] == batch.labels(0));
    CHECK(loader.positions().size() == 3);
  }
}

TEST_CASE("A slow source and a slow loop see the same batches", "[data][dataloader]") {
  auto source = std::make_shared<Faulty>(-1, 2);
  DataLoader slow_source(data::Dataset(source), {.batch_size = 1, .prefetch = 2});
  CHECK(epoch_of(slow_source) == up_to(12));
  source->milliseconds = 0;
  Labels seen;
  for (auto& [x, y] : slow_source) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    seen.push_back(y(0));
  }
  CHECK(seen == up_to(12));
}

TEST_CASE("The thread prepares no more than it was asked for", "[data][dataloader]") {
  auto source = std::make_shared<Faulty>(-1, 0);
  DataLoader loader(data::Dataset(source), {.batch_size = 1, .prefetch = 3});
  for (auto& batch : loader) {
    CHECK(batch.labels(0) == 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(source->reads <= 4);
    break;
  }
}

TEST_CASE("Two loaders of one dataset run in two threads", "[data][dataloader]") {
  const data::Dataset dataset = counting(200);
  Labels seen[2];
  const auto run = [&](std::size_t i) {
    DataLoader loader(dataset, {.batch_size = 3, .shuffle = true, .seed = 8, .prefetch = 2});
    for (int epoch = 0; epoch < 5; ++epoch) {
      for (auto& batch : loader) {
        for (std::int64_t label : labels_of(batch.labels)) seen[i].push_back(label);
      }
    }
  };
  std::thread other(run, 1);
  run(0);
  other.join();
  CHECK(seen[0].size() == 1000);
  CHECK(seen[0] == seen[1]);
}

TEST_CASE("Loader options out of range and states that cannot be are refused",
          "[data][dataloader]") {
  const auto said = [](const DataLoaderOptions& options) {
    return message_of<ValueError>([&] { DataLoader(counting(4), options); });
  };
  CHECK_THAT(said({.batch_size = 0}), ContainsSubstring("[DataLoader] batch_size is 0; hint: at"));
  CHECK_THAT(said({.batch_size = -5}), ContainsSubstring("batch_size is -5"));
  CHECK_THAT(said({.prefetch = -1}), ContainsSubstring("prefetch is -1"));
  DataLoader loader(counting(4), {.batch_size = 2});
  CHECK_THAT(message_of<ValueError>([&] {
               loader.set_state({0, 1, 3});
             }),
             ContainsSubstring("there is no batch 3 of epoch 1: an epoch has 2 batches"));
  CHECK_THROWS_AS(loader.set_epoch(-1), ValueError);
}
