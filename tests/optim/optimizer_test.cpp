// What all optimisers share: which parameters they train, what they refuse, their state.

#include "tenon/optim/optimizer.hpp"

#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../nn/nn_support.hpp"
#include "tenon/optim/adagrad.hpp"
#include "tenon/optim/adam.hpp"
#include "tenon/optim/rmsprop.hpp"
#include "tenon/optim/sgd.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

template <class O>
constexpr bool moves_only =
    std::is_nothrow_move_constructible_v<O> && !std::is_copy_constructible_v<O>;
static_assert(moves_only<optim::SGD> && moves_only<optim::Adam> && moves_only<optim::AdamW>);
static_assert(moves_only<optim::Adagrad> && moves_only<optim::RMSprop>);

constexpr double infinite = std::numeric_limits<double>::infinity();

Gradients gradients_of(nn::Module& net, const Tensor& x) {
  Tape tape;
  return tape.gradients(sum(net(x) * net(x)));
}

}  // namespace

TEST_CASE("a step changes every parameter in place", "[optim][optimizer]") {
  Model model;
  for (auto* p : nn::parameters(model)) p->fill_(0.5f);
  optim::Adam adam(model, {.lr = 0.1});
  std::vector<Tensor> before;
  std::vector<const void*> leaves;
  for (const auto* p : nn::parameters(model)) {
    before.push_back(p->clone());
    leaves.push_back(p->impl());
  }
  adam.step(gradients_of(model, ones({2, 2})));
  const auto after = nn::parameters(model);
  for (std::size_t i = 0; i < after.size(); ++i) {
    CHECK(after[i]->impl() == leaves[i]);
    CHECK_FALSE(same_bits<float>(*after[i], before[i]));
    CHECK(adam.owns(*after[i]));
  }
}

TEST_CASE("a parameter without a gradient keeps its values and its state", "[optim][optimizer]") {
  nn::Parameter used(ones({2})), idle(ones({2}));
  optim::SGD sgd({&used, &idle}, {.lr = 0.5, .momentum = 0.9});
  Tape tape;
  const Gradients g = tape.gradients(sum(used));
  CHECK(sgd.missing(g) == std::vector<std::string>{"1"});
  sgd.step(g);
  CHECK(equal<float>(idle, ones({2})));
  CHECK(equal<float>(used, full({2}, 0.5f)));
  CHECK(equal(sgd.state().steps, tensor<std::int64_t>({1, 0})));
  // Its first step, later, starts the momentum as any first step does.
  const Gradients both = tape.gradients(sum(used * 0) + sum(idle));
  sgd.step(both);
  CHECK(equal<float>(idle, full({2}, 0.5f)));
}

TEST_CASE("gradients of another net are ignored", "[optim][optimizer]") {
  nn::Linear generator(1, 1), critic(1, 1);
  optim::SGD sgd(generator, {.lr = 1});
  const Tensor critic_before = critic.weight.clone(), before = generator.weight.clone();
  Tape tape;
  sgd.step(tape.gradients(sum(critic(generator(ones({1, 1}))))));
  CHECK(same_bits<float>(critic.weight, critic_before));
  CHECK_FALSE(same_bits<float>(generator.weight, before));
}

TEST_CASE("training a copy made after the optimiser is an error that says so",
          "[optim][optimizer][errors]") {
  nn::Sequential net{nn::Linear(2, 2), nn::ReLU()};
  optim::Adam adam(net);
  nn::Sequential copy = net;
  CHECK(error_of<ValueError>([&] {
          adam.step(gradients_of(copy, ones({1, 2})));
        }) ==
        "[Adam] none of the 2 parameters of this optimiser has a gradient; there are gradients of "
        "2 other leaves. hint: was the net copied after the optimiser was made? A copy has "
        "parameters of its own: make the optimiser from the net that is trained");
  CHECK_FALSE(adam.owns(copy.get<nn::Linear>(0).weight));
  CHECK_THROWS_AS(adam.step(Gradients()), ValueError);
}

TEST_CASE("the net may be moved after the optimiser was made", "[optim][optimizer]") {
  auto net = std::make_unique<nn::Sequential>(nn::Linear(2, 2), nn::ReLU(), nn::Linear(2, 1));
  optim::SGD sgd(*net, {.lr = 0.1});
  nn::Sequential moved = std::move(*net);
  net.reset();
  moved.get<nn::Linear>(2).bias.fill_(1);
  const Tensor before = moved.get<nn::Linear>(2).bias.clone();
  sgd.step(gradients_of(moved, ones({1, 2})));
  CHECK_FALSE(same_bits<float>(moved.get<nn::Linear>(2).bias, before));
}

TEST_CASE("tied parameters are trained once a step", "[optim][optimizer]") {
  nn::Parameter p(ones({1})), q;
  q.tie(p);
  optim::SGD sgd({&p, &q}, {.lr = 0.1});
  Tape tape;
  sgd.step(tape.gradients(sum(p) + sum(q)));
  CHECK(p(0) == Approx(1 - 0.2));
  TiedModel model;
  CHECK(optim::SGD(model).state().steps.numel() == 5);
}

TEST_CASE("a step under an open tape records nothing and makes saved values stale",
          "[optim][optimizer]") {
  nn::Parameter p(ones({2}));
  optim::SGD sgd({&p});
  Tape tape;
  const Tensor loss = sum(p * p);
  const Gradients g = tape.gradients(loss);
  const Index recorded = tape.size();
  sgd.step(g);
  CHECK(tape.size() == recorded);
  CHECK_THAT(error_of<TapeError>([&] { tape.gradients(loss); }),
             Catch::Matchers::ContainsSubstring("before the optimiser's step()"));
}

TEST_CASE("the learning rate can be changed between steps", "[optim][optimizer]") {
  nn::Parameter p(ones({1}));
  optim::SGD sgd({&p}, {.lr = 0.5});
  CHECK(sgd.learning_rate() == 0.5);
  sgd.set_learning_rate(0.25);
  Tape tape;
  sgd.step(tape.gradients(sum(p)));
  CHECK(p(0) == 0.75f);
  CHECK(error_of<ValueError>([&] { sgd.set_learning_rate(-1); }) ==
        "[SGD] lr must be finite and at least 0, not -1");
  CHECK(sgd.learning_rate() == 0.25);
}

TEMPLATE_TEST_CASE("a restored optimiser goes on to the last bit", "[optim][optimizer]", optim::SGD,
                   optim::Adam, optim::AdamW) {
  const auto options = [] {
    if constexpr (std::is_same_v<TestType, optim::SGD>) {
      return optim::SGDOptions{.lr = 0.01, .momentum = 0.9};
    } else if constexpr (std::is_same_v<TestType, optim::Adam>) {
      return optim::AdamOptions{.lr = 0.01};
    } else {
      return optim::AdamWOptions{.lr = 0.01};
    }
  }();
  const Tensor x = random_tensor<float>({4, 2}, 1);
  Model model;
  TestType optimizer(model, options);
  for (int i = 0; i < 3; ++i) optimizer.step(gradients_of(model, x));

  Model twin = model;
  TestType restored(twin, options);
  auto state = optimizer.state();
  state.learning_rate = 0.02;
  restored.load_state(state);
  optimizer.set_learning_rate(0.02);
  CHECK(restored.learning_rate() == 0.02);
  for (int i = 0; i < 3; ++i) {
    optimizer.step(gradients_of(model, x));
    restored.step(gradients_of(twin, x));
  }
  const auto a = nn::parameters(model), b = nn::parameters(twin);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(same_bits<float>(*a[i], *b[i]));
}

TEST_CASE("a state that does not fit is refused and changes nothing",
          "[optim][optimizer][errors]") {
  nn::Linear layer(2, 3), wide(4, 3);
  optim::Adam adam(layer), other(wide);
  optim::SGD sgd(layer, {.momentum = 0.9});
  CHECK(adam.state().buffers[1].name == "weight.exp_avg_sq");
  CHECK(error_of<ValueError>([&] { adam.load_state(sgd.state()); }) ==
        "[Adam] the state holds 2 buffers of 2 parameters, but this optimiser has 4 of 2; hint: "
        "load it into the kind of optimiser, over the same net, that it was saved from");
  CHECK(error_of<ShapeError>([&] { adam.load_state(other.state()); }) ==
        "[Adam] 'weight.exp_avg' has shape (3, 4) in the state, but its parameter has shape (3, "
        "2)");
  auto state = adam.state();
  state.buffers[2].name = "b.exp_avg";
  state.buffers[0].tensor = ones({3, 2});
  CHECK(error_of<ValueError>([&] { adam.load_state(state); }) ==
        "[Adam] the state holds 'b.exp_avg' where this optimiser has 'bias.exp_avg'; hint: load it "
        "into the kind of optimiser, over the same net, that it was saved from");
  CHECK(equal(adam.state().buffers[0].tensor, zeros({3, 2})));
  CHECK_THROWS_AS(adam.load_state({}), ValueError);
}

TEST_CASE("an optimiser refuses what it cannot train", "[optim][optimizer][errors]") {
  nn::ReLU nothing;
  CHECK(error_of<ValueError>([&] { optim::SGD sgd(nothing); }) ==
        "[SGD] ReLU() has no parameters to train; hint: its visit() must name every layer and "
        "parameter, as in v(\"conv\", conv), and it must not have been moved from");
  struct Forgot : nn::Module {
    nn::Linear fc{2, 2};
  } forgot;
  CHECK_THROWS_AS(optim::Adam(forgot), ValueError);
  nn::Parameter undefined;
  CHECK(error_of<ValueError>([&] { optim::SGD sgd({&undefined}); }) ==
        "[SGD] parameter 0 of the list is undefined; hint: was its layer moved from, or made "
        "without a bias?");
  CHECK_THROWS_AS(optim::SGD({static_cast<nn::Parameter*>(nullptr)}), ValueError);
  CHECK(error_of<ValueError>([&] { optim::SGD sgd(std::vector<nn::Parameter*>{}); }) ==
        "[SGD] the list of parameters to train is empty");
}

TEST_CASE("an option out of its range is refused", "[optim][optimizer][errors]") {
  nn::Linear layer(1, 1);
  const auto sgd = [&](const optim::SGDOptions& o) {
    return error_of<ValueError>([&] { optim::SGD optimizer(layer, o); });
  };
  const auto adam = [&](const optim::AdamOptions& o) {
    return error_of<ValueError>([&] { optim::Adam optimizer(layer, o); });
  };
  CHECK(sgd({.lr = -0.1}) == "[SGD] lr must be finite and at least 0, not -0.1");
  CHECK(sgd({.lr = infinite}) == "[SGD] lr must be finite and at least 0, not inf");
  CHECK(sgd({.momentum = -1}) == "[SGD] momentum must be finite and at least 0, not -1");
  CHECK(sgd({.dampening = -1}) == "[SGD] dampening must be finite and at least 0, not -1");
  CHECK(sgd({.weight_decay = std::nan("")})
            .find("[SGD] weight_decay must be finite and at least "
                  "0, not ") == 0);
  CHECK(sgd({.nesterov = true}) ==
        "[SGD] nesterov needs momentum > 0 and dampening = 0, not momentum = 0 and dampening = 0; "
        "hint: {.momentum = 0.9, .nesterov = true}");
  CHECK(sgd({.momentum = 0.9, .dampening = 0.1, .nesterov = true}) != "no error");
  CHECK(adam({.lr = -1}) == "[Adam] lr must be finite and at least 0, not -1");
  CHECK(adam({.beta1 = 1}) == "[Adam] beta1 must lie in [0, 1), not 1");
  CHECK(adam({.beta2 = -0.5}) == "[Adam] beta2 must lie in [0, 1), not -0.5");
  CHECK(adam({.eps = -1}) == "[Adam] eps must be finite and at least 0, not -1");
  CHECK(adam({.weight_decay = -1}) == "[Adam] weight_decay must be finite and at least 0, not -1");
  CHECK(error_of<ValueError>([&] { optim::AdamW optimizer(layer, {.beta1 = 2}); }) ==
        "[AdamW] beta1 must lie in [0, 1), not 2");
  CHECK(adam({.lr = 0}) == "no error");
  const auto adagrad = [&](const optim::AdagradOptions& o) {
    return error_of<ValueError>([&] { optim::Adagrad optimizer(layer, o); });
  };
  CHECK(adagrad({.lr = -1}) == "[Adagrad] lr must be finite and at least 0, not -1");
  CHECK(adagrad({.lr_decay = -1}) == "[Adagrad] lr_decay must be finite and at least 0, not -1");
  CHECK(adagrad({.weight_decay = -1}) ==
        "[Adagrad] weight_decay must be finite and at least 0, not -1");
  CHECK(adagrad({.initial_accumulator_value = -1}) ==
        "[Adagrad] initial_accumulator_value must be finite and at least 0, not -1");
  CHECK(adagrad({.eps = -1}) == "[Adagrad] eps must be finite and at least 0, not -1");
  const auto rmsprop = [&](const optim::RMSpropOptions& o) {
    return error_of<ValueError>([&] { optim::RMSprop optimizer(layer, o); });
  };
  CHECK(rmsprop({.lr = -1}) == "[RMSprop] lr must be finite and at least 0, not -1");
  CHECK(rmsprop({.alpha = 1}) == "[RMSprop] alpha must lie in [0, 1), not 1");
  CHECK(rmsprop({.eps = -1}) == "[RMSprop] eps must be finite and at least 0, not -1");
  CHECK(rmsprop({.weight_decay = -1}) ==
        "[RMSprop] weight_decay must be finite and at least 0, not -1");
  CHECK(rmsprop({.momentum = -1}) == "[RMSprop] momentum must be finite and at least 0, not -1");
}

TEST_CASE("Adagrad and RMSprop keep PyTorch's state under its names", "[optim][optimizer]") {
  nn::Linear layer(2, 1, {.bias = false});
  const auto names = [](const optim::Optimizer& optimizer) {
    std::string result;
    for (const auto& buffer : optimizer.state().buffers) result += buffer.name + " ";
    return result;
  };
  optim::Adagrad adagrad(layer, {.initial_accumulator_value = 0.25});
  CHECK(names(adagrad) == "weight.sum ");
  CHECK(equal(adagrad.state().buffers[0].tensor, full({1, 2}, 0.25F)));
  CHECK(names(optim::RMSprop(layer)) == "weight.square_avg ");
  CHECK(names(optim::RMSprop(layer, {.centered = true})) == "weight.square_avg weight.grad_avg ");
  CHECK(names(optim::RMSprop(layer, {.momentum = 0.5})) ==
        "weight.square_avg weight.momentum_buffer ");
  CHECK(names(optim::RMSprop(layer, {.momentum = 0.5, .centered = true})) ==
        "weight.square_avg weight.momentum_buffer weight.grad_avg ");
}

TEST_CASE("Adagrad and RMSprop go on from a saved state bit by bit", "[optim][optimizer]") {
  const auto check = [](auto make) {
    nn::Linear layer(3, 2);
    const Tensor x = random_tensor<float>({4, 3}, 1);
    auto first = make(layer);
    for (int i = 0; i < 3; ++i) first.step(gradients_of(layer, x));
    nn::Linear copy = layer;
    auto second = make(copy);
    second.load_state(first.state());
    first.step(gradients_of(layer, x));
    second.step(gradients_of(copy, x));
    CHECK(same_bits<float>(layer.weight, copy.weight));
    CHECK(same_bits<float>(layer.bias, copy.bias));
  };
  check([](auto& net) { return optim::Adagrad(net, {.lr_decay = 0.5}); });
  check([](auto& net) { return optim::RMSprop(net, {.momentum = 0.9, .centered = true}); });
}
