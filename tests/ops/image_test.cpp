// What the table of operations does not show of the operations of images: plain loops of their
// formulas, sizes at the edge, NaN, threads, memory and messages.

#include <cmath>
#include <limits>

#include "allocation_counter.hpp"
#include "ops_support.hpp"
#include "tenon/ops/adaptive_max_pool2d.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/conv1d.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/ops/conv3d.hpp"
#include "tenon/ops/dropout.hpp"
#include "tenon/ops/group_norm.hpp"
#include "tenon/ops/interpolate.hpp"
#include "tenon/ops/max_pool2d.hpp"
#include "tenon/ops/max_unpool2d.hpp"
#include "tenon/ops/pad.hpp"
#include "tenon/ops/pixel_shuffle.hpp"
#include "tenon/ops/pool1d.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/unfold.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

bool contains(const std::string& text, const std::string& part) {
  INFO(text << " should contain " << part);
  const bool found = text.find(part) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("A convolution is the product of weights and unfolded windows", "[ops][unfold]") {
  const auto x = random_tensor<double>({2, 3, 7, 6}, 1), w = random_tensor<double>({4, 3, 3, 2}, 2);
  const auto y = conv2d(x, w, {}, {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}});
  const auto columns = unfold(x, {3, 2}, {.stride = {2, 1}, .padding = 1, .dilation = {1, 2}});
  for (Index n = 0; n < 2; ++n) {
    for (Index o = 0; o < 4; ++o) {
      for (Index l = 0; l < columns.size(2); ++l) {
        double expected = 0;
        for (Index k = 0; k < 18; ++k) {
          expected += w.flatten(1)(o, k) * columns(n, k, l);
        }
        CHECK(std::abs(y.flatten(2)(n, o, l) - expected) < 1e-12);
      }
    }
  }
}

TEST_CASE("fold counts the windows that see a pixel", "[ops][unfold]") {
  const auto ones_image = ones<double>({1, 1, 4, 4});
  const auto counts = fold(unfold(ones_image, 2), 4, 2);
  CHECK(counts(0, 0, 0, 0) == 1);
  CHECK(counts(0, 0, 0, 1) == 2);
  CHECK(counts(0, 0, 2, 1) == 4);
}

TEST_CASE("A volume's convolution is a plain sum", "[ops][conv3d]") {
  const auto x = random_tensor<double>({2, 2, 5, 4, 6}, 1);
  const auto w = random_tensor<double>({3, 2, 2, 3, 2}, 2);
  const auto y = conv3d(x, w, {}, {.stride = {2, 1, 2}, .padding = {1, 0, 1}});
  REQUIRE(y.shape() == Shape{2, 3, 3, 2, 4});
  for_each_position(y.shape(), [&](const Shape& p) {
    double expected = 0;
    for_each_position(Shape{2, 2, 3, 2}, [&](const Shape& t) {
      const Index d = p[2] * 2 - 1 + t[1], h = p[3] + t[2], i = p[4] * 2 - 1 + t[3];
      if (d < 0 || d >= 5 || i < 0 || i >= 6) return;
      expected += w(p[1], t[0], t[1], t[2], t[3]) * x(p[0], t[0], d, h, i);
    });
    CHECK(std::abs(value_at(y, p) - expected) < 1e-12);
  });
}

TEST_CASE("Padding puts numbers where its mode says", "[ops][pad]") {
  const Tensor x = tensor({1, 2, 3});
  const auto row = [&](PadWidth width, PadMode mode) {
    return values_of(pad(x, {width}, {.mode = mode, .value = 9}));
  };
  using Values = std::vector<float>;
  CHECK(row({1, 2}, PadMode::constant) == Values{9, 1, 2, 3, 9, 9});
  CHECK(row({2, 1}, PadMode::reflect) == Values{3, 2, 1, 2, 3, 2});
  CHECK(row(2, PadMode::replicate) == Values{1, 1, 1, 2, 3, 3, 3});
  CHECK(row({3, 1}, PadMode::circular) == Values{1, 2, 3, 1, 2, 3, 1});
  CHECK(row({-1, -2}, PadMode::constant).empty());
  CHECK(row({-1, 1}, PadMode::circular) == Values{2, 3, 1});
  CHECK(row({-2, 2}, PadMode::reflect) == Values{3, 2, 1});
  CHECK(row({-3, 2}, PadMode::circular) == Values{1, 2});
  const Tensor nan = pad(x, {1}, {.value = nan_value});
  CHECK(std::isnan(nan(0)));
  CHECK(nan(1) == 1);
  CHECK(pad(Tensor::empty({0, 2}), {{0, 1}}).shape() == Shape{0, 3});
  CHECK(pad(x, {}).shape() == x.shape());
}

TEST_CASE("NaN wins a max-pooling, and its position is told", "[ops][max_pool2d]") {
  auto x = random_tensor<float>({1, 1, 4, 4}, 3);
  x.data()[6] = std::numeric_limits<float>::quiet_NaN();
  const auto windows = max_pool2d_with_indices(x, 2);
  CHECK(std::isnan(windows.values(0, 0, 0, 1)));
  CHECK(windows.indices(0, 0, 0, 1) == 6);
  const auto adaptive = adaptive_max_pool2d_with_indices(x, 2);
  CHECK(same_bits(windows.values, adaptive.values));
  CHECK(equal(windows.indices, adaptive.indices));
  CHECK(std::isnan(max_pool1d(x.reshape({1, 1, 16}), 4)(0, 0, 1)));
}

TEST_CASE("The first of equal pixels wins", "[ops][adaptive_max_pool2d]") {
  const auto pooled = adaptive_max_pool2d_with_indices(zeros({1, 2, 3, 5}), {1, 2});
  CHECK(values_of(pooled.indices) == std::vector<std::int64_t>{0, 2, 0, 2});
}

TEST_CASE("Unpooling puts the winners back", "[ops][max_unpool2d]") {
  const auto x = random_tensor<double>({2, 3, 5, 4}, 1);
  const auto [y, i] = max_pool2d_with_indices(x, 2);
  const auto back = max_unpool2d(y, i, 2, {.output_size = Pair(5, 4)});
  REQUIRE(back.shape() == x.shape());
  CHECK(max_error(max_pool2d(back - 10.0 * eq(back, 0).to<double>(), 2), y) == 0);
  // Windows that overlap: the last one wins and alone has a gradient.
  const auto at = tensor<std::int64_t>({3, 3, 0, 1}).reshape({1, 1, 2, 2});
  const auto twice = [&](const std::vector<DoubleTensor>& in) {
    return max_unpool2d(in[0], at, 1, {.output_size = 2});
  };
  const auto four = random_tensor<double>({1, 1, 2, 2}, 5);
  CHECK(twice({four})(0, 0, 1, 1) == four(0, 0, 0, 1));
  check_gradients("max_unpool2d", twice, {four});
}

TEST_CASE("Pixels and channels change places and back", "[ops][pixel_shuffle]") {
  const auto x = random_tensor<float>({2, 12, 3, 5}, 1);
  CHECK(same_bits(pixel_unshuffle(pixel_shuffle(x, 2), 2), x));
  CHECK(pixel_shuffle(x, 1).shape() == x.shape());
  CHECK(pixel_shuffle(Tensor::empty({0, 4, 2, 2}), 2).shape() == Shape{0, 1, 4, 4});
}

TEST_CASE("Running statistics of instances are means over samples", "[ops][instance_norm]") {
  const auto x = random_tensor<double>({3, 2, 4}, 1);
  auto running_mean = zeros<double>({2}), running_var = ones<double>({2});
  instance_norm(x, running_mean, running_var, {}, {}, {.momentum = 0.25});
  for (Index c = 0; c < 2; ++c) {
    double m = 0, v = 0;
    for (Index n = 0; n < 3; ++n) {
      double s = 0, q = 0;
      for (Index l = 0; l < 4; ++l) s += x(n, c, l) / 4;
      for (Index l = 0; l < 4; ++l) q += (x(n, c, l) - s) * (x(n, c, l) - s) / 3;
      m += s / 3;
      v += q / 3;
    }
    CHECK(std::abs(running_mean(c) - 0.25 * m) < 1e-14);
    CHECK(std::abs(running_var(c) - (0.75 + 0.25 * v)) < 1e-14);
  }
  const auto y = instance_norm(x, running_mean, running_var, {}, {}, {.use_input_stats = false});
  CHECK(std::abs(y(2, 1, 3) - (x(2, 1, 3) - running_mean(1)) / std::sqrt(running_var(1) + 1e-5)) <
        1e-14);
}

TEST_CASE("Dropout of channels drops whole ones", "[ops][dropout]") {
  manual_seed(3);
  const Tensor y = dropout2d(ones({8, 16, 3, 5}), 0.25, true);
  Index dropped = 0;
  for (Index n = 0; n < 8; ++n) {
    for (Index c = 0; c < 16; ++c) {
      const float first = y(n, c, 0, 0);
      dropped += first == 0;
      CHECK((first == 0 || std::abs(first - 4.0f / 3) < 1e-6f));
      CHECK(max(y[n][c]).item() == first);
      CHECK(-max(-y[n][c]).item() == first);
    }
  }
  CHECK(dropped > 12);
  CHECK(dropped < 56);
  const Tensor x = ones({2, 3, 4});
  CHECK(dropout1d(x, 0.5, false).is_same(x));
  CHECK(max(dropout1d(x, 1, true)).item() == 0);
}

TEST_CASE("Empty batches of images stay empty", "[ops][images]") {
  const Tensor none = Tensor::empty({0, 4, 6, 6});
  CHECK(interpolate(none, {.scale_factor = 2}).shape() == Shape{0, 4, 12, 12});
  CHECK(unfold(none, 3).shape() == Shape{0, 36, 16});
  CHECK(group_norm(none, 2, ones({4}), zeros({4})).shape() == none.shape());
  CHECK(instance_norm(none).shape() == none.shape());
  CHECK(local_response_norm(none, 3).shape() == none.shape());
  CHECK(max_pool2d_with_indices(none, 2).indices.shape() == Shape{0, 4, 3, 3});
  CHECK(max_pool1d(Tensor::empty({0, 2, 5}), 2).shape() == Shape{0, 2, 2});
  CHECK(conv_transpose1d(Tensor::empty({0, 2, 5}), ones({2, 3, 2})).shape() == Shape{0, 3, 6});
}

TEST_CASE("Operations of images have the same bits at any number of threads", "[ops][images]") {
  const auto x = random_tensor<float>({4, 8, 33, 31}, 1);
  const auto w = random_tensor<float>({8, 8, 3, 3, 3}, 2);
  const auto gradient = [](const auto& f, const Tensor& at) {
    Tape tape;
    const Tensor leaf = tape.watch(at);
    const Tensor y = f(leaf);
    return tape.gradients(y, y)[leaf];
  };
  const InterpolateOptions twice{.scale_factor = 2, .mode = Interpolation::bilinear};
  CHECK(same_bits_for_all_threads(
      [&] { return gradient([&](const Tensor& v) { return interpolate(v, twice); }, x); }));
  CHECK(same_bits_for_all_threads(
      [&] { return gradient([](const Tensor& v) { return unfold(v, 3, {.padding = 1}); }, x); }));
  CHECK(same_bits_for_all_threads([&] {
    return gradient([](const Tensor& v) { return pad(v, {3, 3}, {.mode = PadMode::reflect}); }, x);
  }));
  CHECK(same_bits_for_all_threads(
      [&] { return gradient([](const Tensor& v) { return adaptive_max_pool2d(v, 7); }, x); }));
  CHECK(same_bits_for_all_threads(
      [&] { return gradient([](const Tensor& v) { return group_norm(v, 4); }, x); }));
  const auto volume = x.reshape({4, 8, 3, 11, 31});
  CHECK(same_bits_for_all_threads([&] {
    return gradient([&](const Tensor& v) { return conv3d(v, w, {}, {.padding = 1}); }, volume);
  }));
}

TEST_CASE("Operations of images allocate nothing once warm", "[ops][images]") {
  const auto x = random_tensor<float>({2, 4, 9, 7}, 1);
  const auto w = random_tensor<float>({4, 4, 3}, 2);
  const auto step = [&] {
    Tape tape;
    const Tensor v = tape.watch(x);
    const Tensor a = interpolate(v, {.scale_factor = 2, .mode = Interpolation::bilinear});
    const Tensor b = pad(a, {1, 1}, {.mode = PadMode::circular});
    const Tensor c = fold(unfold(pad(b, {1, 0}), 3), {22, 16}, 3);
    const Tensor d = conv1d(group_norm(c, 2).flatten(2), w, {}, {.padding = Padding::same});
    const Tensor e = max_pool2d_with_indices(d.reshape({2, 4, 22, 16}), 2).values;
    tape.gradients(sum(adaptive_max_pool2d(e, 3)));
  };
  for (int i = 0; i < 3; ++i) step();
  if (!can_count_allocations()) return;
  const AllocationCounter counter;
  step();
  CHECK(counter.count() == 0);
}

TEST_CASE("Errors of images name what came and a remedy", "[ops][images]") {
  const Tensor image = ones({1, 4, 5, 6}), sequence = ones({2, 3, 7});
  const auto shape_error = [](const auto& f) { return error_of<ShapeError>(f); };
  const auto value_error = [](const auto& f) { return error_of<ValueError>(f); };
  contains(shape_error([&] { conv1d(image, ones({2, 3, 2})); }), "[conv1d] x must have 3 axes");
  contains(shape_error([&] {
             conv1d(sequence, ones({2, 3}));
           }),
           "[conv1d] weight must have 3 axes");
  contains(shape_error([&] { conv1d(sequence, ones({2, 7, 2})); }), "x.transpose(1, -1)");
  contains(shape_error([&] {
             conv1d(sequence, ones({2, 4, 2}));
           }),
           "weight expects 4 input channels but x has 3: x (N=2, C=3, L=7), weight (2, 4, 2)");
  contains(shape_error([&] {
             conv1d(sequence, ones({2, 3, 9}));
           }),
           "the kernel spans 9 positions along L but the padded axis has 7");
  contains(shape_error([&] {
             conv1d(sequence, ones({2, 3, 2}), ones({3}));
           }),
           "bias must have shape (O=2) but has (3)");
  contains(value_error([&] {
             conv1d(sequence, ones({2, 3, 2}), {}, {.stride = 0});
           }),
           "stride must lie in [1, ");
  contains(value_error([&] {
             conv1d(sequence, ones({2, 3, 2}), {}, {.groups = 0});
           }),
           "groups must be at least 1 but is 0");
  contains(shape_error([&] {
             conv1d(sequence, ones({2, 3, 2}), {}, {.groups = 2});
           }),
           "groups = 2 must divide");
  contains(value_error([&] {
             conv1d(sequence, ones({2, 3, 2}), {}, {.stride = 2, .padding = Padding::same});
           }),
           "[conv1d] padding same needs stride 1 but stride is 2");
  contains(value_error([&] {
             conv2d(image, ones({2, 4, 2, 2}), {}, {.stride = 2, .padding = Padding::same});
           }),
           "[conv2d] padding same needs stride 1 but stride is (2, 2)");
  contains(shape_error([&] { conv_transpose1d(sequence, ones({2, 3, 2})); }), "w.transpose(0, 1)");
  contains(value_error([&] {
             conv_transpose1d(sequence, ones({3, 2, 2}), {}, {.groups = 2});
           }),
           "groups = 2 must divide the input channels C = 3");
  contains(value_error([&] {
             conv_transpose1d(sequence, ones({3, 2, 2}), {}, {.output_padding = 1});
           }),
           "output_padding 1 must be smaller than stride 1 or dilation 1");
  contains(shape_error([&] {
             conv_transpose1d(sequence, ones({3, 2, 2}), {}, {.padding = 4});
           }),
           "a sequence of 7 positions would become one of 0");
  contains(shape_error([&] {
             conv3d(image, ones({2, 4, 1, 1, 1}));
           }),
           "[conv3d] x must have 5 axes");
  contains(shape_error([&] {
             conv3d(image.unsqueeze(0), ones({2, 1, 5, 1, 1}));
           }),
           "the kernel spans 5 positions along D");
  contains(shape_error([&] { pad(sequence, {1, 1, 1, 1}); }), "there are widths for 4 axes");
  contains(shape_error([&] { pad(sequence, {7}, {.mode = PadMode::reflect}); }),
           "axis 2 of shape (2, 3, 7) cannot be padded by (7, 7) in mode reflect");
  contains(shape_error([&] {
             pad(sequence, {{8, 0}}, {.mode = PadMode::circular});
           }),
           "it may go around once");
  contains(shape_error([&] { pad(sequence, {{-4, -4}}); }), "negative or an absurd size");
  contains(shape_error([&] {
             pad(ones({2, 0}), {1}, {.mode = PadMode::replicate});
           }),
           "an empty axis has nothing to repeat");
  contains(value_error([&] { interpolate(image, {}); }), "not none of them");
  contains(value_error([&] { interpolate(image, {.size = 2, .scale_factor = 2}); }), "not both");
  contains(value_error([&] { interpolate(image, {.size = 0}); }), "size must be at least 1");
  contains(value_error([&] { interpolate(image, {.scale_factor = -1}); }),
           "scale_factor must lie in (0, 1e6] but is (-1, -1)");
  contains(value_error([&] { interpolate(image, {.scale_factor = 0.1}); }), "leaves 0 x 0 pixels");
  contains(value_error([&] { interpolate(image, {.size = 2, .align_corners = true}); }),
           "align_corners belongs to bilinear");
  contains(shape_error([&] { interpolate(sequence, {.size = 2}); }), "x.unsqueeze(0)");
  contains(shape_error([&] { unfold(sequence, 2); }), "[unfold] x must have 4 axes");
  contains(shape_error([&] { unfold(image, 6); }), "the window spans 6 x 6 pixels");
  contains(shape_error([&] { fold(sequence, 3, 2); }), "KH KW = 4 and L = 2 x 2 windows");
  contains(shape_error([&] { pixel_shuffle(image, 3); }), "should make C 9 channels");
  contains(value_error([&] { pixel_shuffle(image, 0); }), "the factor must lie in [1, 32768]");
  contains(shape_error([&] { pixel_unshuffle(image, 2); }), "downscale_factor = 2 must divide");
  contains(shape_error([&] { pixel_unshuffle(sequence, 2); }), "must have 4 axes");
  contains(shape_error([&] { max_pool1d(image, 2); }), "images are pooled by the operation in 2d");
  contains(value_error([&] { max_pool1d(sequence, 0); }), "[max_pool1d] kernel must lie in [1, ");
  contains(value_error([&] { max_pool1d(sequence, 2, {.padding = 2}); }), "could lie outside of 7");
  contains(shape_error([&] { avg_pool1d(sequence, 8); }), "the window spans 8 positions");
  contains(value_error([&] { adaptive_avg_pool1d(sequence, -1); }), "output_size must lie in [0, ");
  contains(shape_error([&] { adaptive_avg_pool1d(ones({1, 2, 0}), 1); }), "at least one position");
  contains(shape_error([&] { adaptive_max_pool2d(sequence, 1); }), "must have 4 axes (N, C, H, W)");
  contains(shape_error([&] { adaptive_max_pool2d(ones({1, 2, 0, 3}), 1); }), "at least one pixel");
  const auto at = zeros<std::int64_t>({1, 4, 5, 6});
  contains(shape_error([&] { max_unpool2d(image, at[0], 2); }), "must both be (N, C, H, W)");
  contains(shape_error([&] { max_unpool2d(image, at, 2, {.padding = 9}); }),
           "would become an image");
  contains(error_of<IndexError>([&] {
             max_unpool2d(image, full<std::int64_t>({1, 4, 5, 6}, 4), 1, {.output_size = 2});
           }),
           "an index is 4 but a plane of 2 x 2 pixels has the positions 0 to 3");
  contains(value_error([&] { group_norm(image, 3); }), "groups = 3 must divide the channels C = 4");
  contains(shape_error([&] { group_norm(image, 2, ones({3})); }), "weight must have shape (C=4)");
  contains(shape_error([&] { group_norm(ones({3}), 1); }), "at least 2 axes (N, C, ...)");
  contains(value_error([&] { group_norm(image, 2, {}, {}, -1); }), "eps must be at least 0");
  contains(value_error([&] { instance_norm(ones({2, 3, 1})); }), "more than one element");
  contains(value_error([&] { local_response_norm(image, 0); }), "size must be at least 1");
  contains(shape_error([&] { dropout2d(sequence, 0.5, true); }), "dropout() takes any shape");
  contains(value_error([&] { dropout1d(sequence, 2, true); }), "[dropout1d] p must be in [0, 1]");
  contains(value_error([&] { pad(Tensor(), {1}); }), "[pad]");
}
