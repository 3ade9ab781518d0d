// Trains a CNN on MNIST and saves it: a program of ordinary size, whose own is measured by
// scripts/check_budgets.sh.
//
//   mnist_trainer DATA_DIR WEIGHTS

#include <cstdio>
#include <exception>
#include <tenon/tenon.hpp>

using namespace tenon;

namespace {

double accuracy(nn::Module& net, const data::Dataset& test) {
  constexpr Index batch = 500;
  Index right = 0;
  net.eval();
  for (Index begin = 0; begin < test.size(); begin += batch) {
    const auto [images, labels] = test.batch(begin, std::min(begin + batch, test.size()));
    const LongTensor predicted = argmax(net(images), 1);
    for (Index i = 0; i < labels.numel(); ++i) right += predicted(i) == labels(i) ? 1 : 0;
  }
  net.train();
  return static_cast<double>(right) / static_cast<double>(test.size());
}

void train(const char* folder, const char* weights) {
  const auto [images, test] = data::load_mnist(folder);
  manual_seed(1);
  nn::Sequential net{nn::Conv2d(1, 32, 3),  nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(32, 64, 3), nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(64, 64, 3), nn::ReLU(), nn::Flatten(),
                     nn::Linear(576, 64),   nn::ReLU(), nn::Linear(64, 10)};
  optim::Adam adam(net, {.lr = 1e-3});
  data::DataLoader loader(images, {.batch_size = 64, .shuffle = true});
  for (int epoch = 0; epoch < 5; ++epoch) {
    for (auto& [x, labels] : loader) {
      Tape tape;
      adam.step(tape.gradients(cross_entropy(net(x), labels)));
    }
    std::printf("%d: %.4f\n", epoch + 1, accuracy(net, test));
  }
  io::save(net, weights);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 1;
  try {
    train(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
