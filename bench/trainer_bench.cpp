// What Trainer::fit() costs beside the loop that it does the work of: an epoch of twenty steps.

#include <tenon/tenon.hpp>

#include "case.hpp"

namespace tenon::bench {
namespace {

constexpr Index batch = 64, steps = 20;

struct Training {
  nn::Sequential net{nn::Conv2d(1, 32, 3),  nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(32, 64, 3), nn::ReLU(), nn::MaxPool2d(2),
                     nn::Conv2d(64, 64, 3), nn::ReLU(), nn::Flatten(),
                     nn::Linear(576, 64),   nn::ReLU(), nn::Linear(64, 10)};
  data::TensorDataset<Tensor, LongTensor> data{randn({batch * steps, 1, 28, 28}),
                                               randint(0, 10, {batch * steps})};
};

struct Loop : Training {
  optim::Adam adam{net};
  data::DataLoader<Tensor, LongTensor> loader{data, {.batch_size = batch, .shuffle = true}};
  void run() {
    for (auto& [images, labels] : loader) {
      Tape tape;
      const Tensor loss = cross_entropy(net(images), labels);
      adam.step(tape.gradients(loss));
      keep(loss);
    }
  }
};

struct Fit : Training {
  Trainer trainer{net, nn::CrossEntropyLoss(), optim::Adam(net), {.metrics = {Accuracy()}}};
  void run() { trainer.fit(data, {.batch_size = batch, .verbose = Verbose::silent}); }
};

template <class Kind>
std::function<void()> epoch() {
  return [kind = std::make_shared<Kind>()] { kind->run(); };
}

// Of the three convolutions and the first linear layer, thrice.
constexpr double flops =
    6.0 * batch * steps * (676 * 32 * 9 + 121 * 64 * 288 + 9 * 64 * 576 + 576 * 64);

const bool registered =
    (cases().push_back({"trainer/loop/mnist_cnn 20x64", flops, 0, [] { return epoch<Loop>(); }}),
     cases().push_back({"trainer/fit/mnist_cnn 20x64", flops, 0, [] { return epoch<Fit>(); }}),
     true);

}  // namespace
}  // namespace tenon::bench
