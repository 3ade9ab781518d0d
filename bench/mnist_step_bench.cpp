// The network of examples/mnist_cnn on random images: one training step on a batch of 64 (forward,
// backward, Adam), inference of 64 images, and of one. Benchmark argument: the number of threads.

#include <benchmark/benchmark.h>

#include <tenon/tenon.hpp>

namespace {

using namespace tenon;

nn::Sequential mnist_cnn() {
  manual_seed(0);
  return nn::Sequential{nn::Conv2d(1, 32, 3),  nn::ReLU(), nn::MaxPool2d(2),
                        nn::Conv2d(32, 64, 3), nn::ReLU(), nn::MaxPool2d(2),
                        nn::Conv2d(64, 64, 3), nn::ReLU(), nn::Flatten(),
                        nn::Linear(576, 64),   nn::ReLU(), nn::Linear(64, 10)};
}

void train_step(benchmark::State& state) {
  const ThreadScope threads(static_cast<int>(state.range(0)));
  nn::Sequential net = mnist_cnn();
  optim::Adam adam(net);
  const Tensor images = randn({64, 1, 28, 28});
  const LongTensor labels = randint(0, 10, {64});
  for (auto _ : state) {
    Tape tape;
    const Tensor loss = cross_entropy(net(images), labels);
    adam.step(tape.gradients(loss));
  }
  state.SetItemsProcessed(state.iterations() * images.size(0));
}

void infer(benchmark::State& state, Index batch) {
  const ThreadScope threads(static_cast<int>(state.range(0)));
  nn::Sequential net = mnist_cnn();
  net.eval();
  const Tensor images = randn({batch, 1, 28, 28});
  for (auto _ : state) benchmark::DoNotOptimize(net(images).impl());
  state.SetItemsProcessed(state.iterations() * batch);
}

// Wall-clock time: with several threads the CPU time of one says nothing.
const auto register_all = [] {
  const auto add = [](const char* name, auto function) {
    benchmark::RegisterBenchmark(name, function)
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(2)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  add("model/train_step/mnist_cnn b64", train_step);
  add("model/infer/mnist_cnn b64", [](benchmark::State& state) { infer(state, 64); });
  add("model/infer_one/mnist_cnn b64", [](benchmark::State& state) { infer(state, 1); });
  return true;
}();

}  // namespace
