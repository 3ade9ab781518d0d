// Whole models: one step of the optimiser, inference of a batch, and of one sample.

#include <tenon/tenon.hpp>

#include "case.hpp"

namespace tenon::bench {
namespace {

nn::Sequential cnn(Index channels, Index features) {
  return nn::Sequential{nn::Conv2d(channels, 32, 3), nn::ReLU(), nn::MaxPool2d(2),
                        nn::Conv2d(32, 64, 3),       nn::ReLU(), nn::MaxPool2d(2),
                        nn::Conv2d(64, 64, 3),       nn::ReLU(), nn::Flatten(),
                        nn::Linear(features, 64),    nn::ReLU(), nn::Linear(64, 10)};
}

struct Model {
  std::string name;
  std::function<nn::Sequential()> make;
  Shape batch, one;
  double flops;  // of the forward pass of a batch
  /// The mean loss of what the net says of the batch.
  std::function<std::function<Tensor(const Tensor&)>()> loss;
};

std::function<void()> training(const Model& model) {
  struct State {
    nn::Sequential net;
    optim::Adam adam;
    Tensor x;
    std::function<Tensor(const Tensor&)> loss;
    explicit State(const Model& m) : net(m.make()), adam(net), x(randn(m.batch)), loss(m.loss()) {}
  };
  return [state = std::make_shared<State>(model)] {
    Tape tape;
    const Tensor loss = state->loss(state->net(state->x));
    state->adam.step(tape.gradients(loss));
  };
}

std::function<void()> inference(const Model& model, const Shape& shape) {
  auto net = std::make_shared<nn::Sequential>(model.make());
  net->eval();
  const Tensor x = randn(shape);
  nn::prepack(*net, x);
  return [net, x] { keep((*net)(x)); };
}

bool add(const Model& m) {
  cases().push_back({"model/train_step/" + m.name, 3 * m.flops, 0, [=] { return training(m); }});
  cases().push_back({"model/infer/" + m.name, m.flops, 0, [=] { return inference(m, m.batch); }});
  cases().push_back({"model/infer_one/" + m.name, m.flops / static_cast<double>(m.batch[0]), 0,
                     [=] { return inference(m, m.one); }});
  // The same once more, beside a peer that prepares its models, too.
  cases().push_back({"model/frozen/" + m.name, m.flops, 0, [=] { return inference(m, m.batch); }});
  cases().push_back({"model/frozen_one/" + m.name, m.flops / static_cast<double>(m.batch[0]), 0,
                     [=] { return inference(m, m.one); }});
  return true;
}

std::function<Tensor(const Tensor&)> classes(Index n) {
  return [labels = randint(0, 10, {n})](const Tensor& y) { return cross_entropy(y, labels); };
}

// Multiplications and additions of the three convolutions and the first linear layer.
constexpr double mnist_flops = 2.0 * 64 * (676 * 32 * 9 + 121 * 64 * 288 + 9 * 64 * 576 + 576 * 64);
constexpr double cifar_flops =
    2.0 * 32 * (900 * 32 * 27 + 169 * 64 * 288 + 16 * 64 * 576 + 1024 * 64);
constexpr double medical_flops = 2.0 * 32 * (30 * 64 + 64 * 32 + 32);

const bool registered[] = {
    add({"mnist_cnn b64",
         [] { return cnn(1, 576); },
         {64, 1, 28, 28},
         {1, 1, 28, 28},
         mnist_flops,
         [] { return classes(64); }}),
    add({"cifar_cnn b32",
         [] { return cnn(3, 1024); },
         {32, 3, 32, 32},
         {1, 3, 32, 32},
         cifar_flops,
         [] { return classes(32); }}),
    add({"medical_mlp b32",
         [] {
           return nn::Sequential{nn::Linear(30, 64), nn::ReLU(), nn::Linear(64, 32), nn::ReLU(),
                                 nn::Linear(32, 1)};
         },
         {32, 30},
         {1, 30},
         medical_flops,
         [] {
           return [t = randint(0, 2, {32, 1}).to<float>()](const Tensor& y) {
             return binary_cross_entropy_with_logits(y, t);
           };
         }}),
};

}  // namespace
}  // namespace tenon::bench
