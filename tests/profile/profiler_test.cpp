// What is counted, and for which layer and operation.

#include "tenon/profile/profiler.hpp"

#include "profile_support.hpp"
#include "tenon/autograd/custom.hpp"
#include "tenon/data/dataloader.hpp"
#include "tenon/nn/dropout.hpp"
#include "tenon/nn/lambda.hpp"
#include "tenon/nn/tanh.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/mse_loss.hpp"
#include "tenon/optim/adam.hpp"
#include "tenon/optim/clip.hpp"
#include "tenon/optim/sgd.hpp"
#include "tenon/profile/machine_limits.hpp"
#include "tenon/tensor/impl.hpp"

using namespace tenon;
using namespace tenon::test;
using Kind = ProfileEntry::Kind;

TEST_CASE("a training step is told apart by layer and operation", "[profile][profiler][tiny]") {
  nn::Sequential net{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Flatten(), nn::Linear(144, 10)};
  optim::Adam adam(net);
  const Tensor images = rand({5, 1, 8, 8});
  const LongTensor labels = random_integers({5}, 1, 0, 10);
  constexpr int steps = 3;

  Profiler profiler(no_peak);
  for (int i = 0; i < steps; ++i) {
    Tape tape;
    adam.step(tape.gradients(cross_entropy(net(images), labels)));
  }
  profiler.stop();
  const auto entries = profiler.entries(net);
  check_sums(entries, profiler.seconds());

  const ProfileEntry whole = line(entries, "", "");
  CHECK(whole.kind == Kind::layer);
  CHECK(whole.description == "Sequential()");
  CHECK(whole.depth == 0);
  CHECK(whole.forward.calls == steps);

  // Multiply-adds for 5 images of 6 x 6 outputs, 4 channels, 9 taps; backward only the weight's,
  // with ReLU's and the bias' gradients: images are constants.
  const Index y = 5 * 4 * 36, products = y * 9;
  const ProfileEntry conv = line(entries, "0", "conv2d_relu");
  CHECK(conv.kind == Kind::operation);
  CHECK(conv.depth == 2);
  CHECK(conv.description == "Conv2d(1 -> 4, kernel 3)");
  CHECK(conv.forward.calls == steps);
  CHECK(conv.backward.calls == steps);
  CHECK(conv.forward.flops == steps * 2 * products);
  CHECK(conv.backward.flops == steps * (2 * products + y + y));
  CHECK(conv.forward.bytes == steps * 4 * (5 * 64 + 36 + y));
  CHECK(conv.backward.seconds > 0);
  const ProfileEntry conv_layer = line(entries, "0", "");
  CHECK(conv_layer.forward.calls == steps);
  CHECK(conv_layer.total().flops == conv.total().flops);

  // y = x w^T + b; dx = dy w, dw = dy^T x, db = sum dy.
  const ProfileEntry linear = line(entries, "3", "linear");
  CHECK(linear.forward.flops == steps * 2 * 5 * 144 * 10);
  CHECK(linear.backward.flops == steps * (2 * 2 * 5 * 144 * 10 + 5 * 10));

  const ProfileEntry loss = line(entries, "", "cross_entropy");
  CHECK(loss.depth == 0);
  CHECK(loss.forward.calls == steps);
  CHECK(loss.backward.calls >= steps);
  CHECK(loss.backward.seconds > 0);

  const ProfileEntry sweep = line(entries, "", "gradients");
  CHECK(sweep.forward.seconds == 0);
  CHECK(sweep.backward.calls == steps);

  const ProfileEntry step = line(entries, "", "Adam.step");
  CHECK(step.kind == Kind::optimizer);
  CHECK(step.forward.calls == steps);
  CHECK(step.forward.flops == steps * 14 * nn::count_parameters(net));
  CHECK(step.backward.seconds == 0);

  CHECK(entries.back().kind == Kind::elsewhere);
  CHECK(whole.total().flops ==
        conv.total().flops + linear.total().flops + line(entries, "2", "").total().flops);
}

TEMPLATE_TEST_CASE("inference has a forward pass only", "[profile][profiler]", float, double) {
  using T = TestType;
  nn::BasicSequential<T> net{nn::BasicLinear<T>(3, 4), nn::BasicTanh<T>(),
                             nn::BasicLinear<T>(4, 2)};
  const auto x = random_tensor<T>({7, 3}, 1);
  Profiler profiler(no_peak);
  net(x);
  net(x);
  profiler.stop();
  const auto entries = profiler.entries(net);
  check_sums(entries, profiler.seconds());
  CHECK(line(entries, "0", "linear").forward.flops == 2 * 2 * 7 * 3 * 4);
  CHECK(line(entries, "1", "tanh").forward.flops == 2 * 7 * 4);
  CHECK(line(entries, "1", "tanh").forward.bytes == 2 * 2 * 7 * 4 * static_cast<Index>(sizeof(T)));
  CHECK(line(entries, "2", "linear").forward.flops == 2 * 2 * 7 * 4 * 2);
  for (const ProfileEntry& e : entries) {
    CHECK(e.backward.seconds == 0);
    CHECK(e.backward.calls == 0);
  }
}

TEST_CASE("nested modules have their paths and what runs inside them", "[profile][profiler]") {
  Model model;
  Profiler profiler(no_peak);
  {
    Tape tape;
    tape.gradients(sum(model(ones({2, 2}))));
  }
  profiler.stop();
  const auto entries = profiler.entries(model);
  check_sums(entries, profiler.seconds());

  const auto layer_depth = [&](const char* path) { return line(entries, path, "").depth; };
  CHECK(layer_depth("") == 0);
  CHECK(layer_depth("layers.0") == 1);
  CHECK(layer_depth("layers.1") == 1);
  CHECK(layer_depth("encoder") == 1);
  CHECK(layer_depth("encoder.0") == 2);
  CHECK(layer_depth("encoder.0.fc") == 3);
  CHECK(line(entries, "encoder.0", "mul").depth == 3);
  CHECK(line(entries, "", "relu").forward.calls == 2);  // of the model itself
  CHECK(line(entries, "encoder.0.fc", "").description == "Linear(3 -> 3)");

  const auto total = [&](const char* path) { return line(entries, path, "").total().seconds; };
  const auto self = [&](const char* path) { return line(entries, path, "").self_seconds; };
  const double rounding = 1e-8;
  CHECK(std::abs(total("encoder.0") - self("encoder.0") - total("encoder.0.fc")) < rounding);
  CHECK(std::abs(total("encoder") - self("encoder") - total("encoder.0") - total("encoder.1") -
                 total("encoder.2")) < rounding);
  CHECK(std::abs(total("") - self("") - total("layers.0") - total("layers.1") - total("encoder")) <
        rounding);
  for (const char* path : {"encoder", "encoder.0", "encoder.0.fc", "layers.0"}) {
    CHECK(line(entries, path, "").backward.seconds > 0);
  }

  const auto unnamed = profiler.entries();
  check_sums(unnamed, profiler.seconds());
  CHECK(unnamed.size() == entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(unnamed[i].layer.empty());
    CHECK(unnamed[i].description == entries[i].description);
    CHECK(unnamed[i].name == entries[i].name);
    CHECK(unnamed[i].depth == entries[i].depth);
  }
}

TEST_CASE("operations outside of layers, and those made of others", "[profile][profiler]") {
  const Tensor a = rand({4, 6}), b = rand({6, 5}), target = rand({4, 5});
  Profiler profiler(no_peak);
  mse_loss(matmul(a, b), target);
  matmul(a[0], b);  // a row: a product of (1, 6) and (6, 5) inside
  profiler.stop();
  const auto entries = profiler.entries();
  check_sums(entries, profiler.seconds());
  CHECK(line(entries, "", "matmul").forward.calls == 2);
  CHECK(line(entries, "", "matmul").forward.flops == 2 * 4 * 6 * 5 + 2 * 6 * 5);
  // (x - t)^2, their sum, and a division: part of the loss, without lines of their own.
  CHECK(line(entries, "", "mse_loss").forward.flops == 20 + 20 + 20 + 1);
  CHECK_FALSE(has_line(entries, "sub"));
  CHECK_FALSE(has_line(entries, "sum"));
}

TEST_CASE("bytes allocated are those of the tensors made", "[profile][profiler]") {
  const Tensor a = rand({100}), b = rand({100});
  Profiler profiler(no_peak);
  Tensor c = a + b;
  c = a + b;
  profiler.stop();
  const Index each = static_cast<Index>(sizeof(detail::TensorImpl) + 100 * sizeof(float));
  CHECK(line(profiler.entries(), "", "add").forward.allocated_bytes == 2 * each);
}

TEST_CASE("a layer has one line wherever it is called from", "[profile][profiler]") {
  struct Twice : nn::Module {
    nn::Linear fc{3, 3};
    nn::Lambda again{[this](const Tensor& x) { return fc(x); }, "again"};
    Tensor forward(const Tensor& x) override { return again(fc(x)); }
    void visit(nn::Visitor& v) override {
      v("fc", fc);
      v("again", again);
    }
  };
  Twice model;
  Profiler profiler(no_peak);
  model(ones({2, 3}));
  profiler.stop();
  const auto entries = profiler.entries(model);
  check_sums(profiler.entries(), profiler.seconds());
  CHECK(line(entries, "fc", "").forward.calls == 2);
  CHECK(line(entries, "fc", "linear").forward.calls == 2);
  // The second call is within the lambda, too, but does not count twice for the model.
  CHECK(line(entries, "again", "").forward.flops == 2 * 2 * 3 * 3);
  CHECK(line(entries, "", "").forward.flops == 2 * 2 * 2 * 3 * 3);
}

TEST_CASE("a layer that calls itself counts once", "[profile][profiler]") {
  struct Countdown : nn::Module {
    Tensor forward(const Tensor& x) override { return x.item() > 0 ? (*this)(x - 1) : x; }
  };
  Countdown model;
  Profiler profiler(no_peak);
  model(full({}, 5.0F));
  profiler.stop();
  const auto entries = profiler.entries(model);
  check_sums(entries, profiler.seconds());
  const ProfileEntry layer = line(entries, "", "");
  CHECK(layer.forward.calls == 6);
  CHECK(layer.forward.flops == 5);
  CHECK(layer.forward.seconds <= profiler.seconds());
  CHECK(line(entries, "", "sub").forward.calls == 5);
}

TEST_CASE("layers of different types at one address are told apart", "[profile][profiler]") {
  alignas(std::max_align_t) static std::byte place[1024];
  static_assert(sizeof(nn::Tanh) < sizeof place && sizeof(nn::ReLU) < sizeof place);
  Profiler profiler(no_peak);
  auto* tanh = new (place) nn::Tanh();
  (*tanh)(ones({3}));
  tanh->~BasicTanh();
  auto* relu = new (place) nn::ReLU();
  (*relu)(ones({3}));
  relu->~BasicReLU();
  profiler.stop();
  std::vector<std::string> layers;
  for (const auto& e : profiler.entries()) {
    if (e.kind == Kind::layer) layers.push_back(e.description);
  }
  CHECK(layers == std::vector<std::string>{"Tanh()", "ReLU()"});
}

TEST_CASE("a layer whose description fails is profiled without one", "[profile][profiler]") {
  struct Odd : nn::Module {
    Tensor forward(const Tensor& x) override { return x + 1; }
    std::string description() const override {
      const Tensor hidden = ones({2}) * 2;  // not to be seen
      throw 7;
    }
  };
  Odd model;
  const Tensor x = rand({3});
  Profiler profiler(no_peak);
  model(x);
  profiler.stop();
  const auto entries = profiler.entries();
  CHECK(entries[0].kind == Kind::layer);
  CHECK(entries[0].description.empty());
  CHECK_FALSE(has_line(entries, "mul"));
  CHECK(profiler.table().find("(layer): add") != std::string::npos);
}

TEST_CASE("an operation of one's own has a line for its rule", "[profile][profiler]") {
  const auto cube = [](const Tensor& x) {
    const Tensor y = x * x * x;
    return custom_function("cube", {x}, y,
                           [x](const Tensor& dy) { return std::vector<Tensor>{3 * x * x * dy}; });
  };
  const Tensor x = rand({3});
  Profiler profiler(no_peak);
  {
    Tape tape;
    const auto v = tape.watch(x);
    tape.gradients(sum(cube(v)));
  }
  profiler.stop();
  const auto entries = profiler.entries();
  check_sums(entries, profiler.seconds());
  const ProfileEntry line_of_cube = line(entries, "", "cube");
  CHECK(line_of_cube.forward.calls == 1);
  CHECK(line_of_cube.backward.calls == 1);
  CHECK(line_of_cube.backward.flops == 3 * 3);  // three products
  CHECK(line(entries, "", "mul").forward.calls == 2);
}

TEST_CASE("the gradient of a view belongs to the view", "[profile][profiler]") {
  nn::Linear layer(4, 2);
  const Tensor x = rand({6, 8});
  Profiler profiler(no_peak);
  {
    Tape tape;
    const auto v = tape.watch(x);
    tape.gradients(sum(layer(v.narrow(1, 2, 4))));
  }
  profiler.stop();
  const auto entries = profiler.entries(layer);
  check_sums(entries, profiler.seconds());
  const ProfileEntry view = line(entries, "", "view");  // in the layer, where it is first used
  CHECK(view.depth == 1);
  CHECK(view.backward.calls == 1);
  CHECK(view.backward.bytes == 4 * (48 + 3 * 24));  // zeros, and the sum into them
  CHECK(line(entries, "", "linear").backward.flops == 2 * 2 * 6 * 4 * 2 + 6 * 2);
}

TEST_CASE("derivatives of derivatives belong to the operations that they come from",
          "[profile][profiler]") {
  nn::Tanh layer;
  const Tensor x = rand({5});
  Profiler profiler(no_peak);
  {
    Tape outer;
    const auto v = outer.watch(x);
    Tensor du;
    {
      Tape inner;
      du = inner.gradients(sum(layer(v)))[v];
    }
    outer.gradients(sum(du * du));
  }
  profiler.stop();
  const auto entries = profiler.entries(layer);
  check_sums(entries, profiler.seconds());
  const ProfileEntry tanh = line(entries, "", "tanh");
  CHECK(tanh.forward.calls == 1);
  CHECK(tanh.backward.flops > 3 * 5);
  CHECK_FALSE(has_line(entries, "tanh_backward"));
  CHECK(line(entries, "", "gradients").backward.calls == 2);
}

TEST_CASE("layers that a rule calls run in the backward pass", "[profile][profiler]") {
  nn::Linear fc(3, 3);
  const Tensor x = rand({2, 3});
  Profiler profiler(no_peak);
  {
    Tape tape;
    const auto v = tape.watch(x);
    const Tensor y = custom_function("recomputed", {v}, v.detach() * 2,
                                     [&](const Tensor& dy) { return std::vector<Tensor>{fc(dy)}; });
    tape.gradients(sum(y));
  }
  profiler.stop();
  const auto entries = profiler.entries(fc);
  check_sums(entries, profiler.seconds());
  const ProfileEntry linear = line(entries, "", "linear");
  CHECK(linear.forward.calls == 0);
  CHECK(linear.backward.calls == 1);
  CHECK(linear.backward.flops == 2 * 2 * 3 * 3);
}

TEST_CASE("what was recorded before the profile began still has its layer", "[profile][profiler]") {
  nn::Sequential net{nn::Linear(3, 4), nn::Tanh()};
  Tape tape;
  const Tensor loss = sum(net(rand({2, 3})));
  Profiler profiler(no_peak);
  tape.gradients(loss);
  net(rand({2, 3}));
  profiler.stop();
  const auto entries = profiler.entries(net);
  check_sums(entries, profiler.seconds());
  const ProfileEntry linear = line(entries, "0", "linear");
  CHECK(linear.backward.calls == 1);
  CHECK(linear.backward.flops == 2 * 2 * 3 * 4 + 2 * 4);
  CHECK(linear.forward.calls == 1);
  CHECK(line(entries, "1", "tanh").backward.calls == 1);
  CHECK(line(entries, "1", "").description == "Tanh()");
}

TEST_CASE("optimisers, clipping and loaders have lines of their own", "[profile][profiler]") {
  nn::Linear net(3, 2);
  optim::SGD sgd(net, {.lr = 0.1});
  data::DataLoader loader(data::TensorDataset(rand({6, 3}), rand({6, 2})), {.batch_size = 2});
  Profiler profiler(no_peak);
  for (auto& [x, y] : loader) {
    Tape tape;
    Gradients gradients = tape.gradients(mse_loss(net(x), y));
    optim::clip_grad_norm(gradients, 1e-3);
    sgd.step(gradients);
  }
  profiler.stop();
  const auto entries = profiler.entries(net);
  check_sums(entries, profiler.seconds());
  CHECK(line(entries, "", "SGD.step").forward.calls == 3);
  CHECK(line(entries, "", "SGD.step").forward.flops == 3 * 2 * 8);
  CHECK(line(entries, "", "clip_grad_norm").forward.flops == 3 * (2 * 8 + 8));
  CHECK(line(entries, "", "DataLoader.next").forward.calls == 4);  // the last one ends the epoch
}

TEST_CASE("the machine's limits give the share of the peak", "[profile][profiler]") {
  const Tensor a = rand({256, 256}), b = rand({256, 256});
  matmul(a, b);
  Profiler profiler;
  for (int i = 0; i < 5; ++i) matmul(a, b);
  exp(a);
  profiler.stop();
  const auto entries = profiler.entries();
  const ProfileCost product = line(entries, "", "matmul").forward;
  CHECK(product.share_of_peak() > 0);
  CHECK(product.flops_per_second() == static_cast<double>(product.flops) / product.seconds);
  const MachineLimits limits = machine_limits();
  CHECK(product.seconds_at_peak == Approx(5 * 2 * 256.0 * 256 * 256 / limits.float_flops));
  const ProfileCost exponential = line(entries, "", "exp").forward;
  const double bytes = 2 * 4 * 256.0 * 256;
  CHECK(exponential.seconds_at_peak ==
        Approx(std::max(256 * 256 / limits.float_flops, bytes / limits.bandwidth(bytes))));
  CHECK(ProfileCost().share_of_peak() == 0);
}
