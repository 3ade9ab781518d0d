// The code of docs/optimisers.md, compiled and run.

#include "../nn/nn_support.hpp"
#include "tenon/ops/mse_loss.hpp"
#include "tenon/optim/adam.hpp"
#include "tenon/optim/chain.hpp"
#include "tenon/optim/lbfgs.hpp"
#include "tenon/optim/schedules.hpp"
#include "tenon/optim/sgd.hpp"
#include "tenon/optim/weight_average.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Net : nn::Module {
  nn::Linear body{2, 4}, head{4, 1};
  Tensor forward(const Tensor& x) override { return head(relu(body(x))); }
  void visit(nn::Visitor& v) override {
    v("body", body);
    v("head", head);
  }
};

}  // namespace

TEST_CASE("optimisers.md: parts of a net", "[docs]") {
  Net net;
  const Tensor x = random_tensor<float>({8, 2}, 1), y = random_tensor<float>({8, 1}, 2);
  // [chain]
  optim::Chain optimizer(optim::AdamW(net.body, {.lr = 1e-4}),
                         optim::SGD(net.head, {.lr = 1e-2, .momentum = 0.9}));
  const optim::SequentialLR schedule{
      optim::WarmupConstant{.lr = 1e-4, .warmup_steps = 10}, 10,
      optim::CosineAnnealingWarmRestarts{.lr = 1e-4, .t_0 = 20, .t_mult = 2}};
  for (Index step = 0; step < 30; ++step) {
    optimizer.set_learning_rate(schedule(step));  // 100 times as much for the head
    Tape tape;
    optimizer.step(tape.gradients(mse_loss(net(x), y)));
  }
  // [/chain]
  CHECK(optimizer.learning_rate() < 1e-4);
}

TEST_CASE("optimisers.md: an average", "[docs]") {
  Net net;
  const Tensor x = random_tensor<float>({8, 2}, 1), y = random_tensor<float>({8, 1}, 2);
  Tensor prediction;
  // [average]
  optim::Adam adam(net, {.lr = 1e-2});
  optim::ExponentialMovingAverage average(net, 0.99);
  for (Index step = 0; step < 30; ++step) {
    Tape tape;
    adam.step(tape.gradients(mse_loss(net(x), y)));
    average.update();
  }
  {
    const auto applied = average.apply();  // until the end of this scope
    prediction = net(x);
  }
  // [/average]
  CHECK_FALSE(same_bits<float>(prediction, net(x)));
}

TEST_CASE("optimisers.md: LBFGS", "[docs]") {
  Net net;
  const Tensor x = random_tensor<float>({8, 2}, 1), y = random_tensor<float>({8, 1}, 2);
  // [lbfgs]
  optim::LBFGS lbfgs(net, {.line_search_fn = optim::LineSearch::strong_wolfe});
  const double before = lbfgs.step([&] { return mse_loss(net(x), y); });
  const double after = lbfgs.step([&] { return mse_loss(net(x), y); });
  // [/lbfgs]
  CHECK(after < before);
}
