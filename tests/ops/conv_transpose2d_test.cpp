#include "tenon/ops/conv_transpose2d.hpp"

#include <limits>

#include "autograd/context.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/conv2d.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Case {
  Shape x, w;
  ConvTranspose2dOptions options;
};

const Case cases[] = {
    {{2, 3, 4, 5}, {3, 4, 3, 3}, {}},
    {{1, 1, 1, 1}, {1, 1, 1, 1}, {}},
    {{2, 5, 4, 3}, {5, 3, 1, 1}, {}},
    {{1, 2, 1, 1}, {2, 3, 4, 5}, {}},
    {{1, 2, 5, 4}, {2, 3, 3, 3}, {.padding = 1}},
    {{1, 1, 3, 3}, {1, 2, 3, 3}, {.padding = {2, 0}}},
    {{2, 3, 4, 3}, {3, 2, 4, 4}, {.stride = 2, .padding = 1}},
    {{1, 2, 4, 5}, {2, 3, 3, 3}, {.stride = 2, .padding = 1, .output_padding = 1}},
    {{1, 2, 3, 4}, {2, 2, 2, 2}, {.stride = {3, 5}, .output_padding = {2, 3}}},
    {{1, 2, 3, 4}, {2, 2, 1, 1}, {.stride = 2}},  // pixels that no weight reaches
    {{1, 2, 4, 5}, {2, 2, 3, 3}, {.dilation = 2}},
    {{1, 2, 3, 4}, {2, 3, 2, 5}, {.stride = {2, 1}, .padding = {0, 2}, .dilation = {2, 1}}},
    {{2, 4, 4, 5}, {4, 3, 3, 3}, {.padding = 1, .groups = 2}},
    {{2, 3, 4, 5}, {3, 1, 3, 3}, {.stride = 2, .padding = 1, .groups = 3}},
    {{2, 4, 3, 4},
     {4, 2, 3, 2},
     {.stride = {2, 3},
      .padding = {2, 1},
      .output_padding = {1, 2},
      .dilation = {2, 3},
      .groups = 2}},
    // As much output_padding as a dilation allows: more than the stride.
    {{1, 2, 3, 3}, {2, 2, 2, 3}, {.output_padding = {2, 1}, .dilation = {3, 2}}},
    {{1, 1, 2, 3}, {1, 2, 1, 1}, {.output_padding = 1, .dilation = 2}},
    {{2, 1, 3, 2}, {1, 2, 2, 2}, {.stride = {2, 1}, .output_padding = {4, 2}, .dilation = {5, 3}}},
    {{1, 19, 3, 4}, {19, 17, 3, 3}, {.padding = 1}},
};

Index output_size(Index size, Index kernel, Index stride, Index padding, Index more,
                  Index dilation) {
  return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1 + more;
}

/// The definition: every pixel paints the kernel.
template <class T>
DoubleTensor reference(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                       const ConvTranspose2dOptions& o) {
  const Index out_group = w.size(1), in_group = x.size(1) / o.groups;
  auto y = DoubleTensor::empty(
      {x.size(0), out_group * o.groups,
       output_size(x.size(2), w.size(2), o.stride.h, o.padding.h, o.output_padding.h, o.dilation.h),
       output_size(x.size(3), w.size(3), o.stride.w, o.padding.w, o.output_padding.w,
                   o.dilation.w)});
  for_each_position(y.shape(), [&](const Shape& p) {
    y(p[0], p[1], p[2], p[3]) = b.defined() ? static_cast<double>(value_at(b, {p[1]})) : 0.0;
  });
  for_each_position(x.shape(), [&](const Shape& p) {
    for_each_position({out_group, w.size(2), w.size(3)}, [&](const Shape& q) {
      const Index row = p[2] * o.stride.h - o.padding.h + q[1] * o.dilation.h;
      const Index column = p[3] * o.stride.w - o.padding.w + q[2] * o.dilation.w;
      if (row < 0 || column < 0 || row >= y.size(2) || column >= y.size(3)) return;
      y(p[0], p[1] / in_group * out_group + q[0], row, column) +=
          static_cast<double>(value_at(x, p)) *
          static_cast<double>(value_at(w, {p[1], q[0], q[1], q[2]}));
    });
  });
  return y;
}

template <class T>
void check_against_reference(const Case& c, double tolerance) {
  const auto x = random_tensor<T>(c.x, 1, -1, 1);
  const auto w = random_tensor<T>(c.w, 2, -1, 1);
  const auto b = random_tensor<T>({c.w[1] * c.options.groups}, 3, -1, 1);
  const auto with_bias = reference(x, w, b, c.options);
  const auto without = reference(x, w, {}, c.options);
  INFO("x " << to_string(c.x) << " w " << to_string(c.w));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto xi = layouts_of(x)[i], wi = layouts_of(w)[i], bi = layouts_of(b)[i];
    CHECK(max_error(conv_transpose2d(xi, wi, bi, c.options), with_bias) <= tolerance);
    CHECK(max_error(conv_transpose2d(xi, wi, {}, c.options), without) <= tolerance);
  }
}

std::string error_for(const Shape& x, const Shape& w, const ConvTranspose2dOptions& options = {}) {
  return error_of([&] { conv_transpose2d(zeros(x), zeros(w), {}, options); });
}

}  // namespace

TEST_CASE("conv_transpose2d agrees with its definition on odd sizes and options in every layout",
          "[ops][conv_transpose2d]") {
  for (const Case& c : cases) {
    check_against_reference<double>(c, 1e-12);
    check_against_reference<float>(c, 1e-5);
  }
}

TEST_CASE("conv_transpose2d passes gradient checks of first and second order",
          "[ops][conv_transpose2d]") {
  for (const Case& c : cases) {
    if (c.x.numel() * c.w.numel() > 20000) continue;
    INFO("x " << to_string(c.x) << " w " << to_string(c.w));
    const auto x = random_tensor(c.x, 4);
    const auto w = random_tensor(c.w, 5);
    const auto b = random_tensor({c.w[1] * c.options.groups}, 6);
    check_gradients("conv_transpose2d",
                    [&](auto& in) { return conv_transpose2d(in[0], in[1], in[2], c.options); },
                    {x, w, b});
    check_gradients("conv_transpose2d without bias",
                    [&](auto& in) { return conv_transpose2d(in[0], in[1], {}, c.options); },
                    {x, w});
  }
}

TEST_CASE("conv_transpose2d passes gradient checks in every layout", "[ops][conv_transpose2d]") {
  const ConvTranspose2dOptions options{.stride = {1, 2}, .padding = 1, .groups = 2};
  check_gradients_in_all_layouts(
      "conv_transpose2d", [&](auto& in) { return conv_transpose2d(in[0], in[1], in[2], options); },
      {random_tensor({2, 4, 3, 3}, 7), random_tensor({4, 1, 2, 3}, 8), random_tensor({2}, 9)});
}

TEST_CASE("Gradients of conv_transpose2d with only one tracked operand are those of all",
          "[ops][conv_transpose2d]") {
  const auto x = random_tensor({2, 3, 5, 4}, 12), w = random_tensor({3, 2, 3, 2}, 13);
  const auto b = random_tensor({2}, 14);
  Tape tape;
  const auto xl = tape.watch(x), wl = tape.watch(w), bl = tape.watch(b);
  const auto together = tape.gradients(sum(square(conv_transpose2d(xl, wl, bl))));
  CHECK(same_bits(tape.gradients(sum(square(conv_transpose2d(xl, w, b))))[xl], together[xl]));
  CHECK(same_bits(tape.gradients(sum(square(conv_transpose2d(x, wl, b))))[wl], together[wl]));
  CHECK(same_bits(tape.gradients(sum(square(conv_transpose2d(x, w, bl))))[bl], together[bl]));
  CHECK_FALSE(tape.gradients(sum(conv_transpose2d(x, wl, b))).contains(xl));
}

TEST_CASE("conv_transpose2d is the adjoint of conv2d", "[ops][conv_transpose2d]") {
  // <conv2d(a), x> = <a, conv_transpose2d(x)> for the same weight.
  const auto a = random_tensor({2, 4, 9, 8}, 15), w = random_tensor({6, 2, 3, 2}, 16);
  const auto small = conv2d(a, w, {}, {.stride = 2, .padding = {1, 0}, .groups = 2});
  const auto x = random_tensor(small.shape(), 17);
  const auto large = conv_transpose2d(x, w, {}, {.stride = 2, .padding = {1, 0}, .groups = 2});
  REQUIRE(large.shape() == a.shape());
  CHECK(std::abs(sum(small * x).item() - sum(a * large).item()) <= 1e-11);
}

TEST_CASE("output_padding chooses among the images that conv2d shrinks to one size",
          "[ops][conv_transpose2d]") {
  for (Index more : {0, 1, 2}) {
    const auto y = conv_transpose2d(zeros({1, 1, 4, 4}), zeros({1, 1, 3, 3}), {},
                                    {.stride = 3, .padding = 1, .output_padding = more});
    CHECK(y.size(2) == 10 + more);
    CHECK(conv2d(y, zeros({1, 1, 3, 3}), {}, {.stride = 3, .padding = 1}).size(2) == 4);
  }
}

TEST_CASE("conv_transpose2d of an empty batch is empty and gives zero gradients",
          "[ops][conv_transpose2d]") {
  Tape tape;
  const auto x = tape.watch(zeros<double>({0, 2, 4, 4}));
  const auto w = tape.watch(ones<double>({2, 3, 3, 3})), b = tape.watch(ones<double>({3}));
  const auto y = conv_transpose2d(x, w, b, {.stride = 2});
  CHECK(y.shape() == Shape{0, 3, 9, 9});
  const auto g = tape.gradients(sum(y));
  CHECK(g[x].shape() == x.shape());
  CHECK(equal(g[w], zeros<double>({2, 3, 3, 3})));
  CHECK(equal(g[b], zeros<double>({3})));
}

TEST_CASE("conv_transpose2d without channels gives the bias", "[ops][conv_transpose2d]") {
  const auto y = conv_transpose2d(zeros({2, 0, 3, 3}), zeros({0, 1, 2, 2}), tensor({5}));
  CHECK(equal(y, full({2, 1, 4, 4}, 5)));
  CHECK(conv_transpose2d(zeros({2, 1, 3, 3}), zeros({1, 0, 2, 2})).shape() == Shape{2, 0, 4, 4});
}

TEST_CASE("A NaN pixel reaches just what it paints in conv_transpose2d",
          "[ops][conv_transpose2d]") {
  auto x = ones({1, 1, 3, 3});
  x(0, 0, 1, 2) = std::numeric_limits<float>::quiet_NaN();
  const auto y = conv_transpose2d(x, ones({1, 1, 2, 2}), {}, {.stride = 2});
  for_each_position(y.shape(), [&](const Shape& p) {
    const bool is_painted = (p[2] == 2 || p[2] == 3) && (p[3] == 4 || p[3] == 5);
    CHECK(std::isnan(value_at(y, p)) == is_painted);
  });
}

TEST_CASE("The tape's node of conv_transpose2d carries its options", "[ops][conv_transpose2d]") {
  Tape tape;
  const auto x = tape.watch(zeros({1, 2, 9, 9}));
  const auto y =
      conv_transpose2d(x, zeros({2, 1, 3, 3}), {},
                       {.stride = {1, 2}, .padding = {3, 4}, .dilation = {3, 2}, .groups = 2});
  const detail::Node& node = *detail::tape_context().nodes.back();
  CHECK(std::string(node.op) == "conv_transpose2d");
  REQUIRE(node.attributes != nullptr);
  const Index expected[] = {1, 2, 3, 4, 3, 2, 2};
  for (int i = 0; i < 7; ++i) CHECK(node.attributes->values[i] == expected[i]);
}

TEST_CASE("conv_transpose2d and its gradients have the same bits for every number of threads",
          "[ops][conv_transpose2d]") {
  const ConvTranspose2dOptions options{.stride = {1, 2}, .padding = 1, .groups = 2};
  const auto x = random_tensor<float>({5, 8, 17, 9}, 25);
  const auto w = random_tensor<float>({8, 3, 3, 3}, 26);
  const auto b = random_tensor<float>({6}, 27);
  CHECK(same_bits_for_all_threads([&] { return conv_transpose2d(x, w, b, options); }));
  for (int which : {0, 1, 2}) {
    CHECK(same_bits_for_all_threads([&] {
      Tape tape;
      const Tensor leaves[] = {tape.watch(x), tape.watch(w), tape.watch(b)};
      const auto y = conv_transpose2d(leaves[0], leaves[1], leaves[2], options);
      return tape.gradients(sum(square(y)))[leaves[which]];
    }));
  }
}

TEST_CASE("A weight changed between conv_transpose2d and its gradient is reported",
          "[ops][conv_transpose2d]") {
  Tape tape;
  const auto x = tape.watch(ones({1, 1, 3, 3}));
  auto w = ones({1, 1, 2, 2});
  const auto loss = sum(conv_transpose2d(x, w));
  w.fill_(7);
  CHECK_THROWS_AS(tape.gradients(loss), TapeError);
}

TEST_CASE("conv_transpose2d says which channels do not fit", "[ops][conv_transpose2d]") {
  CHECK(error_for({16, 3, 28, 28}, {4, 8, 3, 3}) ==
        "[conv_transpose2d] weight expects 4 input channels but x has 3: x (N=16, C=3, H=28, "
        "W=28), weight (C=4, O/groups=8, KH=3, KW=3); hint: the number of channels that a layer "
        "expects must be that of its input");
  CHECK(error_for({16, 28, 28, 3}, {3, 4, 3, 3}) ==
        "[conv_transpose2d] weight expects 3 input channels but x has 28: x (N=16, C=28, H=28, "
        "W=3), weight (C=3, O/groups=4, KH=3, KW=3); hint: x looks like (N, H, W, C): "
        "x.permute({0, 3, 1, 2}) makes it (N, C, H, W)");
  CHECK(error_for({1, 3, 5, 5}, {8, 3, 2, 2}) ==
        "[conv_transpose2d] weight expects 8 input channels but x has 3: x (N=1, C=3, H=5, W=5), "
        "weight (C=8, O/groups=3, KH=2, KW=2); hint: the weight of conv_transpose2d has the input "
        "channels first: w.transpose(0, 1)");
  CHECK(error_for({1, 4, 5, 5}, {4, 2, 3, 3}, {.groups = 3}) ==
        "[conv_transpose2d] groups = 3 must divide the input channels C = 4: x (N=1, C=4, H=5, "
        "W=5), weight (C=4, O/groups=2, KH=3, KW=3); hint: choose a divisor of it");
}

TEST_CASE("conv_transpose2d names axes that are missing", "[ops][conv_transpose2d]") {
  CHECK(error_for({3, 28, 28}, {3, 4, 3, 3}) ==
        "[conv_transpose2d] x must have 4 axes (N, C, H, W) but its shape is (3, 28, 28); hint: "
        "x.unsqueeze(0) makes a batch of one image");
  CHECK(error_for({3, 28}, {3, 4, 3, 3}) ==
        "[conv_transpose2d] x must have 4 axes (N, C, H, W) but its shape is (3, 28); hint: "
        "reshape x to (N, C, H, W)");
  CHECK(error_for({1, 3, 28, 28}, {3, 36}) ==
        "[conv_transpose2d] weight must have 4 axes (C, O/groups, KH, KW) but its shape is (3, "
        "36); hint: reshape it");
}

TEST_CASE("conv_transpose2d refuses sizes of which nothing is left", "[ops][conv_transpose2d]") {
  const std::string hint = "; hint: take less padding or a larger kernel";
  CHECK(error_for({1, 1, 2, 9}, {1, 1, 3, 3}, {.padding = {2, 0}}) ==
        "[conv_transpose2d] an image of 2 x 9 pixels would become one of 0 x 11: x (N=1, C=1, "
        "H=2, W=9), weight (C=1, O/groups=1, KH=3, KW=3)" +
            hint);
  CHECK_THROWS_AS(conv_transpose2d(zeros({1, 1, 0, 3}), zeros({1, 1, 3, 3})), ShapeError);
  CHECK_THROWS_AS(conv_transpose2d(zeros({1, 1, 3, 0}), zeros({1, 1, 3, 3})), ShapeError);
  CHECK_THROWS_AS(conv_transpose2d(zeros({1, 1, 3, 3}), zeros({1, 1, 0, 3})), ShapeError);
  CHECK_THROWS_AS(conv_transpose2d(zeros({1, 1, 3, 3}), zeros({1, 1, 3, 0})), ShapeError);
}

TEST_CASE("conv_transpose2d refuses options out of their range", "[ops][conv_transpose2d]") {
  const Shape x{1, 1, 5, 5}, w{1, 1, 3, 3};
  const std::string hint = "; hint: give one number for both image axes or {along H, along W}";
  CHECK(error_for(x, w, {.stride = 0}) ==
        "[conv_transpose2d] stride must be at least 1 but is (0, 0)" + hint);
  CHECK(error_for(x, w, {.padding = {0, -1}}) ==
        "[conv_transpose2d] padding must be at least 0 but is (0, -1)" + hint);
  CHECK(error_for(x, w, {.output_padding = {-1, 0}}) ==
        "[conv_transpose2d] output_padding must be at least 0 but is (-1, 0)" + hint);
  CHECK(error_for(x, w, {.dilation = {-2, 1}}) ==
        "[conv_transpose2d] dilation must be at least 1 but is (-2, 1)" + hint);
  CHECK(error_for(x, w, {.groups = 0}) ==
        "[conv_transpose2d] groups must be at least 1 but is 0; hint: 1 connects all channels");
  CHECK(error_for(x, w, {.stride = {2, 3}, .output_padding = {1, 3}, .dilation = {1, 2}}) ==
        "[conv_transpose2d] output_padding (1, 3) must be smaller than stride (2, 3) or dilation "
        "(1, 2) on each axis; hint: it only chooses among the sizes that conv2d shrinks to the "
        "same one; pad y for more");
  CHECK_THROWS_AS(conv_transpose2d(zeros(x), zeros(w), {}, {.output_padding = 1}), ValueError);
}

TEST_CASE("conv_transpose2d refuses a bias of another size and undefined tensors",
          "[ops][conv_transpose2d]") {
  const auto x = zeros({1, 2, 5, 5}), w = zeros({2, 3, 3, 3});
  CHECK(error_of<ShapeError>([&] { conv_transpose2d(x, w, zeros({3}), {.groups = 2}); }) ==
        "[conv_transpose2d] bias must have shape (O=6) but has (3): x (N=1, C=2, H=5, W=5), weight "
        "(C=2, O/groups=3, KH=3, KW=3); hint: it holds one number for each output channel");
  CHECK_THROWS_AS(conv_transpose2d(x, w, zeros({3, 1})), ShapeError);
  CHECK_THROWS_AS(conv_transpose2d(Tensor(), w), ValueError);
  CHECK_THROWS_AS(conv_transpose2d(x, Tensor()), ValueError);
}
