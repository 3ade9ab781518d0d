// Parameters that no gradient reaches, and what is said of them.

#include "tenon/optim/gradient_watch.hpp"

#include <limits>
#include <string>
#include <vector>

#include "allocation_counter.hpp"
#include "ops_support.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/nn/sequential.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/linear.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/relu.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Names = std::vector<std::string>;

namespace {

/// One layer that is used, one that is not, one whose bias is cut off, one that is dead.
struct Net : nn::Module {
  nn::Linear used{2, 2}, unused{2, 2}, cut{2, 2}, dead{2, 2};
  nn::Parameter scale{ones({1})};
  bool use_all = false;

  Net() {
    dead.weight.fill_(0);
    dead.bias.fill_(-1);
  }
  Tensor forward(const Tensor& x) override {
    Tensor y = used(x) + linear(x, cut.weight, cut.bias.detach()) + relu(dead(x));
    if (use_all) y = unused(y) * scale + cut(x) + dead(x);
    return y;
  }
  void visit(nn::Visitor& v) override {
    v("used", used);
    v("unused", unused);
    v("cut", cut);
    v("dead", dead);
    v("scale", scale);
  }
};

template <class Watch, class M>
void step(Watch& watch, M& net) {
  Tape tape;
  watch.observe(tape.gradients(sum(net(ones({3, 2})))));
}

}  // namespace

TEST_CASE("parameters without a gradient and with zeros only are told apart",
          "[optim][gradient_watch]") {
  Net net;
  optim::GradientWatch watch(net);
  CHECK(watch.steps() == 0);
  CHECK(watch.report() == "");
  step(watch, net);
  CHECK(watch.missing() == Names{"unused.weight", "unused.bias", "cut.bias", "scale"});
  CHECK(watch.dead() == Names{"dead.weight", "dead.bias"});
  step(watch, net);
  CHECK(watch.steps() == 2);
  CHECK(watch.report() ==
        "gradients that never came, in 2 steps:\n"
        "unused.weight, unused.bias: no gradient; the layer is not used in forward(), its result "
        "does not reach the loss, or it was cut off by detach(), to() or a NoTape\n"
        "cut.bias: no gradient; forward() does not use it, or uses a copy that was made outside of "
        "the tape (clone(), to(), data())\n"
        "dead.weight, dead.bias: only zeros; a ReLU behind it is never positive, its result is "
        "multiplied by 0 or masked, or weights behind it are 0\n"
        "scale: no gradient; the layer is not used in forward(), its result does not reach the "
        "loss, or it was cut off by detach(), to() or a NoTape\n");
}

TEST_CASE("one gradient in any step is enough", "[optim][gradient_watch]") {
  Net net;
  optim::GradientWatch watch(net);
  step(watch, net);
  net.use_all = true;
  step(watch, net);
  net.use_all = false;
  step(watch, net);
  CHECK(watch.missing().empty());
  CHECK(watch.dead().empty());
  CHECK(watch.report() == "");
}

TEST_CASE("a gradient of NaN is not one of zeros", "[optim][gradient_watch]") {
  nn::BasicLinear<double> net(2, 1);
  optim::BasicGradientWatch<double> watch(net);
  Tape tape;
  const auto y = net(ones<double>({1, 2}));
  watch.observe(tape.gradients(y, full<double>({1, 1}, std::numeric_limits<double>::quiet_NaN())));
  CHECK(watch.dead().empty());
  CHECK(watch.report() == "");
}

TEST_CASE("a copy of the net is not watched", "[optim][gradient_watch]") {
  nn::Sequential net{nn::Linear(2, 2)};
  optim::GradientWatch watch(net);
  nn::Sequential copy = net;
  step(watch, copy);
  CHECK(watch.report() ==
        "gradients that never came, in 1 step:\n"
        "no parameter of the net had one; the net was copied after the watch was made, the forward "
        "pass ran before the tape was opened, or the loss does not depend on it\n");
}

TEST_CASE("a net without parameters has nothing to report", "[optim][gradient_watch]") {
  nn::Sequential none;
  optim::GradientWatch watch(none);
  watch.observe(Gradients());
  CHECK(watch.report() == "");
}

TEST_CASE("watching allocates nothing", "[optim][gradient_watch]") {
  if (!can_count_allocations()) return;
  Net net;
  optim::GradientWatch watch(net);
  Tape tape;
  const Gradients g = tape.gradients(sum(net(ones({3, 2}))));
  const AllocationCounter counter;
  for (int i = 0; i < 10; ++i) watch.observe(g);
  const auto allocations = counter.count();
  CHECK(allocations == 0);
}
