// A recurrent network looks one step ahead in noisy waves. It is Elman's network, written as in a
// textbook:
//   h_t = tanh(W x_t + U h_{t-1} + b)      y_t = V h_t + c
// y_t is compared with x_{t+1}. Every series has a period of its own, which the network has to find
// out from what it has seen so far.
//
// Expected: a root mean square error (RMSE) of at most 0.6 times that of persistence, which says
// that the next value is the last one.

#include <cmath>
#include <tenon/tenon.hpp>

#include "example.hpp"

using namespace tenon;

namespace {

constexpr Index steps = 60;
constexpr double pi = 3.14159265358979323846;

struct Net : nn::Module {
  nn::RNN rnn{1, 32};
  nn::Linear out{32, 1};

  Tensor forward(const Tensor& x) override { return out(rnn(x)); }  // (N, L, 1) -> (N, L, 1)
  void visit(nn::Visitor& v) override {
    v("rnn", rnn);
    v("out", out);
  }
};

/// Waves (n, steps + 1, 1) with periods from 8 to 20 steps, any phase, and noise on top.
Tensor waves(Index n) {
  const Tensor time = arange(0, steps + 1), period = uniform({n, 1}, 8, 20);
  const Tensor phase = uniform({n, 1}, 0, 2 * pi);
  const Tensor values = sin(2 * pi * time / period + phase) + normal({n, steps + 1}, 0, 0.1);
  return values.unsqueeze(-1);
}

/// The steps but the last, and the steps that follow each.
data::TensorDataset<Tensor, Tensor> one_step_ahead(const Tensor& series) {
  return {series.narrow(1, 0, steps), series.narrow(1, 1, steps)};
}

double rmse(const Tensor& y, const Tensor& wanted) {
  return std::sqrt(static_cast<double>(mse_loss(y, wanted).item()));
}

void rnn_series(const example::Options& options) {
  manual_seed(options.seed);
  const Index count = options.limit > 0 ? options.limit : 2000;
  const auto train = one_step_ahead(waves(count)), test = one_step_ahead(waves(500));
  Net net;
  optim::Adam adam(net, {.lr = options.lr});
  data::DataLoader loader(train, {.batch_size = options.batch_size, .shuffle = true});

  example::Progress progress(options);
  progress.resume(net, adam, loader);
  while (progress.next_epoch()) {
    for (auto& [x, next] : loader) {
      Tape tape;
      const Tensor loss = mse_loss(net(x), next);
      Gradients gradients = tape.gradients(loss);
      optim::clip_grad_norm(gradients, 1.0);  // through 60 steps they can become large
      adam.step(gradients);
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
    progress.print();
  }

  const auto [x, next] = test.all();
  const double ours = rmse(net(x), next), persistence = rmse(x, next);
  example::Result result;
  result.metric = "rmse_over_persistence";
  result.accuracy = ours / persistence;
  result.loss = ours * ours;
  example::report(options, net, result, progress);
  std::printf("RMSE %.4f, persistence %.4f\n", ours, persistence);
  std::printf("expected: a ratio of 0.6 or less\nratio: %.3f\n", result.accuracy);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A recurrent network looks one step ahead",
                      {.epochs = 10, .batch_size = 50, .lr = 3e-3}, rnn_series);
}
