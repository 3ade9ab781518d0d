// The layers of sequences, volumes and images.

#include <cmath>

#include "nn_support.hpp"
#include "tenon/nn/conv1d.hpp"
#include "tenon/nn/conv3d.hpp"
#include "tenon/nn/group_norm.hpp"
#include "tenon/nn/images.hpp"
#include "tenon/nn/pool1d.hpp"
#include "tenon/nn/prepack.hpp"
#include "tenon/ops/conv1d.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/ops/conv3d.hpp"
#include "tenon/ops/pad.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

double largest(const Tensor& x) { return std::max(max(x).item(), max(-x).item()); }

template <class Layer>
void check_start(const Layer& layer, const Shape& weight, Index fan) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan));
  CHECK(layer.weight.shape() == weight);
  CHECK(largest(layer.weight) <= bound);
  CHECK(largest(layer.weight) > 0.8 * bound);
  CHECK(largest(layer.bias) <= bound);
}

}  // namespace

TEST_CASE("Convolutional layers have PyTorch's shapes and bounds", "[nn][conv1d]") {
  manual_seed(1);
  nn::Conv1d one(8, 6, 5, {.padding = Padding::same, .groups = 2});
  check_start(one, {6, 4, 5}, 20);
  CHECK(one(ones({2, 8, 7})).shape() == Shape{2, 6, 7});
  CHECK(one.description() == "Conv1d(8 -> 6, kernel 5, padding same, groups 2)");
  nn::ConvTranspose1d back(8, 6, 4, {.stride = 2, .padding = 1});
  check_start(back, {8, 6, 4}, 24);
  CHECK(back(ones({2, 8, 7})).shape() == Shape{2, 6, 14});
  CHECK(back.description() == "ConvTranspose1d(8 -> 6, kernel 4, stride 2, padding 1)");
  nn::Conv3d three(4, 6, {3, 2, 1}, {.stride = {1, 2, 1}});
  check_start(three, {6, 4, 3, 2, 1}, 24);
  CHECK(three(ones({2, 4, 3, 4, 5})).shape() == Shape{2, 6, 1, 2, 5});
  CHECK(three.description() == "Conv3d(4 -> 6, kernel (3, 2, 1), stride (1, 2, 1))");
  nn::Conv1d bare(1, 1, 1, {.bias = false});
  CHECK_FALSE(bare.bias.defined());
  CHECK(nn::parameters(bare).size() == 1);
  CHECK(error_of<ValueError>([] { nn::Conv1d(1, 1, 0); }).find("[Conv1d] channels and kernel") ==
        0);
  CHECK(error_of<ValueError>([] { nn::Conv3d(3, 2, 1, {.groups = 2}); }).find("groups = 2 must") !=
        std::string::npos);
}

TEST_CASE("The padding of sequences and volumes may mirror, repeat and go around", "[nn][conv1d]") {
  const auto x = random_tensor<float>({2, 4, 9}, 1),
             volume = random_tensor<float>({1, 2, 5, 4, 6}, 2);
  for (const PadMode mode : {PadMode::reflect, PadMode::replicate, PadMode::circular}) {
    nn::Conv1d one(4, 6, 3, {.stride = 2, .padding = 2, .padding_mode = mode});
    CHECK(same_bits(one(x),
                    conv1d(pad(x, {2}, {.mode = mode}), one.weight, one.bias, {.stride = 2})));
    nn::Conv1d even(4, 4, 4, {.padding = Padding::same, .padding_mode = mode});
    CHECK(same_bits(even(x), conv1d(pad(x, {{1, 2}}, {.mode = mode}), even.weight, even.bias)));
    nn::Conv3d three(2, 3, 3, {.padding = {1, 0, 2}, .padding_mode = mode});
    CHECK(same_bits(three(volume),
                    conv3d(pad(volume, {1, 0, 2}, {.mode = mode}), three.weight, three.bias)));
  }
  CHECK(nn::Conv1d(1, 2, 3, {.padding = 1, .padding_mode = PadMode::circular}).description() ==
        "Conv1d(1 -> 2, kernel 3, padding 1, padding_mode circular)");
  CHECK_THROWS_AS(
      nn::Conv3d(1, 2, 3,
                 {.stride = {1, 2, 1}, .padding = Padding::same, .padding_mode = PadMode::reflect}),
      ValueError);
}

TEST_CASE("A layer with padding same keeps the image's size, packed or not", "[nn][conv2d]") {
  nn::Sequential net{nn::Conv2d(2, 3, {2, 5}, {.padding = Padding::same})};
  const auto x = random_tensor<float>({2, 2, 9, 8}, 1);
  const Tensor y = net(x);
  CHECK(y.shape() == Shape{2, 3, 9, 8});
  net.eval();
  nn::prepack(net, x);
  CHECK(same_bits(net(x), y));
  CHECK(nn::to_string(net).find("padding same") != std::string::npos);
}

TEST_CASE("Normalising layers count and track as PyTorch's", "[nn][group_norm]") {
  nn::GroupNorm group(2, 4);
  CHECK(nn::parameters(group).size() == 2);
  CHECK(group.description() == "GroupNorm(2, 4)");
  const auto x = random_tensor<float>({3, 4, 5}, 1);
  CHECK(same_bits(group(x), group_norm(x, 2, ones({4}), zeros({4}))));
  CHECK(error_of<ShapeError>([&] {
          group(ones({3, 6, 5}));
        }).find("made for 4 channels") != std::string::npos);
  CHECK(error_of<ValueError>([] { nn::GroupNorm(3, 4); }).find("must divide") != std::string::npos);

  nn::InstanceNorm1d plain(4);
  CHECK(nn::parameters(plain).empty());
  CHECK(same_bits(plain(x), instance_norm(x)));
  nn::InstanceNorm1d tracking(4, {.affine = true, .track_running_stats = true});
  CHECK(nn::named_tensors(tracking).size() == 4);
  tracking(x);
  CHECK(largest(tracking.running_mean) > 0);
  tracking.eval();
  CHECK_FALSE(same_bits(tracking(x), plain(x)));
  CHECK(tracking.description() == "InstanceNorm1d(4, affine=true, track_running_stats=true)");
  nn::InstanceNorm2d images(4);
  CHECK(error_of<ShapeError>([&] {
          images(x);
        }).find("[InstanceNorm2d] x must have the axes NCHW") != std::string::npos);
  CHECK(error_of<ValueError>([] { nn::InstanceNorm2d(0); }).find("at least 1") !=
        std::string::npos);
  CHECK(error_of<ValueError>([] {
          nn::InstanceNorm2d(1, {.momentum = 2});
        }).find("momentum must lie in [0, 1]") != std::string::npos);
}

TEST_CASE("Layers without parameters call their operations", "[nn][images]") {
  const auto x = random_tensor<float>({2, 4, 6, 6}, 1);
  nn::Sequential net{nn::Pad({1, 1}, {.mode = PadMode::reflect}),
                     nn::PixelUnshuffle(2),
                     nn::PixelShuffle(2),
                     nn::Upsample({.size = 12}),
                     nn::AdaptiveMaxPool2d({4, 3}),
                     nn::Unfold(2),
                     nn::Fold({4, 3}, 2),
                     nn::LocalResponseNorm(3),
                     nn::Dropout2d(0.5)};
  net.eval();
  CHECK(net(x).shape() == Shape{2, 4, 4, 3});
  net.train();
  CHECK_FALSE(same_bits(net(x), net(x)));
  nn::Sequential sequence{nn::MaxPool1d(2), nn::AvgPool1d(2, {.stride = 1}),
                          nn::AdaptiveAvgPool1d(3), nn::Dropout1d(0.5)};
  sequence.eval();
  CHECK(sequence(x.flatten(2)).shape() == Shape{2, 4, 3});
  const auto [values, indices] = max_pool2d_with_indices(x, 2);
  nn::MaxUnpool2d unpool(2);
  CHECK(unpool(values, indices).shape() == x.shape());
  CHECK(nn::to_string(net).find("PixelUnshuffle()") != std::string::npos);
}
