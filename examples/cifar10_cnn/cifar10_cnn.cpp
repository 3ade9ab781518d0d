// A convolutional network on CIFAR-10: 32x32 colour photographs of ten kinds of things.
//
// Get the data by scripts/download_data.sh --only cifar10 DIR, then: cifar10_cnn --data DIR
// Training uses all 50,000 training images; the 10,000 test images are looked at once, after the
// last epoch. The weights start as Keras' do, or by --init pytorch as PyTorch's.
//
// Expected: a test accuracy of 70 % or more after 10 epochs (PyTorch, at a constant learning rate:
// 71.4 %; 70.3 % from its own initial weights).

#include <algorithm>
#include <tenon/tenon.hpp>

#include "example.hpp"
#include "samples.hpp"

using namespace tenon;

namespace {

void cifar10_cnn(const example::Options& options) {
  const data::Cifar10 cifar = data::load_cifar10(example::data_folder(options));

  manual_seed(options.seed);
  nn::Sequential net{nn::Conv2d(3, 32, 3),  nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(32, 64, 3), nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(64, 64, 3), nn::ReLU(), nn::Flatten(),
                     nn::Linear(1024, 64),  nn::ReLU(), nn::Linear(64, 10)};
  if (options.init == "keras") nn::init::keras(net);
  std::printf("%s\n%lld parameters\n", to_string(net).c_str(),
              static_cast<long long>(count_parameters(net)));
  optim::Adam adam(net, {.lr = options.lr});
  data::DataLoader loader(example::limited(cifar.train, options),
                          {.batch_size = options.batch_size, .shuffle = true});

  // Smaller steps at the end: else the last few decide about a percent of accuracy.
  const optim::CosineAnnealingLR schedule{
      .lr = options.lr, .t_max = std::max<Index>(1, options.epochs * loader.size())};

  example::Progress progress(options);
  progress.resume(net, adam, loader);
  while (progress.next_epoch()) {
    for (auto& [images, labels] : loader) {
      adam.set_learning_rate(schedule(progress.step()));
      Tape tape;
      Tensor loss = cross_entropy(net(images), labels);
      adam.step(tape.gradients(loss));
      progress.add_batch(loss.item());
    }
    progress.end_epoch();
    progress.print();
  }

  const example::Result result = example::evaluate(net, cifar.test);
  example::report(options, net, result, progress);
  std::printf("expected: 70 %% or more after 10 epochs\n");
  std::printf("test accuracy: %s\n", example::percent(result.accuracy).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  return example::run(argc, argv, "A convolutional network on CIFAR-10",
                      {.epochs = 10, .batch_size = 32, .lr = 1e-3, .init = "keras"}, cifar10_cnn);
}
