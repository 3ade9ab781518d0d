// What each way of using an installed Tenon must be able to build, link and run: it touches the
// kernels (OpenMP), the files (JSON, zlib), exceptions across the library's border, and threads.

#include <cstdio>
#include <tenon/tenon.hpp>

using namespace tenon;

namespace {

bool learns() {
  manual_seed(1);
  nn::Sequential net{nn::Linear(64, 256), nn::Tanh(), nn::Linear(256, 1)};
  optim::Adam adam(net, {.lr = 1e-2});
  const Tensor x = randn({512, 64});
  const Tensor y = sum(x, {1}, true) * 0.1;
  float first = 0, last = 0;
  for (int step = 0; step < 40; ++step) {
    Tape tape;
    Tensor loss = mse_loss(net(x), y);
    adam.step(tape.gradients(loss));
    (step == 0 ? first : last) = loss.item();
  }
  return last < 0.1F * first;
}

bool keeps_weights() {
  const Tensor weight = randn({3, 4});
  io::save_safetensors("consumer.safetensors", {{"weight", weight}});
  const Tensor loaded = io::load_safetensors("consumer.safetensors").get<float>("weight");
  std::remove("consumer.safetensors");
  return equal(loaded, weight);
}

bool errors_arrive() {
  try {
    matmul(ones({2, 3}), ones({2, 3}));
  } catch (const ShapeError&) {
    try {
      data::load_idx("no such file.gz");
    } catch (const IoError&) {
      return true;
    }
  }
  return false;
}

}  // namespace

int main() {
  const bool learned = learns(), kept = keeps_weights(), arrived = errors_arrive();
  std::printf("learns %d, keeps weights %d, errors arrive %d\n", learned, kept, arrived);
  return learned && kept && arrived ? 0 : 1;
}
