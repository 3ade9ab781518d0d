#include "tenon/optim/chain.hpp"

#include <string>
#include <type_traits>
#include <vector>

#include "../nn/nn_support.hpp"
#include "allocation_counter.hpp"
#include "tenon/optim/adam.hpp"
#include "tenon/optim/sgd.hpp"

using namespace tenon;
using namespace tenon::test;

static_assert(std::is_nothrow_move_constructible_v<optim::Chain>);
static_assert(!std::is_copy_constructible_v<optim::Chain>);

namespace {

struct Net {
  nn::Linear body{2, 3}, head{3, 1};
};

Gradients gradients_of(Net& net) {
  Tape tape;
  const Tensor y = net.head(net.body(full({4, 2}, 0.5F)));
  return tape.gradients(sum(y * y));
}

optim::Chain chain_of(Net& net) {
  return optim::Chain(optim::Adam(net.body, {.lr = 0.01}),
                      optim::SGD(net.head, {.lr = 0.04, .momentum = 0.9}));
}

}  // namespace

TEST_CASE("a chain steps as its parts would", "[optim][chain]") {
  Net net;
  Net twin = net;
  optim::Chain chain = chain_of(net);
  optim::Adam adam(twin.body, {.lr = 0.01});
  optim::SGD sgd(twin.head, {.lr = 0.04, .momentum = 0.9});
  CHECK(chain.learning_rate() == 0.01);
  for (int i = 0; i < 6; ++i) {
    if (i == 3) {  // all rates go with the first
      chain.set_learning_rate(0.02);
      adam.set_learning_rate(0.02);
      sgd.set_learning_rate(0.08);
    }
    chain.step(gradients_of(net));
    const Gradients g = gradients_of(twin);
    adam.step(g);
    sgd.step(g);
  }
  CHECK(same_bits<float>(net.body.weight, twin.body.weight));
  CHECK(same_bits<float>(net.head.weight, twin.head.weight));
}

TEST_CASE("a chain has one state", "[optim][chain]") {
  Net net;
  optim::Chain chain = chain_of(net);
  for (int i = 0; i < 3; ++i) chain.step(gradients_of(net));
  std::vector<std::string> names;
  for (const auto& buffer : chain.state().buffers) names.push_back(buffer.name);
  CHECK(names == std::vector<std::string>{"0.weight.exp_avg", "0.weight.exp_avg_sq",
                                          "0.bias.exp_avg", "0.bias.exp_avg_sq",
                                          "1.weight.momentum_buffer", "1.bias.momentum_buffer"});
  CHECK(chain.missing(Gradients()) ==
        std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias"});
  CHECK(chain.owns(net.head.bias));

  Net copy = net;
  optim::Chain restored = chain_of(copy);
  chain.set_learning_rate(0.5);
  restored.load_state(chain.state());
  CHECK(restored.learning_rate() == 0.5);
  for (int i = 0; i < 2; ++i) {
    chain.step(gradients_of(net));
    restored.step(gradients_of(copy));
  }
  CHECK(same_bits<float>(net.body.weight, copy.body.weight));
  CHECK(same_bits<float>(net.head.weight, copy.head.weight));
}

TEST_CASE("a warm step of a chain allocates nothing", "[optim][chain]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  Net net;
  optim::Chain chain = chain_of(net);
  const Gradients g = gradients_of(net);
  chain.step(g);
  const AllocationCounter counter;
  chain.step(g);
  CHECK(counter.count() == 0);
}

TEST_CASE("a chain says what is wrong", "[optim][chain][errors]") {
  Net net;
  CHECK(error_of<ValueError>([&] {
          optim::Chain chain(optim::Adam(net.body), optim::SGD({&net.head.bias, &net.body.bias}));
        }) ==
        "[Chain] part 1 trains '1', which a part before it trains already; hint: each parameter "
        "belongs to one part");
  CHECK(error_of<ValueError>(
            [&] { optim::Chain chain(optim::Adam(net.body, {.lr = 0}), optim::SGD(net.head)); }) ==
        "[Chain] the learning rate of the first part is 0, to which those of the others keep their "
        "ratio; hint: give it the greatest rate of the training, and set_learning_rate(0) where it "
        "starts there");
  optim::Chain chain = chain_of(net);
  CHECK(error_of<ValueError>([&] { chain.set_learning_rate(-1); }) ==
        "[Chain] lr must be finite and at least 0, not -1");
}
