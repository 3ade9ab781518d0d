// Training loops as users write them: they learn, repeat to the last bit, allocate nothing warm.

#include <utility>
#include <vector>

#include "../nn/nn_support.hpp"
#include "allocation_counter.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/init.hpp"
#include "tenon/nn/loss.hpp"
#include "tenon/nn/sigmoid.hpp"
#include "tenon/nn/tanh.hpp"
#include "tenon/optim/adagrad.hpp"
#include "tenon/optim/adam.hpp"
#include "tenon/optim/clip.hpp"
#include "tenon/optim/rmsprop.hpp"
#include "tenon/optim/sgd.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

nn::Sequential small_cnn() {
  return {nn::Conv2d(1, 4, 3, {.padding = 1}),
          nn::ReLU(),
          nn::MaxPool2d(2),
          nn::Conv2d(4, 8, 3),
          nn::Tanh(),
          nn::Flatten(),
          nn::Dropout(0.2),
          nn::Linear(32, 5)};
}

struct Batch {
  Tensor images = random_tensor<float>({16, 1, 8, 8}, 1);
  LongTensor labels = random_integers({16}, 2, 0, 5);
};

/// All parameters after some steps, one behind the other.
Tensor trained(std::uint64_t seed, int steps) {
  manual_seed(seed);
  nn::Sequential net = small_cnn();
  optim::Adam adam(net, {.lr = 1e-2});
  const Batch batch;
  for (int i = 0; i < steps; ++i) {
    Tape tape;
    adam.step(tape.gradients(cross_entropy(net(batch.images), batch.labels)));
  }
  std::vector<Tensor> weights;
  for (const auto* p : nn::parameters(net)) weights.push_back(p->reshape({-1}));
  return cat(weights);
}

}  // namespace

TEST_CASE("a small net learns XOR", "[optim][training][tiny]") {
  manual_seed(7);
  nn::Sequential net{nn::Linear(2, 8), nn::Tanh(), nn::Linear(8, 1)};
  optim::Adam adam(net, {.lr = 0.05});
  const Tensor x = tensor({{0, 0}, {0, 1}, {1, 0}, {1, 1}});
  const Tensor y = tensor({{0}, {1}, {1}, {0}});
  const nn::BCEWithLogitsLoss loss_of;
  double loss = 0;
  for (int i = 0; i < 300; ++i) {
    Tape tape;
    const Tensor value = loss_of(net(x), y);
    loss = static_cast<double>(value.item());
    adam.step(tape.gradients(value));
  }
  CHECK(loss < 0.01);
  const Tensor logits = net(x);
  for (Index i = 0; i < 4; ++i) CHECK((logits(i, 0) > 0) == (y(i, 0) > 0));
}

TEST_CASE("training gives the same bits at every number of threads and in every run",
          "[optim][training]") {
  CHECK(same_bits_for_all_threads([] { return trained(1, 5); }));
  CHECK(same_bits(trained(1, 5), trained(1, 5)));
  CHECK_FALSE(same_bits(trained(1, 5), trained(2, 5)));
}

TEST_CASE("nothing is allocated from the third step on", "[optim][training]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  const auto check = [](const char* what, auto make) {
    manual_seed(1);
    nn::Sequential net = small_cnn();
    auto optimizer = make(net);
    const Batch batch;
    const nn::CrossEntropyLoss loss_of;
    double loss = 0;
    const auto step = [&] {
      Tape tape;
      const Tensor value = loss_of(net(batch.images), batch.labels);
      Gradients g = tape.gradients(value);
      optim::clip_grad_norm(g, 0.1);
      optimizer.step(g);
      loss += static_cast<double>(value.item());
    };
    step();
    step();
    const AllocationCounter counter;
    const std::size_t from_system = memory_stats().system_allocations;
    for (int i = 0; i < 20; ++i) step();
    net.eval();
    net(batch.images);
    net.train();
    const std::size_t counted = counter.count();
    INFO(what);
    CHECK(counted == 0);
    CHECK(memory_stats().system_allocations == from_system);
    CHECK(loss > 0);
  };
  check("SGD", [](auto& net) { return optim::SGD(net, {.lr = 0.01, .momentum = 0.9}); });
  check("Adam", [](auto& net) { return optim::Adam(net); });
  check("AdamW", [](auto& net) { return optim::AdamW(net); });
  check("Adagrad", [](auto& net) { return optim::Adagrad(net); });
  check("RMSprop", [](auto& net) { return optim::RMSprop(net, {.momentum = 0.9}); });
}

TEST_CASE("the counter of allocations counts", "[optim][training]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  const AllocationCounter counter;
  auto* one = new std::vector<int>(100);
  CHECK(counter.count() >= 2);
  delete one;
}
