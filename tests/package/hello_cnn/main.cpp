// The file whose compile time the budget is about: builds a CNN, trains it, looks at the result.

#include <cstdio>
#include <tenon/tenon.hpp>

using namespace tenon;

int main() {
  manual_seed(42);
  // Sixteen images: a bright left half is class 0, a bright right half class 1.
  Tensor images = rand({16, 1, 12, 12}) * 0.1;
  LongTensor labels = LongTensor::empty({16});
  for (Index i = 0; i < 16; ++i) {
    labels(i) = i % 2;
    images[i].narrow(2, 6 * (i % 2), 6).fill_(1.0F);
  }

  nn::Sequential net{nn::Conv2d(1, 8, 3), nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(8, 8, 3), nn::ReLU(), nn::Flatten(),
                     nn::Linear(72, 16),  nn::ReLU(), nn::Linear(16, 2)};
  optim::Adam adam(net, {.lr = 1e-2});
  data::DataLoader loader(data::TensorDataset(images, labels), {.batch_size = 8, .shuffle = true});

  double loss_value = 0;
  for (int epoch = 0; epoch < 20; ++epoch) {
    for (auto& [x, y] : loader) {
      Tape tape;
      Tensor loss = cross_entropy(net(x), y);
      adam.step(tape.gradients(loss));
      loss_value = loss.item();
    }
  }
  std::printf("loss %g\n", loss_value);
  return loss_value < 0.1 ? 0 : 1;
}
