#pragma once

#include <cstdint>
#include <cstring>
#include <tenon/tenon.hpp>

namespace tenon::test {

/// A small network with one of each kind of layer.
inline nn::Sequential small_cnn() {
  return nn::Sequential{nn::Conv2d(1, 6, 3, {.padding = 1}),
                        nn::BatchNorm2d(6),
                        nn::ReLU(),
                        nn::MaxPool2d(2),
                        nn::Conv2d(6, 9, 3),
                        nn::Tanh(),
                        nn::Flatten(),
                        nn::Dropout(0.25),
                        nn::Linear(225, 17),
                        nn::BatchNorm1d(17),
                        nn::Sigmoid(),
                        nn::LayerNorm(17),
                        nn::RMSNorm(17),
                        nn::Linear(17, 10)};
}

/// Random images (n, 1, 14, 14) and labels.
inline data::Dataset random_images(Index n) {
  return data::TensorDataset(rand({n, 1, 14, 14}), randint(0, 10, {n}));
}

/// FNV-1a over the bytes of all parameters and buffers.
inline std::uint64_t weights_hash(nn::Module& net) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto& [name, tensor, is_buffer] : nn::named_tensors(net)) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(tensor.data());
    const auto count = static_cast<std::size_t>(tensor.numel()) * sizeof(float);
    for (std::size_t i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
  }
  return hash;
}

/// Trains a small network from a seed and returns the hash of its weights.
inline std::uint64_t train(std::uint64_t seed, Index prefetch = 0) {
  manual_seed(seed);
  nn::Sequential net = small_cnn();
  optim::Adam adam(net, {.lr = 1e-2});
  data::DataLoader loader(random_images(70),
                          {.batch_size = 32, .shuffle = true, .prefetch = prefetch});
  for (int epoch = 0; epoch < 3; ++epoch) {
    for (auto& [images, labels] : loader) {
      Tape tape;
      adam.step(tape.gradients(cross_entropy(net(images), labels)));
    }
  }
  return weights_hash(net);
}

}  // namespace tenon::test
