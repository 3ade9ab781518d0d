// How to write an operation of your own: its values in a plain loop, its gradient as a rule.
//
// The operation is log(1 + exp(x)), which Tenon has as softplus(), with the derivative sigmoid(x).
// Finite differences check the rule (gradcheck), and those of the gradient check that the rule can
// be differentiated again (gradgradcheck). Then a small net with it learns the digits.
//
// Expected: both checks pass with errors below 1e-6, and a test accuracy of about 96.5 %.

#include <cmath>
#include <tenon/tenon.hpp>

#include "example.hpp"
#include "samples.hpp"

using namespace tenon;

namespace {

template <class T>
BasicTensor<T> soft_plus(const BasicTensor<T>& input) {
  const BasicTensor<T> x = input.contiguous();
  BasicTensor<T> y = empty_like(x);
  const T* in = x.data();
  T* out = y.data();
  parallel_for(x.numel(), 16384, [in, out](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      // log(1 + exp(v)) where exp(v) could overflow
      out[i] = std::log1p(std::exp(-std::abs(in[i]))) + std::max(in[i], T(0));
    }
  });
  return custom_function("soft_plus", {x}, y, [x](const BasicTensor<T>& dy) {
    return std::vector{dy * sigmoid(x)};  // one gradient for each input
  });
}

/// The same as a layer without parameters.
struct Softplus : nn::Module {
  Tensor forward(const Tensor& x) override { return soft_plus(x); }
};

void check() {
  manual_seed(1);
  const DoubleTensor x = normal<double>({3, 4});
  const auto f = [](const std::vector<DoubleTensor>& in) { return soft_plus(in[0]); };
  const GradcheckResult first = gradcheck(f, {x});
  const GradcheckResult second = gradgradcheck(f, {x});
  std::printf("gradcheck: %s, largest error %.1e\n", first ? "passed" : "FAILED", first.max_error);
  std::printf("gradgradcheck: %s, largest error %.1e\n", second ? "passed" : "FAILED",
              second.max_error);
  if (!first || !second) throw ValueError("[soft_plus] " + first.report + second.report);
}

void custom_op(const example::Options& options) {
  check();
  const auto [train, test] = example::split_every(example::load_digits(options), 5);

  manual_seed(options.seed);
  nn::Sequential net{nn::Flatten(), nn::Linear(64, 64), Softplus(), nn::Linear(64, 10)};
  optim::Adam adam(net, {.lr = options.lr});
  data::DataLoader loader(example::limited(train, options),
                          {.batch_size = options.batch_size, .shuffle = true});

  example::Progress progress(options);
  progress.resume(net, adam, loader);
  while (progress.next_epoch()) {
    for (auto& [x, y] : loader) {
      Tape tape;
      Tensor loss = cross_entropy(net(x), y);
      adam.step(tape.gradients(loss));
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
  }
  progress.print();

  const example::Result result = example::evaluate(net, test);
  example::report(options, net, result, progress);
  std::printf("expected: both checks passed, about 96.5 %% after 20 epochs\n");
  std::printf("test accuracy: %s\n", example::percent(result.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "How to write an operation",
                      {.epochs = 20, .batch_size = 32, .lr = 1e-2}, custom_op);
}
