#include "tenon/nn/fold_batch_norm.hpp"

#include <utility>

#include "nn_support.hpp"
#include "tenon/nn/tanh.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// Parameters and statistics as after some training.
template <class T, class Norm>
void season(Norm& norm, std::uint64_t seed) {
  const Shape shape{norm.num_features()};
  if (norm.weight.defined()) norm.weight = random_tensor<T>(shape, seed, -2, 2);
  if (norm.bias.defined()) norm.bias = random_tensor<T>(shape, seed + 1, -2, 2);
  norm.running_mean = random_tensor<T>(shape, seed + 2, -2, 2);
  norm.running_var = random_tensor<T>(shape, seed + 3, 0.1, 3);
}

template <class T>
constexpr double rounding = sizeof(T) == sizeof(float) ? 2e-6 : 4e-15;

template <class T>
double largest_difference(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  double scale = 0;
  for (T v : values_of(b)) scale = std::max(scale, std::abs(static_cast<double>(v)));
  return max_error(a, b) / std::max(1.0, scale);
}

}  // namespace

TEMPLATE_TEST_CASE("a folded convolution computes what it and its norm do", "[nn][fold_batch_norm]",
                   float, double) {
  using T = TestType;
  manual_seed(1);
  const auto x = random_tensor<T>({2, 4, 6, 5}, 1);
  for (const bool bias : {true, false}) {
    for (const Index groups : {1, 2, 4}) {
      for (const bool affine : {true, false}) {
        INFO("bias " << bias << " groups " << groups << " affine " << affine);
        nn::BasicConv2d<T> conv(4, 8, 3, {.padding = 1, .groups = groups, .bias = bias});
        nn::BasicBatchNorm2d<T> norm(8, {.eps = 1e-2, .affine = affine});
        season<T>(norm, 2);
        norm.eval();
        auto folded = nn::fold_batch_norm(conv, norm);
        CHECK(folded.bias.defined());
        CHECK(largest_difference(folded(x), norm(conv(x))) <= rounding<T>);
        CHECK_FALSE(folded.weight.shares_storage(conv.weight));
      }
    }
  }
}

TEMPLATE_TEST_CASE("a folded linear layer computes what it and its norm do",
                   "[nn][fold_batch_norm]", float, double) {
  using T = TestType;
  manual_seed(1);
  const auto x = random_tensor<T>({5, 7}, 1);
  for (const bool bias : {true, false}) {
    nn::BasicLinear<T> linear(7, 3, {.bias = bias});
    nn::BasicBatchNorm1d<T> norm(3);
    season<T>(norm, 2);
    norm.eval();
    auto folded = nn::fold_batch_norm(linear, norm);
    CHECK(largest_difference(folded(x), norm(linear(x))) <= rounding<T>);
  }
}

TEST_CASE("every norm behind a convolution or linear layer is folded, in nested nets too",
          "[nn][fold_batch_norm]") {
  manual_seed(1);
  nn::Sequential inner{nn::Conv2d(4, 4, 3, {.padding = 1}), nn::BatchNorm2d(4), nn::ReLU()};
  nn::Sequential net{nn::BatchNorm2d(2), nn::Conv2d(2, 4, 3, {.bias = false}),
                     nn::BatchNorm2d(4), nn::BatchNorm2d(4),
                     nn::ReLU(),         std::move(inner),
                     nn::BatchNorm2d(4), nn::Flatten(),
                     nn::Linear(64, 5),  nn::BatchNorm1d(5),
                     nn::Linear(5, 3),   nn::Tanh(),
                     nn::BatchNorm1d(3)};
  season<float>(net.get<nn::BatchNorm2d>(0), 10);
  season<float>(net.get<nn::BatchNorm2d>(2), 20);
  season<float>(net.get<nn::BatchNorm2d>(3), 30);
  season<float>(net.get<nn::Sequential>(5).get<nn::BatchNorm2d>(1), 40);
  season<float>(net.get<nn::BatchNorm2d>(6), 50);
  season<float>(net.get<nn::BatchNorm1d>(9), 60);
  season<float>(net.get<nn::BatchNorm1d>(12), 70);
  net.eval();
  const Tensor x = random_tensor<float>({3, 2, 6, 6}, 1);
  const Tensor before = net(x);
  nn::Sequential folded = nn::fold_batch_norm(net);
  CHECK(nn::to_string(folded) ==
        "Sequential(\n"
        "  (0): BatchNorm2d(2)\n"
        "  (1): Conv2d(2 -> 4, kernel 3)\n"
        "  (2): ReLU()\n"
        "  (3): Sequential(\n"
        "    (0): Conv2d(4 -> 4, kernel 3, padding 1)\n"
        "    (1): ReLU()\n"
        "  )\n"
        "  (4): BatchNorm2d(4)\n"
        "  (5): Flatten()\n"
        "  (6): Linear(64 -> 5)\n"
        "  (7): Linear(5 -> 3)\n"
        "  (8): Tanh()\n"
        "  (9): BatchNorm1d(3)\n"
        ")");
  CHECK(largest_difference(folded(x), before) <= 2e-6);
  CHECK_FALSE(folded.is_training());
  CHECK(net.size() == 13);  // a copy was folded
  CHECK(same_bits(net(x), before));
}

TEST_CASE("layers whose weights are tied get norms of their own folded in",
          "[nn][fold_batch_norm]") {
  nn::Sequential net{nn::Linear(3, 3), nn::BatchNorm1d(3), nn::Linear(3, 3), nn::BatchNorm1d(3)};
  net.get<nn::Linear>(2).weight.tie(net.get<nn::Linear>(0).weight);
  season<float>(net.get<nn::BatchNorm1d>(1), 10);
  season<float>(net.get<nn::BatchNorm1d>(3), 20);
  net.eval();
  const Tensor x = random_tensor<float>({4, 3}, 1);
  nn::Sequential folded = nn::fold_batch_norm(net);
  CHECK(folded.size() == 2);
  CHECK(largest_difference(folded(x), net(x)) <= 2e-6);
}

namespace {

/// Not a BatchNorm2d any more, whatever it computes.
struct Halved : nn::BatchNorm2d {
  using nn::BatchNorm2d::BatchNorm2d;
  Tensor forward(const Tensor& x) override { return nn::BatchNorm2d::forward(x) * 0.5; }
};

}  // namespace

TEST_CASE("layers of derived types stay as they are", "[nn][fold_batch_norm]") {
  nn::Sequential net{nn::Conv2d(1, 2, 1), Halved(2)};
  net.eval();
  CHECK(nn::fold_batch_norm(net).size() == 2);
  CHECK(nn::fold_batch_norm(nn::Sequential()).size() == 0);
}

TEST_CASE("what cannot be folded is refused", "[nn][fold_batch_norm][errors]") {
  nn::Sequential net{nn::Conv2d(1, 2, 1), nn::BatchNorm2d(2)};
  CHECK(error_of<ValueError>([&] { nn::fold_batch_norm(net); }) ==
        "[fold_batch_norm] BatchNorm2d(2) behind Conv2d(1 -> 2, kernel 1) is in training mode, in "
        "which it normalises by each batch; hint: call net.eval() first");
  CHECK(net.size() == 2);
  nn::Sequential forgetful{nn::Linear(1, 2), nn::BatchNorm1d(2, {.track_running_stats = false})};
  forgetful.eval();
  CHECK(error_of<ValueError>([&] { nn::fold_batch_norm(forgetful); }) ==
        "[fold_batch_norm] BatchNorm1d(2, track_running_stats=false) behind Linear(1 -> 2) has no "
        "running statistics and normalises by each batch; hint: a norm with track_running_stats "
        "can be folded");
  nn::Linear linear(1, 2);
  nn::BatchNorm1d norm(3);
  norm.eval();
  CHECK(error_of<ShapeError>([&] { nn::fold_batch_norm(linear, norm); }) ==
        "[fold_batch_norm] BatchNorm1d(3) behind Linear(1 -> 2) normalises 3 channels but gets 2; "
        "hint: num_features must be the number of channels of the layer before");
  nn::Linear moved = std::move(linear);
  CHECK_THROWS_AS(nn::fold_batch_norm(linear, norm), ValueError);  // NOLINT: on purpose
}
