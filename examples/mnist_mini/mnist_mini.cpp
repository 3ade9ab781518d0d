// The smallest convolutional network that is any good on MNIST, and a look at what it says.
//
// Get the data by scripts/download_data.sh --only mnist DIR, then: mnist_mini --data DIR
//
// Expected: a test accuracy of 98.2 % after 5 epochs.

#include <tenon/tenon.hpp>

#include "example.hpp"
#include "samples.hpp"

using namespace tenon;

namespace {

/// One image (1, 28, 28) as characters, two a pixel.
void show(const Tensor& image) {
  const std::string shades = " .:-=+*#%@";
  for (Index row = 0; row < image.size(1); ++row) {
    for (Index column = 0; column < image.size(2); ++column) {
      const auto shade = static_cast<std::size_t>(9.99F * image(0, row, column));
      std::printf("%c%c", shades[shade], shades[shade]);
    }
    std::printf("\n");
  }
}

void mnist_mini(const example::Options& options) {
  const auto [train, test] = data::load_mnist(example::data_folder(options));

  manual_seed(options.seed);
  nn::Sequential net{nn::Conv2d(1, 32, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                     nn::Linear(32 * 13 * 13, 10)};
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = options.lr}),
                  {.metrics = {Accuracy()}});
  const History history =
      trainer.fit(example::limited(train, options), {.epochs = options.epochs,
                                                     .batch_size = options.batch_size,
                                                     .checkpoint = options.checkpoint,
                                                     .checkpoint_every = options.checkpoint_every});

  const auto [few, labels] = test.batch(0, 3);
  const LongTensor digits = argmax(trainer.predict(few), 1);  // the likeliest of each
  for (Index i = 0; i < few.size(0); ++i) {
    show(few[i]);
    std::printf("the net reads %lld, the label says %lld\n\n", static_cast<long long>(digits(i)),
                static_cast<long long>(labels(i)));
  }

  const example::Result result = example::evaluate(net, test);
  example::report(options, net, result, history);
  std::printf("expected: 98.2 %% after 5 epochs\n");
  std::printf("test accuracy: %s\n", example::percent(result.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A one-layer convolutional network on MNIST",
                      {.epochs = 10, .batch_size = 64, .lr = 1e-3}, mnist_mini);
}
