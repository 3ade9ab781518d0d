#include "tenon/ops/max_pool2d.hpp"

#include <limits>
#include <utility>

#include "autograd/context.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/relu.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Case {
  Shape x;
  Pair kernel;
  MaxPool2dOptions options;
};

const Case cases[] = {
    {{2, 2, 4, 6}, 2, {}},
    {{1, 2, 7, 5}, 2, {}},
    {{1, 1, 1, 1}, 1, {}},
    {{1, 2, 7, 8}, {2, 3}, {}},
    {{2, 3, 4, 3}, {4, 3}, {}},
    {{1, 2, 9, 8}, 3, {.stride = 2}},
    {{2, 1, 5, 5}, 3, {.stride = 1}},
    {{1, 2, 6, 7}, 3, {.stride = 2, .padding = 1}},
    {{1, 2, 8, 9}, {2, 3}, {.stride = {1, 2}, .dilation = {3, 2}}},
    {{1, 1, 9, 9}, 2, {.stride = {3, 4}}},
    {{1, 2, 9, 10}, {3, 2}, {.stride = {2, 3}, .padding = 1, .dilation = {2, 1}}},
    {{1, 2, 5, 4}, {1, 2}, {.stride = {0, 1}, .padding = {0, 1}}},
};

/// The definition, pixel by pixel.
template <class T>
BasicTensor<T> reference(const BasicTensor<T>& x, Pair kernel, const MaxPool2dOptions& o) {
  const Pair stride(o.stride.h == 0 ? kernel.h : o.stride.h,
                    o.stride.w == 0 ? kernel.w : o.stride.w);
  auto y = BasicTensor<T>::empty(
      {x.size(0), x.size(1),
       (x.size(2) + 2 * o.padding.h - o.dilation.h * (kernel.h - 1) - 1) / stride.h + 1,
       (x.size(3) + 2 * o.padding.w - o.dilation.w * (kernel.w - 1) - 1) / stride.w + 1});
  for_each_position(y.shape(), [&](const Shape& p) {
    T largest = -std::numeric_limits<T>::infinity();
    for_each_position({kernel.h, kernel.w}, [&](const Shape& q) {
      const Index row = p[2] * stride.h - o.padding.h + q[0] * o.dilation.h;
      const Index column = p[3] * stride.w - o.padding.w + q[1] * o.dilation.w;
      if (row < 0 || column < 0 || row >= x.size(2) || column >= x.size(3)) return;
      largest = std::max(largest, value_at(x, {p[0], p[1], row, column}));
    });
    y(p[0], p[1], p[2], p[3]) = largest;
  });
  return y;
}

template <class T>
BasicTensor<T> gradient_of_sum(const BasicTensor<T>& x, Pair kernel,
                               const MaxPool2dOptions& options = {}) {
  Tape tape;
  const auto leaf = tape.watch(x);
  return tape.gradients(sum(max_pool2d(leaf, kernel, options)))[leaf];
}

std::string error_for(const Shape& x, Pair kernel, const MaxPool2dOptions& options = {}) {
  return error_of([&] { max_pool2d(zeros(x), kernel, options); });
}

}  // namespace

TEST_CASE("max_pool2d refuses windows that miss the image", "[ops][max_pool2d][errors]") {
  CHECK_THROWS_WITH(
      max_pool2d(ones({1, 1, 1, 1}), 2, {.stride = 1, .padding = 2, .dilation = 4}),
      "[max_pool2d] dilation (4, 4) with padding is larger than the image, 1 x 1 pixels; hint: a "
      "window must hold at least one pixel of the image");
}

TEST_CASE("max_pool2d_relu is a pooling before or after relu, bit for bit", "[ops][max_pool2d]") {
  Tensor x = random_tensor<float>({2, 3, 9, 21}, 5);
  x(1, 1, 4, 4) = std::numeric_limits<float>::quiet_NaN();
  x(0, 0, 0, 0) = -0.0f;
  const MaxPool2dOptions options{.stride = 2, .padding = 1};
  const auto results = [&](const auto& f) {
    Tape tape;
    const Tensor v = tape.watch(x), y = f(v);
    return std::pair{y.detach(), tape.gradients(sum(y))[v]};
  };
  const auto fused = results([&](const Tensor& v) { return max_pool2d_relu(v, 3, options); });
  const auto after = results([&](const Tensor& v) { return relu(max_pool2d(v, 3, options)); });
  const auto before = results([&](const Tensor& v) { return max_pool2d(relu(v), 3, options); });
  for (const auto& apart : {after, before}) {
    CHECK(same_bits(fused.first, apart.first));
    CHECK(same_bits(fused.second, apart.second));
  }
}

TEST_CASE("max_pool2d agrees with its definition exactly in every layout", "[ops][max_pool2d]") {
  for (const Case& c : cases) {
    INFO("x " << to_string(c.x));
    const auto x = random_tensor<float>(c.x, 1);
    for (const auto& layout : layouts_of(x)) {
      CHECK(equal(max_pool2d(layout, c.kernel, c.options), reference(x, c.kernel, c.options)));
    }
    const auto z = random_tensor<double>(c.x, 2, -3, -1);
    CHECK(equal(max_pool2d(z, c.kernel, c.options), reference(z, c.kernel, c.options)));
  }
}

TEST_CASE("max_pool2d passes gradient checks of first and second order", "[ops][max_pool2d]") {
  for (const Case& c : cases) {
    INFO("x " << to_string(c.x));
    const auto x = distinct_tensor(c.x, 3, 0.01);
    // The square makes the second derivative something else than zero; it must keep the order.
    check_gradients("max_pool2d",
                    [&](auto& in) { return max_pool2d(square(in[0] + 3), c.kernel, c.options); },
                    {x});
  }
  check_gradients_in_all_layouts("max_pool2d", [](auto& in) { return max_pool2d(in[0], 2); },
                                 {distinct_tensor({2, 2, 5, 4}, 4)});
}

TEST_CASE("max_pool2d has a third derivative", "[ops][max_pool2d]") {
  check_gradients("max_pool2d, third derivative",
                  [](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto x = tape.watch(in[0]);
                    const auto y = max_pool2d(square(x + 3), 3, {.stride = 2, .padding = 1});
                    return tape.gradients(sum(y * y))[x];
                  },
                  {distinct_tensor({1, 1, 5, 6}, 5, 0.02)});
}

TEST_CASE("The first of equal pixels gets the gradient of max_pool2d", "[ops][max_pool2d]") {
  const auto x = tensor({{1, 1, 0, 0}, {1, 1, 0, 2}, {3, 3, -1, -1}}).reshape({1, 1, 3, 4});
  const auto expected = tensor({{1, 1, 0, 0}, {0, 0, 0, 2}, {1, 1, 0, 0}});
  const auto dx = gradient_of_sum(x, 2, {.stride = 1});
  CHECK(equal(dx.reshape({3, 4}), expected));
}

TEST_CASE("Gradients of overlapping windows of max_pool2d add up", "[ops][max_pool2d]") {
  auto x = zeros({1, 1, 3, 3});
  x(0, 0, 1, 1) = 1;
  auto expected = zeros({1, 1, 3, 3});
  expected(0, 0, 1, 1) = 4;
  CHECK(equal(gradient_of_sum(x, 2, {.stride = 1}), expected));
}

TEST_CASE("Padding never wins in max_pool2d", "[ops][max_pool2d]") {
  const auto x = full({1, 1, 3, 3}, -5);
  CHECK(equal(max_pool2d(x, 2, {.padding = 1}), full({1, 1, 2, 2}, -5)));
  const auto low = full({1, 1, 2, 2}, -std::numeric_limits<float>::infinity());
  CHECK(equal(max_pool2d(low, 2), full({1, 1, 1, 1}, -std::numeric_limits<float>::infinity())));
  CHECK(sum(gradient_of_sum(low, 2)).item() == 1);
}

TEST_CASE("NaN wins in max_pool2d and gets the gradient", "[ops][max_pool2d]") {
  auto x = random_tensor<float>({1, 1, 4, 4}, 6);
  x(0, 0, 1, 0) = std::numeric_limits<float>::quiet_NaN();
  const auto y = max_pool2d(x, 2);
  for_each_position(y.shape(), [&](const Shape& p) {
    CHECK(std::isnan(value_at(y, p)) == (p[2] == 0 && p[3] == 0));
  });
  const auto dx = gradient_of_sum(x, 2);
  CHECK(dx(0, 0, 1, 0) == 1);
  CHECK(sum(dx).item() == 4);
}

TEST_CASE("max_pool2d of an empty batch or without channels is empty", "[ops][max_pool2d]") {
  CHECK(max_pool2d(zeros({0, 3, 4, 6}), 2).shape() == Shape{0, 3, 2, 3});
  CHECK(max_pool2d(zeros({2, 0, 4, 6}), 2).shape() == Shape{2, 0, 2, 3});
  CHECK(gradient_of_sum(zeros({0, 3, 4, 6}), 2).shape() == Shape{0, 3, 4, 6});
}

TEST_CASE("max_pool2d and its gradient have the same bits for every number of threads",
          "[ops][max_pool2d]") {
  const auto x = random_tensor<float>({7, 5, 23, 19}, 7);
  const MaxPool2dOptions options{.stride = 2, .padding = 1};
  CHECK(same_bits_for_all_threads([&] { return max_pool2d(x, 3, options); }));
  CHECK(same_bits_for_all_threads([&] { return gradient_of_sum(x, 3, options); }));
}

TEST_CASE("The tape's node of max_pool2d carries its options", "[ops][max_pool2d]") {
  Tape tape;
  const auto x = tape.watch(zeros({1, 1, 12, 12}));
  const auto y = max_pool2d(x, {5, 3}, {.stride = {0, 2}, .padding = {2, 1}, .dilation = {1, 2}});
  const detail::Node& node = *detail::tape_context().nodes.back();
  REQUIRE(node.attributes != nullptr);
  CHECK(std::string(node.attributes->names) ==
        "kernel_h kernel_w stride_h stride_w padding_h padding_w dilation_h dilation_w");
  const Index expected[] = {5, 3, 5, 2, 2, 1, 1, 2};
  for (int i = 0; i < 8; ++i) CHECK(node.attributes->values[i] == expected[i]);
}

TEST_CASE("max_pool2d names axes that are missing", "[ops][max_pool2d]") {
  CHECK(error_for({3, 8, 8}, 2) ==
        "[max_pool2d] x must have 4 axes (N, C, H, W) but its shape is (3, 8, 8); hint: "
        "x.unsqueeze(0) makes a batch of one image");
  CHECK(error_for({8, 8}, 2) ==
        "[max_pool2d] x must have 4 axes (N, C, H, W) but its shape is (8, 8); hint: reshape x to "
        "(N, C, H, W)");
  CHECK_THROWS_AS(max_pool2d(Tensor(), 2), ValueError);
  CHECK_THROWS_AS(max_pool2d(zeros({8, 8}), 2), ShapeError);
}

TEST_CASE("max_pool2d refuses a window that is larger than the padded image", "[ops][max_pool2d]") {
  const std::string hint = "; hint: the image has been pooled too often, or take a smaller window";
  CHECK(error_for({1, 1, 1, 4}, 2) ==
        "[max_pool2d] the window spans 2 x 2 pixels but the padded image has 1 x 4: x (N=1, C=1, "
        "H=1, W=4)" +
            hint);
  CHECK(error_for({1, 1, 4, 4}, {1, 3}, {.padding = {0, 1}, .dilation = {1, 3}}) ==
        "[max_pool2d] the window spans 1 x 7 pixels but the padded image has 4 x 6: x (N=1, C=1, "
        "H=4, W=4)" +
            hint);
  CHECK(error_for({1, 1, 0, 4}, 2, {.padding = 1}) ==
        "[max_pool2d] the window spans 2 x 2 pixels but the padded image has 2 x 6: x (N=1, C=1, "
        "H=0, W=4)" +
            hint);
}

TEST_CASE("max_pool2d refuses options out of their range", "[ops][max_pool2d]") {
  const Shape x{1, 1, 5, 5};
  const std::string hint = "; hint: give one number for both image axes or {along H, along W}";
  CHECK(error_for(x, 0) == "[max_pool2d] kernel must be at least 1 but is (0, 0)" + hint);
  CHECK(error_for(x, 2, {.stride = -1}) ==
        "[max_pool2d] stride must be at least 0 but is (-1, -1)" + hint);
  CHECK(error_for(x, 2, {.padding = -1}) ==
        "[max_pool2d] padding must be at least 0 but is (-1, -1)" + hint);
  CHECK(error_for(x, 2, {.dilation = {1, 0}}) ==
        "[max_pool2d] dilation must be at least 1 but is (1, 0)" + hint);
  CHECK(error_of<ValueError>([&] {
          max_pool2d(zeros(x), {4, 2}, {.padding = {1, 2}});
        }) ==
        "[max_pool2d] padding (1, 2) is more than half of the window, which spans 4 x 2 pixels; "
        "hint: a window must hold at least one pixel of the image");
  CHECK_THROWS_AS(max_pool2d(zeros(x), {2, 4}, {.padding = {2, 0}}), ValueError);
}

TEST_CASE("max_pool2d refuses an image whose pixels cannot be counted in 32 bits",
          "[ops][max_pool2d]") {
  CHECK(error_for({0, 1, 65536, 32768}, 2) ==
        "[max_pool2d] an image must have less than 2^31 pixels: x (N=0, C=1, H=65536, W=32768); "
        "hint: pool parts of it");
}
