// A net that solves a differential equation without having seen its solution (Raissi et al.,
// Journal of Computational Physics 378, 2019):
//
//   u'' + u = x,  u(0) = 0,  u(pi / 2) = 0     with the solution  u = x - pi / 2 sin x
//
// The loss is what the equation leaves at random points, u'' + u - x. gradient() inside gradient()
// differentiates the net twice by its input, and the tape around both by its weights. The boundary
// values are built in: u = x (pi / 2 - x) net(x).
//
// Expected: a relative L2 error of at most 1e-3.

#include <cmath>
#include <tenon/tenon.hpp>

#include "example.hpp"

using namespace tenon;

namespace {

constexpr double half_pi = 1.5707963267948966;

struct Solution : nn::Module {
  nn::Sequential net{nn::Linear(1, 24), nn::Tanh(), nn::Linear(24, 24), nn::Tanh(),
                     nn::Linear(24, 1)};
  Tensor forward(const Tensor& x) override { return x * (half_pi - x) * net(x); }
  void visit(nn::Visitor& v) override { v("net", net); }
};

/// u'' + u - x at every x (N, 1). Points do not depend on each other, so the gradient of the sum
/// holds the derivative at each of them.
Tensor residual(Solution& u, const Tensor& x) {
  const auto first = [&u](const Tensor& at) {
    return gradient([&u](const Tensor& v) { return sum(u(v)); }, at);
  };
  const Tensor second = gradient([&](const Tensor& at) { return sum(first(at)); }, x);
  return second + u(x) - x;
}

/// ||u - exact|| / ||exact|| on a grid.
double relative_error(Solution& u) {
  const Tensor x = linspace(0, half_pi, 201).unsqueeze(1);
  const Tensor exact = x - half_pi * sin(x);
  return std::sqrt(sum(square(u(x) - exact)).item() / sum(square(exact)).item());
}

void pinn(const example::Options& options) {
  manual_seed(options.seed);
  Solution u;
  optim::Adam adam(u, {.lr = options.lr});
  const optim::CosineAnnealingLR schedule{.lr = options.lr, .t_max = options.epochs};

  example::Progress progress(options);
  progress.resume(u, adam);
  while (progress.next_epoch()) {
    adam.set_learning_rate(schedule(progress.epoch()));
    const Tensor x = uniform({options.batch_size, 1}, 0, half_pi);
    Tape tape;
    const Tensor loss = mean(square(residual(u, x)));
    adam.step(tape.gradients(loss));
    progress.add_batch(loss.item());
    progress.end_epoch();
    if (progress.epoch() % 500 == 0) progress.print();
  }

  example::Result result;
  result.metric = "relative_error";
  result.accuracy = relative_error(u);
  result.loss = progress.loss();
  example::report(options, u, result, progress);
  std::printf("expected: at most 1e-3 after 2000 steps\n");
  std::printf("relative L2 error: %.2e\n", result.accuracy);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A differential equation solved by a net",
                      {.epochs = 2000, .batch_size = 64, .lr = 5e-3}, pinn);
}
