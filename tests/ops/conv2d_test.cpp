#include "tenon/ops/conv2d.hpp"

#include <limits>

#include "autograd/context.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

struct Case {
  Shape x, w;
  Conv2dOptions options;
};

const Case cases[] = {
    {{2, 3, 6, 5}, {4, 3, 3, 3}, {}},
    {{1, 1, 1, 1}, {1, 1, 1, 1}, {}},
    {{2, 5, 4, 3}, {3, 5, 1, 1}, {}},
    {{2, 2, 4, 5}, {3, 2, 4, 5}, {}},
    {{1, 2, 5, 4}, {3, 2, 3, 3}, {.padding = 1}},
    {{1, 1, 3, 3}, {2, 1, 3, 3}, {.padding = {2, 3}}},
    {{1, 2, 9, 8}, {3, 2, 3, 3}, {.stride = 2}},
    {{1, 2, 6, 8}, {2, 2, 2, 2}, {.stride = {3, 5}}},
    {{1, 2, 9, 9}, {2, 2, 3, 3}, {.dilation = 2}},
    {{1, 2, 8, 9}, {3, 2, 2, 5}, {.stride = {2, 1}, .padding = {0, 2}, .dilation = {2, 1}}},
    {{1, 3, 6, 5}, {2, 3, 4, 2}, {.padding = {3, 1}}},
    {{2, 4, 4, 5}, {6, 2, 3, 3}, {.padding = 1, .groups = 2}},
    {{2, 3, 4, 5}, {3, 1, 3, 3}, {.padding = 1, .groups = 3}},
    {{1, 3, 7, 6}, {6, 1, 3, 3}, {.stride = 2, .dilation = {2, 1}, .groups = 3}},
    {{2, 4, 7, 6},
     {4, 2, 3, 2},
     {.stride = {2, 3}, .padding = {2, 1}, .dilation = {2, 3}, .groups = 2}},
    {{1, 19, 5, 3}, {17, 19, 3, 3}, {.padding = 1}},
};

/// The definition, term by term.
template <class T>
DoubleTensor reference(const BasicTensor<T>& x, const BasicTensor<T>& w, const BasicTensor<T>& b,
                       const Conv2dOptions& o) {
  const Index out_h =
      (x.size(2) + 2 * o.padding.h - o.dilation.h * (w.size(2) - 1) - 1) / o.stride.h + 1;
  const Index out_w =
      (x.size(3) + 2 * o.padding.w - o.dilation.w * (w.size(3) - 1) - 1) / o.stride.w + 1;
  auto y = DoubleTensor::empty({x.size(0), w.size(0), out_h, out_w});
  for_each_position(y.shape(), [&](const Shape& p) {
    const Index group = p[1] / (w.size(0) / o.groups);
    double value = b.defined() ? static_cast<double>(value_at(b, {p[1]})) : 0.0;
    for_each_position({w.size(1), w.size(2), w.size(3)}, [&](const Shape& q) {
      const Index row = p[2] * o.stride.h - o.padding.h + q[1] * o.dilation.h;
      const Index column = p[3] * o.stride.w - o.padding.w + q[2] * o.dilation.w;
      if (row < 0 || column < 0 || row >= x.size(2) || column >= x.size(3)) return;
      value += static_cast<double>(value_at(w, {p[1], q[0], q[1], q[2]})) *
               static_cast<double>(value_at(x, {p[0], group * w.size(1) + q[0], row, column}));
    });
    y(p[0], p[1], p[2], p[3]) = value;
  });
  return y;
}

template <class T>
void check_against_reference(const Case& c, double tolerance) {
  const auto x = random_tensor<T>(c.x, 1, -1, 1);
  const auto w = random_tensor<T>(c.w, 2, -1, 1);
  const auto b = random_tensor<T>({c.w[0]}, 3, -1, 1);
  const auto with_bias = reference(x, w, b, c.options);
  const auto without = reference(x, w, {}, c.options);
  INFO("x " << to_string(c.x) << " w " << to_string(c.w));
  for (int layout = 0; layout < 3; ++layout) {
    const auto i = static_cast<std::size_t>(layout);
    const auto xi = layouts_of(x)[i], wi = layouts_of(w)[i], bi = layouts_of(b)[i];
    CHECK(max_error(conv2d(xi, wi, bi, c.options), with_bias) <= tolerance);
    CHECK(max_error(conv2d(xi, wi, {}, c.options), without) <= tolerance);
  }
}

std::string error_for(const Shape& x, const Shape& w, const Conv2dOptions& options = {}) {
  return error_of([&] { conv2d(zeros(x), zeros(w), {}, options); });
}

}  // namespace

TEST_CASE("conv2d agrees with its definition on odd sizes and options in every layout",
          "[ops][conv2d]") {
  for (const Case& c : cases) {
    check_against_reference<double>(c, 1e-12);
    check_against_reference<float>(c, 1e-5);
  }
}

TEST_CASE("conv2d passes gradient checks of first and second order", "[ops][conv2d]") {
  for (const Case& c : cases) {
    if (c.x.numel() * c.w.numel() > 20000) continue;
    INFO("x " << to_string(c.x) << " w " << to_string(c.w));
    const auto x = random_tensor(c.x, 4);
    const auto w = random_tensor(c.w, 5);
    const auto b = random_tensor({c.w[0]}, 6);
    const auto f = [&](auto& in) { return conv2d(in[0], in[1], in[2], c.options); };
    check_gradients("conv2d", f, {x, w, b});
    check_gradients("conv2d_relu",
                    [&](auto& in) { return conv2d_relu(in[0], in[1], in[2], c.options); },
                    {x, w, b});
    check_gradients("conv2d without bias",
                    [&](auto& in) { return conv2d(in[0], in[1], {}, c.options); }, {x, w});
  }
}

TEST_CASE("conv2d passes gradient checks in every layout", "[ops][conv2d]") {
  const Conv2dOptions options{.stride = {1, 2}, .padding = 1, .dilation = {1, 2}, .groups = 2};
  check_gradients_in_all_layouts(
      "conv2d", [&](auto& in) { return conv2d(in[0], in[1], in[2], options); },
      {random_tensor({2, 4, 3, 5}, 7), random_tensor({2, 2, 2, 3}, 8), random_tensor({2}, 9)});
}

TEST_CASE("conv2d has a third derivative", "[ops][conv2d]") {
  const Conv2dOptions options{.stride = {2, 1}, .padding = 1};
  const auto inner_gradient = [&](const std::vector<DoubleTensor>& in, int which) {
    Tape tape;
    const DoubleTensor leaves[] = {tape.watch(in[0]), tape.watch(in[1])};
    const auto y = conv2d(leaves[0], leaves[1], {}, options);
    return tape.gradients(sum(y * y * y))[leaves[which]];
  };
  const std::vector<DoubleTensor> inputs{random_tensor({1, 2, 3, 3}, 10, -1, 1),
                                         random_tensor({2, 2, 2, 2}, 11, -1, 1)};
  for (int which : {0, 1}) {
    check_gradients(
        "conv2d, third derivative", [&](auto& in) { return inner_gradient(in, which); }, inputs);
  }
}

TEST_CASE("Gradients of conv2d with only one tracked operand are those of all", "[ops][conv2d]") {
  const auto x = random_tensor({2, 3, 5, 4}, 12), w = random_tensor({2, 3, 3, 2}, 13);
  const auto b = random_tensor({2}, 14);
  Tape tape;
  const auto xl = tape.watch(x), wl = tape.watch(w), bl = tape.watch(b);
  const auto together = tape.gradients(sum(square(conv2d(xl, wl, bl))));
  CHECK(same_bits(tape.gradients(sum(square(conv2d(xl, w, b))))[xl], together[xl]));
  CHECK(same_bits(tape.gradients(sum(square(conv2d(x, wl, b))))[wl], together[wl]));
  CHECK(same_bits(tape.gradients(sum(square(conv2d(x, w, bl))))[bl], together[bl]));
  CHECK_FALSE(tape.gradients(sum(conv2d(x, wl, b))).contains(xl));
}

TEST_CASE("conv2d is linear in the image and in the weight", "[ops][conv2d]") {
  const Shape image{2, 4, 5, 6}, kernel{6, 2, 3, 2};
  const Conv2dOptions options{.stride = {1, 2}, .padding = {1, 0}, .groups = 2};
  const auto x1 = random_tensor(image, 15), x2 = random_tensor(image, 16);
  const auto w1 = random_tensor(kernel, 17), w2 = random_tensor(kernel, 18);
  const auto at = [&](const DoubleTensor& x, const DoubleTensor& w) {
    return conv2d(x, w, {}, options);
  };
  CHECK(max_error(at(2 * x1 - 3 * x2, w1), 2 * at(x1, w1) - 3 * at(x2, w1)) <= 1e-12);
  CHECK(max_error(at(x1, 2 * w1 - 3 * w2), 2 * at(x1, w1) - 3 * at(x1, w2)) <= 1e-12);
}

TEST_CASE("A 1x1 conv2d is a matrix product over the channels", "[ops][conv2d]") {
  const auto x = random_tensor({3, 5, 4, 7}, 19), w = random_tensor({6, 5, 1, 1}, 20);
  const auto product = matmul(w.reshape({6, 5}), x.reshape({3, 5, 28}));
  CHECK(max_error(conv2d(x, w), product.reshape({3, 6, 4, 7})) <= 1e-12);
}

TEST_CASE("Groups of conv2d do not see each other", "[ops][conv2d]") {
  const auto x = random_tensor({2, 6, 5, 5}, 21), w = random_tensor({9, 2, 3, 3}, 22);
  const auto y = conv2d(x, w, {}, {.padding = 1, .groups = 3});
  for (Index g = 0; g < 3; ++g) {
    const auto part = conv2d(x.narrow(1, 2 * g, 2), w.narrow(0, 3 * g, 3), {}, {.padding = 1});
    CHECK(max_error(y.narrow(1, 3 * g, 3), part) <= 1e-12);
  }
}

TEST_CASE("conv2d of an empty batch is empty and gives zero gradients", "[ops][conv2d]") {
  Tape tape;
  const auto x = tape.watch(zeros<double>({0, 2, 4, 4}));
  const auto w = tape.watch(ones<double>({3, 2, 3, 3})), b = tape.watch(ones<double>({3}));
  const auto y = conv2d(x, w, b);
  CHECK(y.shape() == Shape{0, 3, 2, 2});
  const auto g = tape.gradients(sum(y));
  CHECK(g[x].shape() == x.shape());
  CHECK(equal(g[w], zeros<double>({3, 2, 3, 3})));
  CHECK(equal(g[b], zeros<double>({3})));
}

TEST_CASE("conv2d without channels gives the bias, without kernels nothing", "[ops][conv2d]") {
  const auto y = conv2d(zeros({2, 0, 3, 3}), zeros({1, 0, 2, 2}), tensor({5}));
  CHECK(equal(y, full({2, 1, 2, 2}, 5)));
  CHECK(conv2d(zeros({2, 1, 3, 3}), zeros({0, 1, 2, 2})).shape() == Shape{2, 0, 2, 2});
}

TEST_CASE("conv2d of an image that is all padding is the bias", "[ops][conv2d]") {
  const auto y = conv2d(zeros({1, 1, 0, 2}), ones({1, 1, 2, 2}), tensor({3}), {.padding = 1});
  CHECK(equal(y, full({1, 1, 1, 3}, 3)));
}

TEST_CASE("A NaN pixel reaches just the windows that hold it", "[ops][conv2d]") {
  auto x = ones({1, 1, 5, 5});
  x(0, 0, 1, 3) = std::numeric_limits<float>::quiet_NaN();
  const auto y = conv2d(x, ones({1, 1, 2, 2}));
  for_each_position(y.shape(), [&](const Shape& p) {
    const bool holds = (p[2] == 0 || p[2] == 1) && (p[3] == 2 || p[3] == 3);
    CHECK(std::isnan(value_at(y, p)) == holds);
  });
}

TEST_CASE("Options of conv2d are one number or a pair, of any integer type", "[ops][conv2d]") {
  const auto x = random_tensor({1, 1, 7, 7}, 23), w = random_tensor({1, 1, 3, 3}, 24);
  const std::size_t two = 2;
  const int one = 1;
  const auto y = conv2d(x, w, {}, {.stride = {2, 1}});
  CHECK(y.shape() == Shape{1, 1, 3, 5});
  CHECK(equal(y, conv2d(x, w, {}, {.stride = {two, one}})));
  CHECK(conv2d(x, w, {}, {.stride = two, .padding = 1}).shape() == Shape{1, 1, 4, 4});
}

TEST_CASE("The tape's node of conv2d carries its options", "[ops][conv2d]") {
  Tape tape;
  const auto x = tape.watch(zeros({1, 2, 9, 9}));
  const auto y = conv2d(x, zeros({2, 1, 3, 3}), {},
                        {.stride = {1, 2}, .padding = {3, 4}, .dilation = {3, 2}, .groups = 2});
  const detail::Node& node = *detail::tape_context().nodes.back();
  CHECK(std::string(node.op) == "conv2d");
  REQUIRE(node.attributes != nullptr);
  CHECK(std::string(node.attributes->names) ==
        "stride_h stride_w padding_h padding_w dilation_h dilation_w groups");
  const Index expected[] = {1, 2, 3, 4, 3, 2, 2};
  for (int i = 0; i < 7; ++i) CHECK(node.attributes->values[i] == expected[i]);
}

TEST_CASE("conv2d and its gradients have the same bits for every number of threads",
          "[ops][conv2d]") {
  const Conv2dOptions options{.stride = {1, 2}, .padding = 1, .groups = 2};
  const auto x = random_tensor<float>({5, 6, 17, 19}, 25);
  const auto w = random_tensor<float>({8, 3, 3, 3}, 26);
  const auto b = random_tensor<float>({8}, 27);
  CHECK(same_bits_for_all_threads([&] { return conv2d(x, w, b, options); }));
  for (int which : {0, 1, 2}) {
    CHECK(same_bits_for_all_threads([&] {
      Tape tape;
      const Tensor leaves[] = {tape.watch(x), tape.watch(w), tape.watch(b)};
      const auto y = conv2d(leaves[0], leaves[1], leaves[2], options);
      return tape.gradients(sum(square(y)))[leaves[which]];
    }));
  }
}

TEST_CASE("A weight changed between conv2d and its gradient is reported", "[ops][conv2d]") {
  Tape tape;
  const auto x = tape.watch(ones({1, 1, 3, 3}));
  auto w = ones({1, 1, 2, 2});
  const auto loss = sum(conv2d(x, w));
  w.fill_(7);
  CHECK_THROWS_AS(tape.gradients(loss), TapeError);
}

TEST_CASE("conv2d says which channels do not fit and recognises channels-last images",
          "[ops][conv2d]") {
  CHECK(error_for({16, 3, 28, 28}, {4, 8, 3, 3}) ==
        "[conv2d] weight expects 8 input channels but x has 3: x (N=16, C=3, H=28, W=28), weight "
        "(O=4, C/groups=8, KH=3, KW=3); hint: the number of channels that a layer expects must be "
        "that of its input");
  CHECK(error_for({16, 28, 28, 3}, {4, 3, 3, 3}) ==
        "[conv2d] weight expects 3 input channels but x has 28: x (N=16, C=28, H=28, W=3), weight "
        "(O=4, C/groups=3, KH=3, KW=3); hint: x looks like (N, H, W, C): x.permute({0, 3, 1, 2}) "
        "makes it (N, C, H, W)");
  CHECK(error_for({1, 4, 5, 5}, {2, 4, 3, 3}, {.groups = 2}) ==
        "[conv2d] weight expects 8 input channels in 2 groups but x has 4: x (N=1, C=4, H=5, W=5), "
        "weight (O=2, C/groups=4, KH=3, KW=3); hint: with groups the weight's second axis is "
        "C/groups = 2");
}

TEST_CASE("conv2d names axes that are missing", "[ops][conv2d]") {
  CHECK(error_for({3, 28, 28}, {4, 3, 3, 3}) ==
        "[conv2d] x must have 4 axes (N, C, H, W) but its shape is (3, 28, 28); hint: "
        "x.unsqueeze(0) makes a batch of one image, x.unsqueeze(1) gives grey images their "
        "channel");
  CHECK(error_for({3, 28}, {4, 3, 3, 3}) ==
        "[conv2d] x must have 4 axes (N, C, H, W) but its shape is (3, 28); hint: reshape x to "
        "(N, C, H, W)");
  CHECK(error_for({1, 3, 28, 28}, {4, 27}) ==
        "[conv2d] weight must have 4 axes (O, C/groups, KH, KW) but its shape is (4, 27); hint: "
        "reshape it");
}

TEST_CASE("conv2d refuses a kernel that is larger than the padded image", "[ops][conv2d]") {
  const std::string hint =
      "; hint: pad the image, or take a smaller kernel or fewer layers that shrink the image";
  CHECK(error_for({1, 1, 3, 9}, {1, 1, 3, 3}, {.padding = {1, 0}, .dilation = {3, 1}}) ==
        "[conv2d] the kernel spans 7 x 3 pixels but the padded image has 5 x 9: x (N=1, C=1, H=3, "
        "W=9), weight (O=1, C/groups=1, KH=3, KW=3)" +
            hint);
  CHECK(error_for({1, 1, 3, 2}, {1, 1, 1, 3}) ==
        "[conv2d] the kernel spans 1 x 3 pixels but the padded image has 3 x 2: x (N=1, C=1, H=3, "
        "W=2), weight (O=1, C/groups=1, KH=1, KW=3)" +
            hint);
  CHECK(error_for({1, 1, 3, 3}, {1, 1, 0, 3}) ==
        "[conv2d] the kernel spans 0 x 3 pixels but the padded image has 3 x 3: x (N=1, C=1, H=3, "
        "W=3), weight (O=1, C/groups=1, KH=0, KW=3)" +
            hint);
}

TEST_CASE("conv2d refuses groups that do not divide the channels", "[ops][conv2d]") {
  const std::string hint = "; hint: choose a common divisor of both";
  CHECK(error_for({1, 4, 5, 5}, {6, 1, 3, 3}, {.groups = 3}) ==
        "[conv2d] groups = 3 must divide the input channels C = 4 and the output channels O = 6: x "
        "(N=1, C=4, H=5, W=5), weight (O=6, C/groups=1, KH=3, KW=3)" +
            hint);
  CHECK(error_for({1, 4, 5, 5}, {3, 2, 3, 3}, {.groups = 2}) ==
        "[conv2d] groups = 2 must divide the input channels C = 4 and the output channels O = 3: x "
        "(N=1, C=4, H=5, W=5), weight (O=3, C/groups=2, KH=3, KW=3)" +
            hint);
}

TEST_CASE("conv2d refuses options out of their range", "[ops][conv2d]") {
  const Shape x{1, 1, 5, 5}, w{1, 1, 3, 3};
  const std::string hint = "; hint: give one number for both image axes or {along H, along W}";
  CHECK(error_for(x, w, {.stride = 0}) ==
        "[conv2d] stride must be at least 1 but is (0, 0)" + hint);
  CHECK(error_for(x, w, {.padding = {0, -1}}) ==
        "[conv2d] padding must be at least 0 but is (0, -1)" + hint);
  CHECK(error_for(x, w, {.dilation = {-2, 1}}) ==
        "[conv2d] dilation must be at least 1 but is (-2, 1)" + hint);
  CHECK(error_for(x, w, {.groups = 0}) ==
        "[conv2d] groups must be at least 1 but is 0; hint: 1 connects all channels, C makes the "
        "convolution depthwise");
  const Index huge = std::numeric_limits<Index>::max();
  CHECK(error_for(x, w, {.padding = huge}) ==
        "[conv2d] padding must be at most 1073741824 but is (9223372036854775807, "
        "9223372036854775807)" +
            hint);
  CHECK_THROWS_AS(conv2d(zeros(x), zeros(w), {}, {.dilation = huge}), ValueError);
}

TEST_CASE("conv2d refuses a bias of another size and undefined tensors", "[ops][conv2d]") {
  const auto x = zeros({1, 1, 5, 5}), w = zeros({2, 1, 3, 3});
  CHECK(error_of<ShapeError>([&] { conv2d(x, w, zeros({3})); }) ==
        "[conv2d] bias must have shape (O=2) but has (3): x (N=1, C=1, H=5, W=5), weight (O=2, "
        "C/groups=1, KH=3, KW=3); hint: it holds one number for each output channel");
  CHECK_THROWS_AS(conv2d(x, w, zeros({2, 1})), ShapeError);
  CHECK_THROWS_AS(conv2d(Tensor(), w), ValueError);
  CHECK_THROWS_AS(conv2d(x, Tensor()), ValueError);
}
