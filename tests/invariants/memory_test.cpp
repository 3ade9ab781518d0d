#include "allocation_counter.hpp"
#include "catch.hpp"
#include "training_support.hpp"

using namespace tenon;

namespace {

/// One network, optimiser and loader, and a step through all three.
struct Training {
  explicit Training(Index prefetch = 0)
      : loader(test::random_images(64),
               {.batch_size = 16, .shuffle = true, .drop_last = true, .prefetch = prefetch}) {}

  void epoch() {
    for (auto& [images, labels] : loader) {
      Tape tape;
      adam.step(tape.gradients(cross_entropy(net(images), labels)));
    }
  }

  nn::Sequential net = test::small_cnn();
  optim::Adam adam{net};
  data::DataLoader<Tensor, LongTensor> loader;
};

}  // namespace

TEST_CASE("a warm training loop with its loader allocates nothing", "[invariants][memory]") {
  if (!test::can_count_allocations()) return;
  for (const Index prefetch : {0, 2}) {
    CAPTURE(prefetch);
    manual_seed(1);
    Training training(prefetch);
    training.epoch();
    training.epoch();
    const test::AllocationCounter counter;
    const auto from_system = memory_stats().system_allocations;
    for (int i = 0; i < 10; ++i) training.epoch();
    const auto allocations = counter.count();
    CHECK(allocations == 0);
    CHECK(memory_stats().system_allocations == from_system);
  }
}

TEST_CASE("the pool holds little more than the largest live set, and gives it back",
          "[invariants][memory]") {
  manual_seed(1);
  trim_memory();
  reset_peak_memory();
  const auto before = memory_stats();
  {
    Training training;
    for (int i = 0; i < 5; ++i) training.epoch();
    const auto stats = memory_stats();
    // The constant is what the pool may keep beyond that, whatever the size of the live set.
    CHECK(static_cast<double>(stats.peak_total_bytes) <=
          1.2 * static_cast<double>(stats.peak_live_bytes) + (1 << 20));
  }
  trim_memory();
  const auto after = memory_stats();
  CHECK(after.cached_bytes <= before.cached_bytes);  // other threads keep a few small blocks
  CHECK(after.live_bytes == before.live_bytes);
}

TEST_CASE("the bound on held memory binds where the live set is large", "[invariants][memory]") {
  manual_seed(1);
  trim_memory();
  reset_peak_memory();
  nn::Sequential net{nn::Conv2d(1, 32, 3),  nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(32, 64, 3), nn::ReLU(), nn::Flatten(),
                     nn::Linear(7744, 10)};
  optim::Adam adam(net);
  const Tensor images = rand({64, 1, 28, 28});
  const LongTensor labels = randint(0, 10, {64});
  for (int i = 0; i < 4; ++i) {
    Tape tape;
    adam.step(tape.gradients(cross_entropy(net(images), labels)));
  }
  const auto stats = memory_stats();
  CHECK(static_cast<double>(stats.peak_total_bytes) <=
        1.2 * static_cast<double>(stats.peak_live_bytes));
}

TEST_CASE("memory stays flat over 100,000 steps", "[invariants][memory]") {
  manual_seed(1);
  nn::Sequential net{nn::Linear(4, 8), nn::Tanh(), nn::Linear(8, 1)};
  optim::SGD sgd(net, {.lr = 1e-3});
  const Tensor x = rand({4, 4}), y = rand({4, 1});
  const auto steps = [&](int count) {
    for (int i = 0; i < count; ++i) {
      Tape tape;
      sgd.step(tape.gradients(mse_loss(net(x), y)));
    }
  };
  steps(100);
  const auto before = memory_stats();
  const test::AllocationCounter counter;
  steps(100'000);
  const auto allocations = counter.count();
  const auto after = memory_stats();
  CHECK(after.live_bytes == before.live_bytes);
  CHECK(after.cached_bytes == before.cached_bytes);
  if (test::can_count_allocations()) CHECK(allocations == 0);
}
