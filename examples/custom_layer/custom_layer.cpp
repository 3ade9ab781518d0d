// How to write a layer of your own: a struct with its parameters, forward() and visit().
//
// The layer has radial units: each compares its input with a centre of its own. The formula stands
// in a function apart, made of Tenon's operations, so its gradient comes by itself and can be
// checked in double precision against finite differences (gradcheck). Then a net with the layer
// learns the embedded digits.
//
// Expected: the check passes with an error below 1e-6, and a test accuracy of about 96 %.

#include <tenon/tenon.hpp>

#include "example.hpp"
#include "samples.hpp"

using namespace tenon;

namespace {

/// y[n,c] = exp(-scale[c] |x[n] - centres[c]|^2)   x (N, D), centres (C, D), scale (C) -> (N, C)
template <class T>
BasicTensor<T> radial(const BasicTensor<T>& x, const BasicTensor<T>& centres,
                      const BasicTensor<T>& scale) {
  // |x - c|^2 = |x|^2 - 2 x c + |c|^2: one matrix product instead of N C D differences.
  const BasicTensor<T> distances =
      sum(x * x, 1, true) - 2 * matmul(x, centres.t()) + sum(centres * centres, 1);
  return exp(-scale * distances);
}

struct Radial : nn::Module {
  Radial(Index in_features, Index units)
      : centres(rand({units, in_features})),
        scale(full({units}, 4.0F / static_cast<float>(in_features))) {}

  Tensor forward(const Tensor& x) override { return radial<float>(x, centres, scale); }
  void visit(nn::Visitor& v) override {
    v("centres", centres);
    v("scale", scale);
  }

  nn::Parameter centres, scale;
};

void check() {
  manual_seed(1);
  const auto f = [](const std::vector<DoubleTensor>& in) { return radial(in[0], in[1], in[2]); };
  const GradcheckResult result =
      gradcheck(f, {rand<double>({4, 3}), rand<double>({5, 3}), rand<double>({5})});
  std::printf("gradcheck: %s, largest error %.1e\n", result ? "passed" : "FAILED",
              result.max_error);
  if (!result) throw ValueError("[radial] " + result.report);
}

void custom_layer(const example::Options& options) {
  check();
  const auto [train, test] = example::split_every(example::load_digits(options), 5);

  manual_seed(options.seed);
  nn::Sequential net{nn::Flatten(), Radial(64, 100), nn::Linear(100, 10)};
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
  std::printf("expected: the check passed, about 96 %% after 30 epochs\n");
  std::printf("test accuracy: %s\n", example::percent(result.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "How to write a layer",
                      {.epochs = 30, .batch_size = 32, .lr = 2e-2}, custom_layer);
}
