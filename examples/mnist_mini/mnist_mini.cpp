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

/// The most likely digit of each image (N, 1, 28, 28).
LongTensor predict(nn::Module& net, const Tensor& images) { return argmax(net(images), 1); }

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
  optim::Adam adam(net, {.lr = options.lr});
  data::DataLoader loader(example::limited(train, options),
                          {.batch_size = options.batch_size, .shuffle = true});

  example::Progress progress(options);
  progress.resume(net, adam, loader);
  while (progress.next_epoch()) {
    for (auto& [images, labels] : loader) {
      Tape tape;
      Tensor loss = cross_entropy(net(images), labels);
      adam.step(tape.gradients(loss));
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
    progress.print();
  }

  const auto [few, labels] = test.batch(0, 3);
  const LongTensor digits = predict(net, few);
  for (Index i = 0; i < few.size(0); ++i) {
    show(few[i]);
    std::printf("the net reads %lld, the label says %lld\n\n", static_cast<long long>(digits(i)),
                static_cast<long long>(labels(i)));
  }

  const example::Result result = example::evaluate(net, test);
  example::report(options, net, result, progress);
  std::printf("expected: 98.2 %% after 5 epochs\n");
  std::printf("test accuracy: %s\n", example::percent(result.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A one-layer convolutional network on MNIST",
                      {.epochs = 10, .batch_size = 64, .lr = 1e-3}, mnist_mini);
}
