#include "tenon/ops/avg_pool2d.hpp"

#include <limits>

#include "allocation_counter.hpp"
#include "autograd/context.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/shape.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Case {
  Shape x;
  Pair kernel;
  AvgPool2dOptions options;
};

const Case cases[] = {
    {{2, 2, 4, 6}, 2, {}},
    {{1, 2, 7, 5}, 2, {}},
    {{1, 1, 1, 1}, 1, {}},
    {{1, 2, 7, 8}, {2, 3}, {}},
    {{2, 3, 4, 3}, {4, 3}, {}},
    {{1, 2, 9, 8}, 3, {.stride = 2}},
    {{1, 1, 9, 9}, 2, {.stride = {3, 4}}},
    {{1, 2, 6, 7}, 3, {.stride = 2, .padding = 1}},
    {{1, 2, 6, 7}, 3, {.stride = 2, .padding = 1, .count_include_pad = false}},
    {{1, 2, 7, 8}, {2, 3}, {.ceil_mode = true}},
    {{1, 2, 8, 7}, {3, 4}, {.stride = {2, 3}, .padding = {1, 2}, .ceil_mode = true}},
    {{1, 1, 5, 4}, {2, 1}, {.stride = {0, 1}, .padding = {1, 0}, .divisor_override = 5}},
};

const std::pair<Shape, Pair> adaptive_cases[] = {
    {{2, 3, 7, 7}, 1},      {{1, 2, 8, 6}, {4, 3}}, {{1, 2, 7, 10}, {3, 4}},
    {{1, 2, 3, 4}, {5, 7}}, {{1, 1, 5, 4}, {0, 2}}, {{1, 1, 1, 1}, 1},
};

/// The average of x over pixels [top, bottom) x [left, right).
template <class T>
double average(const BasicTensor<T>& x, const Shape& p, Index top, Index bottom, Index left,
               Index right) {
  double sum = 0;
  for (Index h = top; h < bottom; ++h) {
    for (Index w = left; w < right; ++w)
      sum += static_cast<double>(value_at(x, {p[0], p[1], h, w}));
  }
  return sum / static_cast<double>((bottom - top) * (right - left));
}

template <class T, class F>
BasicTensor<T> gradient_of_sum(const BasicTensor<T>& x, const F& f) {
  Tape tape;
  const auto leaf = tape.watch(x);
  return tape.gradients(sum(f(leaf)))[leaf];
}

std::string error_for(const Shape& x, Pair kernel, const AvgPool2dOptions& options = {}) {
  return error_of([&] { avg_pool2d(zeros(x), kernel, options); });
}

}  // namespace

TEMPLATE_TEST_CASE("avg_pool2d averages windows in every layout", "[ops][avg_pool2d]", float,
                   double) {
  using T = TestType;
  const auto x = random_tensor<T>({2, 3, 7, 9}, 1);
  for (const auto& layout : layouts_of(x)) {
    const auto y = avg_pool2d(layout, {2, 3}, {.stride = {1, 2}});
    REQUIRE(y.shape() == Shape{2, 3, 6, 4});
    for_each_position(y.shape(), [&](const Shape& p) {
      CHECK(value_at(y, p) == Approx(average(x, p, p[2], p[2] + 2, 2 * p[3], 2 * p[3] + 3)));
    });
    const auto z = adaptive_avg_pool2d(layout, {1, 3});
    REQUIRE(z.shape() == Shape{2, 3, 1, 3});
    for_each_position(z.shape(), [&](const Shape& p) {
      CHECK(value_at(z, p) == Approx(average(x, p, 0, 7, 3 * p[3], 3 * p[3] + 3)));
    });
  }
}

TEST_CASE("Padding counts as zeros in avg_pool2d, or not at all", "[ops][avg_pool2d]") {
  const auto x = full({1, 1, 3, 3}, 4);
  CHECK(equal(avg_pool2d(x, 2, {.padding = 1}).reshape({2, 2}), tensor({{1, 2}, {2, 4}})));
  CHECK(equal(avg_pool2d(x, 2, {.padding = 1, .count_include_pad = false}), full({1, 1, 2, 2}, 4)));
  CHECK(equal(avg_pool2d(x, 2, {.padding = 1, .divisor_override = 2}).reshape({2, 2}),
              tensor({{2, 4}, {4, 8}})));
}

TEST_CASE("ceil_mode of avg_pool2d keeps a window that begins inside", "[ops][avg_pool2d]") {
  const auto x = tensor({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}).reshape({1, 1, 3, 3});
  CHECK(equal(avg_pool2d(x, 2).reshape({1, 1}), tensor({{3}})));
  // What lies behind the image is nothing, not padding: it does not count.
  CHECK(equal(avg_pool2d(x, 2, {.ceil_mode = true}).reshape({2, 2}), tensor({{3, 4.5}, {7.5, 9}})));
  CHECK(avg_pool2d(zeros({1, 1, 5, 7}), 2, {.stride = 3, .ceil_mode = true}).shape() ==
        Shape{1, 1, 2, 3});
  // The third window would begin at pixel 5, in the padding.
  CHECK(
      avg_pool2d(zeros({1, 1, 5, 5}), 2, {.stride = 3, .padding = 1, .ceil_mode = true}).shape() ==
      Shape{1, 1, 2, 2});
}

TEST_CASE("adaptive_avg_pool2d fits its windows to the image", "[ops][avg_pool2d]") {
  const auto x = tensor({{1, 2, 3, 4, 5}}).reshape({1, 1, 1, 5});
  CHECK(equal(adaptive_avg_pool2d(x, {1, 3}).reshape({3}), tensor({1.5, 3, 4.5})));
  CHECK(equal(adaptive_avg_pool2d(x, {1, 2}).reshape({2}), tensor({2, 4})));
  CHECK(equal(adaptive_avg_pool2d(x, {2, 5}), cat({x, x}, 2)));
  CHECK(equal(adaptive_avg_pool2d(x, {0, 0}), x));
  CHECK(equal(adaptive_avg_pool2d(x, 1), full({1, 1, 1, 1}, 3)));
  CHECK(same_bits(adaptive_avg_pool2d(x, {0, 1}), avg_pool2d(x, {1, 5})));
}

TEST_CASE("avg_pool2d passes gradient checks of first and second order", "[ops][avg_pool2d]") {
  for (const Case& c : cases) {
    INFO("x " << to_string(c.x));
    check_gradients("avg_pool2d",
                    [&](auto& in) { return avg_pool2d(square(in[0]), c.kernel, c.options); },
                    {random_tensor(c.x, 3)});
  }
  for (const auto& [shape, size] : adaptive_cases) {
    INFO("x " << to_string(shape));
    check_gradients("adaptive_avg_pool2d",
                    [size = size](auto& in) { return adaptive_avg_pool2d(square(in[0]), size); },
                    {random_tensor(shape, 4)});
  }
  check_gradients_in_all_layouts("avg_pool2d", [](auto& in) { return avg_pool2d(in[0], 2); },
                                 {random_tensor({2, 2, 5, 4}, 4)});
}

TEST_CASE("avg_pool2d has a third derivative", "[ops][avg_pool2d]") {
  check_gradients("avg_pool2d, third derivative",
                  [](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto x = tape.watch(in[0]);
                    const auto y = avg_pool2d(x * x * x, 3, {.stride = 2, .padding = 1});
                    return tape.gradients(sum(y * y))[x];
                  },
                  {random_tensor({1, 1, 5, 6}, 5)});
}

TEST_CASE("avg_pool2d of an empty batch or without channels is empty", "[ops][avg_pool2d]") {
  const auto halved = [](const Tensor& x) { return avg_pool2d(x, 2); };
  CHECK(halved(zeros({0, 3, 4, 6})).shape() == Shape{0, 3, 2, 3});
  CHECK(halved(zeros({2, 0, 4, 6})).shape() == Shape{2, 0, 2, 3});
  CHECK(adaptive_avg_pool2d(zeros({0, 3, 4, 6}), 1).shape() == Shape{0, 3, 1, 1});
  CHECK(gradient_of_sum(zeros({0, 3, 4, 6}), halved).shape() == Shape{0, 3, 4, 6});
}

TEST_CASE("avg_pool2d and its gradient have the same bits for every number of threads",
          "[ops][avg_pool2d]") {
  const auto x = random_tensor<float>({37, 50, 23, 19}, 7);
  const auto pooled = [](const Tensor& v) { return avg_pool2d(v, 3, {.stride = 2, .padding = 1}); };
  const auto adapted = [](const Tensor& v) { return adaptive_avg_pool2d(v, {1, 1}); };
  CHECK(same_bits_for_all_threads([&] { return pooled(x); }));
  CHECK(same_bits_for_all_threads([&] { return gradient_of_sum(x, pooled); }));
  CHECK(same_bits_for_all_threads([&] { return adapted(x); }));
  CHECK(same_bits_for_all_threads([&] { return gradient_of_sum(x, adapted); }));
}

TEST_CASE("The tape's node of avg_pool2d carries its options", "[ops][avg_pool2d]") {
  Tape tape;
  const auto x = tape.watch(zeros({1, 1, 12, 12}));
  const auto y = avg_pool2d(
      x, {5, 3},
      {.stride = {0, 2}, .padding = {2, 1}, .count_include_pad = false, .divisor_override = 9});
  const detail::Node& node = *detail::tape_context().nodes.back();
  REQUIRE(node.attributes != nullptr);
  CHECK(std::string(node.op) == "avg_pool2d");
  CHECK(std::string(node.attributes->names) ==
        "kernel_h kernel_w stride_h stride_w padding_h padding_w count_include_pad divisor");
  const Index expected[] = {5, 3, 5, 2, 2, 1, 0, 9};
  for (int i = 0; i < 8; ++i) CHECK(node.attributes->values[i] == expected[i]);
  const auto z = adaptive_avg_pool2d(x, 1);
  CHECK(std::string(detail::tape_context().nodes.back()->op) == "adaptive_avg_pool2d");
}

TEST_CASE("avg_pool2d names axes that are missing", "[ops][avg_pool2d][errors]") {
  CHECK(error_for({3, 8, 8}, 2) ==
        "[avg_pool2d] x must have 4 axes (N, C, H, W) but its shape is (3, 8, 8); hint: "
        "x.unsqueeze(0) makes a batch of one image");
  CHECK(error_for({8, 8}, 2) ==
        "[avg_pool2d] x must have 4 axes (N, C, H, W) but its shape is (8, 8); hint: reshape x to "
        "(N, C, H, W)");
  CHECK(error_of<ShapeError>([] {
          adaptive_avg_pool2d(zeros({8, 8}), 1);
        }) ==
        "[adaptive_avg_pool2d] x must have 4 axes (N, C, H, W) but its shape is (8, 8); hint: "
        "reshape x to (N, C, H, W)");
  CHECK_THROWS_AS(avg_pool2d(Tensor(), 2), ValueError);
  CHECK_THROWS_AS(adaptive_avg_pool2d(Tensor(), 2), ValueError);
}

TEST_CASE("avg_pool2d refuses a window that is larger than the padded image",
          "[ops][avg_pool2d][errors]") {
  const std::string hint =
      "; hint: the image has been pooled too often, or take a smaller window; adaptive_avg_pool2d "
      "fits its windows to any image";
  CHECK(error_of<ShapeError>([] {
          avg_pool2d(zeros({1, 1, 1, 4}), 2);
        }) ==
        "[avg_pool2d] the window spans 2 x 2 pixels but the padded image has 1 x 4: x (N=1, C=1, "
        "H=1, W=4)" +
            hint);
  CHECK(error_for({1, 1, 0, 4}, 2, {.padding = 1, .ceil_mode = true}) ==
        "[avg_pool2d] the window spans 2 x 2 pixels but the padded image has 2 x 6: x (N=1, C=1, "
        "H=0, W=4)" +
            hint);
  CHECK(error_of<ShapeError>([] {
          adaptive_avg_pool2d(zeros({1, 1, 0, 4}), 1);
        }) ==
        "[adaptive_avg_pool2d] an image must have at least one pixel: x (N=1, C=1, H=0, W=4); "
        "hint: the image has been pooled too often");
}

TEST_CASE("avg_pool2d refuses options out of their range", "[ops][avg_pool2d][errors]") {
  const Shape x{1, 1, 5, 5};
  const std::string hint = "; hint: give one number for both image axes or {along H, along W}";
  CHECK(error_for(x, 0) == "[avg_pool2d] kernel must be at least 1 but is (0, 0)" + hint);
  CHECK(error_for(x, 2, {.stride = -1}) ==
        "[avg_pool2d] stride must be at least 0 but is (-1, -1)" + hint);
  CHECK(error_for(x, 2, {.padding = {0, -1}}) ==
        "[avg_pool2d] padding must be at least 0 but is (0, -1)" + hint);
  CHECK(error_of<ValueError>([&] {
          avg_pool2d(zeros(x), {4, 2}, {.padding = {1, 2}});
        }) ==
        "[avg_pool2d] padding (1, 2) is more than half of the window, 4 x 2 pixels; hint: a window "
        "must hold at least one pixel of the image");
  CHECK(error_of<ValueError>([&] { avg_pool2d(zeros(x), 2, {.divisor_override = -1}); }) ==
        "[avg_pool2d] divisor_override must be at least 0 but is -1; hint: 0 divides by the number "
        "of each window's pixels");
  CHECK(error_of<ValueError>([&] { adaptive_avg_pool2d(zeros(x), -1); }) ==
        "[adaptive_avg_pool2d] output_size must be at least 0 but is (-1, -1)" + hint);
}

TEST_CASE("avg_pool2d allocates nothing once warm", "[ops][avg_pool2d]") {
  if (!can_count_allocations()) return;
  const Tensor x = random_tensor<float>({4, 8, 16, 16}, 1);
  const auto step = [&] {
    Tape tape;
    const Tensor v = tape.watch(x);
    const Tensor y = avg_pool2d(v, 3, {.stride = 2, .padding = 1});
    tape.gradients(sum(adaptive_avg_pool2d(avg_pool2d(y, 2), 1)));
  };
  for (int i = 0; i < 3; ++i) step();
  const AllocationCounter counter;
  step();
  CHECK(counter.count() == 0);
}
