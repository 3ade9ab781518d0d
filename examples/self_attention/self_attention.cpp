// An attention gate finds the step of a sequence that matters. Every step has a key (feature 0) and
// values (the others); asked for is value 1 of the step with the largest key. Which key is the
// largest shows only beside all the others, since keys start from another level in every sequence:
//   h = relu(W x + b)          a = softmax over the steps of (w . h)
//   y = V sum_t dropout(a_t h_t) + c
// A net that takes the mean of h over the steps instead is trained beside it.
//
// Expected: R2 (the share of the variance that is explained) of at least 0.95 with the gate, at
// most 0.3 with the mean. The attention map of a test sequence is printed.

#include <cmath>
#include <tenon/tenon.hpp>

#include "example.hpp"

using namespace tenon;

namespace {

constexpr Index steps = 20, features = 10, units = 512;

struct Gate : nn::Module {
  nn::Linear project{features, units}, score{units, 1, {.bias = false}}, out{units, 1};
  nn::Dropout dropout{0.2};

  Tensor hidden(const Tensor& x) { return relu(project(x)); }
  /// (N, L, 1), which sums to 1 over the steps.
  Tensor weights(const Tensor& h) { return softmax(score(h), 1); }

  Tensor forward(const Tensor& x) override {  // (N, L, features) -> (N, 1)
    const Tensor h = hidden(x);
    return out(sum(dropout(weights(h) * h), {1}));
  }
  void visit(nn::Visitor& v) override {
    v("project", project);
    v("score", score);
    v("out", out);
    v("dropout", dropout);
  }
};

struct Mean : nn::Module {
  nn::Linear project{features, units}, out{units, 1};

  Tensor forward(const Tensor& x) override { return out(mean(relu(project(x)), {1})); }
  void visit(nn::Visitor& v) override {
    v("project", project);
    v("out", out);
  }
};

/// Sequences (n, L, features) and what is asked for, (n, 1).
data::TensorDataset<Tensor, Tensor> sequences(Index n) {
  Tensor x = randn({n, steps, features}), y = Tensor::empty({n, 1});
  const Tensor level = uniform({n}, -3, 3);
  for (Index i = 0; i < n; ++i) {
    const LongTensor rank = randperm(steps);
    for (Index t = 0; t < steps; ++t) {
      x(i, t, 0) = level(i) + 0.1F * static_cast<float>(rank(t));
      if (rank(t) == steps - 1) y(i, 0) = x(i, t, 1);
    }
  }
  return {x, y};
}

/// 1 - (sum of squared errors) / (sum of squared distances from the mean)
double r2(const Tensor& y, const Tensor& wanted) {
  const double errors = static_cast<double>(mse_loss(y, wanted).item());
  return 1 - errors / static_cast<double>(mean(square(wanted - mean(wanted))).item());
}

double train(nn::Module& net, const data::TensorDataset<Tensor, Tensor>& training,
             const data::TensorDataset<Tensor, Tensor>& test, const example::Options& options,
             example::Progress& progress) {
  optim::Adam adam(net, {.lr = options.lr});
  data::DataLoader loader(training, {.batch_size = options.batch_size, .shuffle = true});
  progress.resume(net, adam, loader);
  while (progress.next_epoch()) {
    net.train();
    for (auto& [x, wanted] : loader) {
      Tape tape;
      const Tensor loss = mse_loss(net(x), wanted);
      adam.step(tape.gradients(loss));
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
    progress.print();
  }
  net.eval();
  const auto [x, wanted] = test.all();
  return r2(net(x), wanted);
}

void print_map(Gate& gate, const Tensor& x) {  // (L, features)
  const Tensor weights = gate.weights(gate.hidden(x.unsqueeze(0)));
  std::printf("step    key  attention\n");
  for (Index t = 0; t < steps; ++t) {
    const double weight = static_cast<double>(weights(0, t, 0));
    std::printf("%4d %6.2f  %.3f %s\n", static_cast<int>(t), static_cast<double>(x(t, 0)), weight,
                std::string(static_cast<std::size_t>(std::lround(40 * weight)), '#').c_str());
  }
}

void self_attention(const example::Options& options) {
  manual_seed(options.seed);
  const auto training = sequences(options.limit > 0 ? options.limit : 8000);
  const auto test = sequences(2000);
  Gate gate;
  Mean pooled;
  std::printf("with the gate\n");
  example::Progress progress(options), other(options, "mean");
  example::Result result;
  result.metric = "r2";
  result.accuracy = train(gate, training, test, options, progress);
  std::printf("with the mean\n");
  const double of_mean = train(pooled, training, test, options, other);

  const auto [x, wanted] = test.all();
  print_map(gate, x.select(0, 0));
  result.loss = static_cast<double>(mse_loss(gate(x), wanted).item());
  example::report(options, gate, result, progress);
  std::printf(
      "expected: R2 of 0.95 or more with the gate, 0.3 or less with the mean\n"
      "R2: %.3f with the gate, %.3f with the mean\n",
      result.accuracy, of_mean);
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "An attention gate finds the step that matters",
                      {.epochs = 15, .batch_size = 50, .lr = 1e-3}, self_attention);
}
