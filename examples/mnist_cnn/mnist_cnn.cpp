// A convolutional network on MNIST: 28x28 images of handwritten digits.
//
// Get the data by scripts/download_data.sh --only mnist DIR, then: mnist_cnn --data DIR
// The last 5,000 of the 60,000 training images are held out to watch the training; the 10,000 test
// images are looked at once, after the last epoch.
//
// Expected: a test accuracy of 98.9 to 99.0 % after 5 epochs, 99.0 % or more after 10 (mean of
// three seeds).

#include <tenon/tenon.hpp>

#include "example.hpp"
#include "samples.hpp"

using namespace tenon;

namespace {

void mnist_cnn(const example::Options& options) {
  const data::Mnist mnist = data::load_mnist(example::data_folder(options));
  const auto [train, held_out] = mnist.train.split(55000);

  manual_seed(options.seed);
  nn::Sequential net{nn::Conv2d(1, 32, 3),  nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(32, 64, 3), nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(64, 64, 3), nn::ReLU(), nn::Flatten(),
                     nn::Linear(576, 64),   nn::ReLU(), nn::Linear(64, 10)};
  std::printf("%s\n%lld parameters\n", to_string(net).c_str(),
              static_cast<long long>(count_parameters(net)));
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
    const example::Result validation = example::evaluate(net, held_out);
    progress.print("validation accuracy " + example::percent(validation.accuracy));
  }

  const example::Result result = example::evaluate(net, mnist.test);
  example::report(options, net, result, progress);
  std::printf("expected: 98.9 to 99.0 %% after 5 epochs, 99.0 %% or more after 10\n");
  std::printf("test accuracy: %s\n", example::percent(result.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A convolutional network on MNIST",
                      {.epochs = 10, .batch_size = 64, .lr = 1e-3}, mnist_cnn);
}
