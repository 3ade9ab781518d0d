// The code of docs/from-pytorch.md and docs/from-keras.md, compiled and run.

#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "ops_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

// [torch-net]
struct Net : nn::Module {
  nn::Conv2d conv{1, 8, 3, {.padding = 1}};
  nn::Linear fc{8 * 4 * 4, 10};

  Tensor forward(const Tensor& x) override { return fc(max_pool2d(relu(conv(x)), 2).flatten(1)); }
  void visit(nn::Visitor& v) override {
    v("conv", conv);  // the names of the state dict: "conv.weight"
    v("fc", fc);
  }
};
// [/torch-net]

data::Dataset some_images() {
  return data::TensorDataset(random_tensor<float>({16, 1, 8, 8}, 1),
                             random_integers({16}, 2, 0, 2));
}

}  // namespace

TEST_CASE("from-pytorch.md: training and weights", "[docs]") {
  const auto train = some_images();
  // [torch-step]
  Net net;
  optim::AdamW optimizer(net, {.lr = 1e-3});
  data::DataLoader loader(train, {.batch_size = 8, .shuffle = true});
  for (auto& [images, labels] : loader) {
    Tape tape;  // inside the loop: records until the scope ends
    Tensor loss = cross_entropy(net(images), labels);
    optimizer.step(tape.gradients(loss));  // no zero_grad, no backward
  }
  // [/torch-step]
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/net.safetensors";
  io::save(net, path);
  // [torch-weights]
  io::load(net, path);  // throws one error that lists what is missing, unexpected or misshapen
  const io::LoadReport report = io::load(net, path, {.strict = false});  // as strict=False
  io::save(net, path);  // safetensors.torch.load_file reads it
  // [/torch-weights]
  CHECK(report.missing.empty());
  const Tensor images = random_tensor<float>({2, 1, 8, 8}, 3);
  // [torch-second]
  Tape outer;
  Tensor input = outer.watch(images);
  Tensor slope;
  {
    Tape inner;
    slope = inner.gradients(sum(net(input)))[input];  // create_graph=True
  }
  Tensor penalty = mean(square(sqrt(sum(square(slope.flatten(1)), 1)) - 1));
  const Gradients gradients = outer.gradients(penalty);
  // [/torch-second]
  CHECK(gradients[net.fc.weight].defined());
}

TEST_CASE("from-keras.md: training and weights", "[docs]") {
  const auto train = some_images();
  // [keras-fit]
  manual_seed(1);
  nn::Sequential net{nn::Conv2d(1, 8, 3), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                     nn::Linear(8 * 3 * 3, 2)};
  nn::init::keras(net);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.eps = 1e-7}),
                  {.metrics = {Accuracy()}});
  History history = trainer.fit(train, {.epochs = 5, .batch_size = 8, .verbose = Verbose::silent});
  Scores scores = trainer.evaluate(train);
  Tensor probabilities = softmax(trainer.predict(train), 1);
  // [/keras-fit]
  CHECK(scores["loss"] < 1);
  CHECK(probabilities.shape() == Shape{16, 2});
  data::DataLoader loader(train, {.batch_size = 8});
  // [keras-loop]
  optim::Adam adam(net);
  for (auto& [images, labels] : loader) {
    Tape tape;  // with tf.GradientTape() as tape
    Tensor loss = cross_entropy(net(images), labels);
    adam.step(tape.gradients(loss));  // apply_gradients
  }
  // [/keras-loop]
  const TemporaryFolder folder;
  const std::string kernel_path = folder.path() + "/kernel.npy";
  const std::string dense_path = folder.path() + "/dense.npy";
  const Tensor kernel = random_tensor<float>({3, 3, 1, 8}, 4),
               dense = random_tensor<float>({72, 2}, 5);
  io::save_npy(kernel_path, kernel);
  io::save_npy(dense_path, dense);
  auto& conv = net.get<nn::Conv2d>(0);
  auto& fc = net.get<nn::Linear>(4);
  // [keras-weights]
  conv.weight = io::load_npy<float>(kernel_path).permute({3, 2, 0, 1});  // (KH, KW, in, out)
  fc.weight = io::load_npy<float>(dense_path).t();                       // (in, out)
  // [/keras-weights]
  CHECK(conv.weight(7, 0, 1, 2) == kernel(1, 2, 0, 7));
  CHECK(fc.weight(1, 70) == dense(70, 1));
}
