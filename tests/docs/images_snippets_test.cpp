// The code of docs/reference/{convolution,pooling,images,normalisation}.md, compiled and run.

#include "../nn/nn_support.hpp"
#include "tenon/nn/batch_norm.hpp"
#include "tenon/nn/conv1d.hpp"
#include "tenon/nn/group_norm.hpp"
#include "tenon/nn/images.hpp"
#include "tenon/nn/pool1d.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/ops/conv3d.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("convolution.md", "[docs]") {
  const Tensor video = ones({1, 3, 8, 16, 16}), kernels = ones({4, 3, 3, 3, 3});
  const Tensor audio = ones({2, 1, 100});
  // [convolution]
  nn::Conv1d conv(1, 16, 5, {.padding = Padding::same});
  const Tensor y = conv(audio);  // (2, 16, 100)
  const Tensor z = conv3d(video, kernels, {}, {.stride = {1, 2, 2}, .padding = 1});
  // [/convolution]
  CHECK(y.shape() == Shape{2, 16, 100});
  CHECK(z.shape() == Shape{1, 4, 8, 8, 8});
}

TEST_CASE("pooling.md", "[docs]") {
  const Tensor x = random_tensor<float>({2, 3, 6, 6}, 1);
  // [pooling]
  const auto [values, indices] = max_pool2d_with_indices(x, 2);  // (2, 3, 3, 3)
  const Tensor sparse = max_unpool2d(values, indices, 2);        // (2, 3, 6, 6)
  // [/pooling]
  CHECK(sparse.shape() == x.shape());
}

TEST_CASE("images.md", "[docs]") {
  const Tensor x = ones({1, 4, 6, 8});
  // [images]
  const Tensor wide = pad(x, {1, {0, 2}}, {.mode = PadMode::reflect});  // (1, 4, 8, 10)
  const Tensor large = interpolate(x, {.scale_factor = 2, .mode = Interpolation::bilinear});
  const Tensor columns = unfold(x, 3, {.padding = 1});  // (1, 36, 48)
  nn::Sequential up{nn::Conv2d(4, 16, 3, {.padding = 1}), nn::PixelShuffle(2)};
  // [/images]
  CHECK(wide.shape() == Shape{1, 4, 8, 10});
  CHECK(large.shape() == Shape{1, 4, 12, 16});
  CHECK(columns.shape() == Shape{1, 36, 48});
  CHECK(up(x).shape() == Shape{1, 4, 12, 16});
}

TEST_CASE("normalisation.md", "[docs]") {
  const Tensor x = random_tensor<float>({2, 8, 4, 4}, 1);
  // [normalisation]
  nn::GroupNorm norm(4, 8);  // 4 groups of 2 channels
  const Tensor y = norm(x);  // (2, 8, 4, 4)
  const Tensor each = instance_norm(x);
  // [/normalisation]
  CHECK(y.shape() == each.shape());
}
