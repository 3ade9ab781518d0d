// Adadelta, Adamax, NAdam, RAdam: their defaults, states and errors, and that they allocate
// nothing. Their numbers are in pytorch_test.cpp.

#include <cmath>
#include <string>
#include <type_traits>

#include "../nn/nn_support.hpp"
#include "allocation_counter.hpp"
#include "tenon/optim/adadelta.hpp"
#include "tenon/optim/adamax.hpp"
#include "tenon/optim/nadam.hpp"
#include "tenon/optim/radam.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class O>
constexpr bool moves_only =
    std::is_nothrow_move_constructible_v<O> && !std::is_copy_constructible_v<O>;
static_assert(moves_only<optim::Adadelta> && moves_only<optim::Adamax>);
static_assert(moves_only<optim::NAdam> && moves_only<optim::RAdam>);

Gradients gradients_of(nn::Module& net, const Tensor& x) {
  Tape tape;
  return tape.gradients(sum(net(x) * net(x)));
}

std::string names(const optim::Optimizer& optimizer) {
  std::string result;
  for (const auto& buffer : optimizer.state().buffers) result += buffer.name + " ";
  return result;
}

}  // namespace

TEST_CASE("the rarer optimisers have PyTorch's learning rates and states", "[optim][adaptive]") {
  nn::Linear layer(2, 1, {.bias = false});
  CHECK(optim::Adadelta(layer).learning_rate() == 1);
  CHECK(optim::Adamax(layer).learning_rate() == 2e-3);
  CHECK(optim::NAdam(layer).learning_rate() == 2e-3);
  CHECK(optim::RAdam(layer).learning_rate() == 1e-3);
  CHECK(names(optim::Adadelta(layer)) == "weight.square_avg weight.acc_delta ");
  CHECK(names(optim::Adamax(layer)) == "weight.exp_avg weight.exp_inf ");
  CHECK(names(optim::NAdam(layer)) == "weight.exp_avg weight.exp_avg_sq ");
  CHECK(names(optim::RAdam(layer)) == "weight.exp_avg weight.exp_avg_sq ");
}

TEMPLATE_TEST_CASE("the rarer optimisers go on from a saved state bit by bit", "[optim][adaptive]",
                   optim::Adadelta, optim::Adamax, optim::NAdam, optim::RAdam) {
  const Tensor x = random_tensor<float>({4, 2}, 1);
  Model model;
  TestType optimizer(model);
  for (int i = 0; i < 7; ++i) optimizer.step(gradients_of(model, x));
  Model twin = model;
  TestType restored(twin);
  restored.load_state(optimizer.state());
  for (int i = 0; i < 3; ++i) {
    optimizer.step(gradients_of(model, x));
    restored.step(gradients_of(twin, x));
  }
  const auto a = nn::parameters(model), b = nn::parameters(twin);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_bits<float>(*a[i], *b[i]));
}

TEMPLATE_TEST_CASE("a parameter that joins late takes a first step of its own", "[optim][adaptive]",
                   optim::Adadelta, optim::Adamax, optim::NAdam, optim::RAdam) {
  nn::Parameter early(ones({2})), late(ones({2})), alone(ones({2}));
  TestType both({&early, &late}), one({&alone});
  const auto step = [](TestType& optimizer, auto&... parameters) {
    Tape tape;
    optimizer.step(tape.gradients((sum(parameters * parameters) + ...)));
  };
  for (int i = 0; i < 5; ++i) step(both, early);
  for (int i = 0; i < 4; ++i) {
    step(both, early, late);
    step(one, alone);
    CHECK(same_bits<float>(late, alone));
  }
}

TEMPLATE_TEST_CASE("a warm step of the rarer optimisers allocates nothing", "[optim][adaptive]",
                   optim::Adadelta, optim::Adamax, optim::NAdam, optim::RAdam) {
  if (!can_count_allocations()) TENON_TEST_SKIP("the sanitizer has its own allocator");
  Model model;
  TestType optimizer(model);
  const Gradients gradients = gradients_of(model, ones({2, 2}));
  optimizer.step(gradients);
  const AllocationCounter counter;
  for (int i = 0; i < 3; ++i) optimizer.step(gradients);
  CHECK(counter.count() == 0);
}

TEST_CASE("after many steps NAdam's momentum is what it was at once", "[optim][adaptive][nadam]") {
  // A state of 5,000 steps whose product of momenta is long below the precision of 1.
  nn::Parameter p(ones({1})), q(ones({1}));
  optim::NAdam kept({&p}), restored({&q});
  for (int i = 0; i < 5000; ++i) {
    Tape tape;
    kept.step(tape.gradients(sum(p * p)));
  }
  q = p;
  restored.load_state(kept.state());
  Tape tape;
  kept.step(tape.gradients(sum(p * p)));
  restored.step(tape.gradients(sum(q * q)));
  CHECK(same_bits<float>(p, q));
}

TEST_CASE("the rarer optimisers refuse an option out of its range", "[optim][adaptive][errors]") {
  nn::Linear layer(1, 1);
  const auto adadelta = [&](const optim::AdadeltaOptions& o) {
    return error_of<ValueError>([&] { optim::Adadelta optimizer(layer, o); });
  };
  CHECK(adadelta({.lr = -1}) == "[Adadelta] lr must be finite and at least 0, not -1");
  CHECK(adadelta({.rho = 1}) == "[Adadelta] rho must lie in [0, 1), not 1");
  CHECK(adadelta({.eps = -1}) == "[Adadelta] eps must be finite and at least 0, not -1");
  CHECK(adadelta({.weight_decay = -1}) ==
        "[Adadelta] weight_decay must be finite and at least 0, not -1");
  const auto adamax = [&](const optim::AdamaxOptions& o) {
    return error_of<ValueError>([&] { optim::Adamax optimizer(layer, o); });
  };
  CHECK(adamax({.lr = -1}) == "[Adamax] lr must be finite and at least 0, not -1");
  CHECK(adamax({.beta1 = 1}) == "[Adamax] beta1 must lie in [0, 1), not 1");
  CHECK(adamax({.beta2 = 1}) == "[Adamax] beta2 must lie in [0, 1), not 1");
  CHECK(adamax({.eps = -1}) == "[Adamax] eps must be finite and at least 0, not -1");
  CHECK(adamax({.weight_decay = -1}) ==
        "[Adamax] weight_decay must be finite and at least 0, not -1");
  const auto nadam = [&](const optim::NAdamOptions& o) {
    return error_of<ValueError>([&] { optim::NAdam optimizer(layer, o); });
  };
  CHECK(nadam({.lr = -1}) == "[NAdam] lr must be finite and at least 0, not -1");
  CHECK(nadam({.beta1 = 1}) == "[NAdam] beta1 must lie in [0, 1), not 1");
  CHECK(nadam({.beta2 = -1}) == "[NAdam] beta2 must lie in [0, 1), not -1");
  CHECK(nadam({.eps = -1}) == "[NAdam] eps must be finite and at least 0, not -1");
  CHECK(nadam({.weight_decay = -1}) ==
        "[NAdam] weight_decay must be finite and at least 0, not -1");
  CHECK(nadam({.momentum_decay = -1}) ==
        "[NAdam] momentum_decay must be finite and at least 0, not -1");
  const auto radam = [&](const optim::RAdamOptions& o) {
    return error_of<ValueError>([&] { optim::RAdam optimizer(layer, o); });
  };
  CHECK(radam({.lr = -1}) == "[RAdam] lr must be finite and at least 0, not -1");
  CHECK(radam({.beta1 = 1}) == "[RAdam] beta1 must lie in [0, 1), not 1");
  CHECK(radam({.beta2 = 1}) == "[RAdam] beta2 must lie in [0, 1), not 1");
  CHECK(radam({.eps = -1}) == "[RAdam] eps must be finite and at least 0, not -1");
  CHECK(radam({.weight_decay = -1}) ==
        "[RAdam] weight_decay must be finite and at least 0, not -1");
}
