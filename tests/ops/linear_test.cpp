#include "tenon/ops/linear.hpp"

#include <array>
#include <cmath>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/relu.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

template <class T>
DoubleTensor plain_linear(const BasicTensor<T>& x, const BasicTensor<T>& w,
                          const BasicTensor<T>& b) {
  Shape shape = x.shape();
  const int last = shape.rank() - 1;
  shape[last] = w.size(0);
  auto y = DoubleTensor::empty(shape);
  Index i = 0;
  for_each_position(shape, [&](const Shape& p) {
    const Index o = p[last];
    double total = b.defined() ? static_cast<double>(value_at(b, {o})) : 0;
    for (Index d = 0; d < w.size(1); ++d) {
      Shape at = p;
      at[last] = d;
      total += static_cast<double>(value_at(x, at)) * static_cast<double>(value_at(w, {o, d}));
    }
    y.data()[i++] = total;
  });
  return y;
}

const Shape x_shapes[] = {{3},          {1, 3}, {4, 3},    {2, 5, 3},
                          {2, 1, 4, 3}, {0, 3}, {2, 0, 3}, {2, 1, 2, 1, 2, 1, 2, 3}};

}  // namespace

TEST_CASE("linear agrees with its definition for all leading axes and layouts", "[ops][linear]") {
  for (const Shape& shape : x_shapes) {
    for (const auto& x : layouts_of(random_tensor(shape, 1))) {
      for (const auto& w : layouts_of(random_tensor({4, 3}, 2))) {
        for (const auto& b : layouts_of(random_tensor({4}, 3))) {
          const auto y = linear(x, w, b);
          CHECK(y.is_contiguous());
          CHECK(max_error(y, plain_linear(x, w, b)) <= 1e-14);
        }
        CHECK(max_error(linear(x, w), plain_linear(x, w, DoubleTensor())) <= 1e-14);
      }
    }
  }
  for (const auto& [p, q] : {std::pair<Shape, Shape>{{33, 130}, {65, 130}},
                             {{1, 784}, {10, 784}},
                             {{64, 1}, {1, 1}},
                             {{5, 0}, {2, 0}},
                             {{5, 2}, {0, 2}}}) {
    const auto x = random_tensor<float>(p, 4), w = random_tensor<float>(q, 5);
    const auto b = random_tensor<float>({q[0]}, 6);
    CHECK(max_error(linear(x, w, b), plain_linear(x, w, b)) <= 5e-5);
    CHECK(max_error(linear(x, w, {}), plain_linear(x, w, Tensor())) <= 5e-5);
  }
}

TEST_CASE("linear reads expanded and transposed operands", "[ops][linear]") {
  const auto w = random_tensor({3, 4}, 7).t();
  const auto b = random_tensor({1}, 8).expand({4});
  const auto rows = random_tensor({1, 3}, 9).expand({6, 3});
  CHECK(max_error(linear(rows, w, b), plain_linear(rows, w, b)) <= 1e-14);
  const auto batch = random_tensor({3, 2, 5}, 10).permute({1, 2, 0});
  CHECK(max_error(linear(batch, w, b), plain_linear(batch, w, b)) <= 1e-14);
}

TEST_CASE("Gradients of linear pass gradcheck", "[ops][linear]") {
  const auto w = random_tensor({2, 3}, 11), b = random_tensor({2}, 12);
  for (const Shape& shape : x_shapes) {
    if (shape.numel() > 40) continue;
    const auto x = random_tensor(shape, 13);
    const auto with = [](const Inputs& in) { return linear(in[0], in[1], in[2]); };
    const auto without = [](const Inputs& in) { return linear(in[0], in[1]); };
    const auto nonlinear = [](const Inputs& in) {
      return square(linear(square(in[0]), in[1] * in[1], in[2]));
    };
    check_gradients_in_all_layouts("linear", with, {x, w, b});
    check_gradients_in_all_layouts("linear (no bias)", without, {x, w});
    check_gradients("linear", nonlinear, {x, w, b});
    const auto fused = [](const Inputs& in) { return linear_relu(in[0], in[1], in[2]); };
    check_gradients_in_all_layouts("linear_relu", fused, {x, w, b});
  }
}

TEST_CASE("linear_relu is relu after linear, bit for bit, forward and backward", "[ops][linear]") {
  const auto x = random_tensor<float>({5, 3, 40}, 1), w = random_tensor<float>({17, 40}, 2);
  const auto b = random_tensor<float>({17}, 3), dy = random_tensor<float>({5, 3, 17}, 4);
  for (const Tensor& bias : {b, Tensor()}) {
    const auto gradients = [&](const auto& f) {
      Tape tape;
      const Tensor v = tape.watch(x), u = tape.watch(w);
      const Tensor y = f(v, u, bias.defined() ? tape.watch(bias) : bias);
      const Gradients found = tape.gradients(y, dy);
      return std::array{y.detach(), found[v], found[u]};
    };
    const auto fused = gradients([](const auto&... in) { return linear_relu(in...); });
    const auto apart = gradients([](const auto&... in) { return relu(linear(in...)); });
    for (std::size_t i = 0; i < fused.size(); ++i) CHECK(same_bits(fused[i], apart[i]));
  }
}

TEST_CASE("linear's gradients have the operands' shapes and repeat bit by bit", "[ops][linear]") {
  for (const Shape& shape : x_shapes) {
    Tape tape;
    const auto x = tape.watch(random_tensor(shape, 14)), w = tape.watch(random_tensor({4, 3}, 15));
    const auto b = tape.watch(random_tensor({4}, 16));
    const auto y = sum(linear(x, w, b));
    const auto first = tape.gradients(y), second = tape.gradients(y);
    INFO(to_string(shape));
    CHECK(first[x].shape() == shape);
    CHECK(first[w].shape() == Shape{4, 3});
    CHECK(first[b].shape() == Shape{4});
    for (const auto& leaf : {x, w, b}) CHECK(same_bits(first[leaf], second[leaf]));
  }
}

TEST_CASE("linear gives the weights' gradient for a constant x", "[ops][linear]") {
  const auto x = random_tensor({5, 3}, 17), w = random_tensor({4, 3}, 18);
  const auto dy = random_tensor({5, 4}, 19);
  Tape tape;
  const auto leaf = tape.watch(w);
  const auto g = tape.gradients(linear(x, leaf), dy);
  CHECK(g.size() == 1);
  CHECK(max_error(g[leaf], matmul(dy.t(), x)) <= 1e-14);
}

TEST_CASE("linear shares one weight between two calls", "[ops][linear]") {
  const auto f = [](const Inputs& in) {
    return linear(square(linear(in[0], in[1], in[2])), in[1], in[2]);
  };
  check_gradients_in_all_layouts(
      "linear", f, {random_tensor({2, 3}, 20), random_tensor({3, 3}, 21), random_tensor({3}, 22)});
}

TEST_CASE("linear says what does not fit", "[ops][linear]") {
  const Tensor w = zeros({5, 4});
  CHECK(error_of<ShapeError>([&] {
          linear(zeros({2, 3}), w);
        }) ==
        "[linear] w expects 4 features but x has 3: x (N=2, D=3), w (O=5, D=4); hint: the last "
        "axis of x holds the features; flatten images first");
  CHECK_THAT(error_of<ShapeError>([&] {
               linear(zeros({2, 7, 3}), w);
             }),
             ContainsSubstring("x (N=2, L=7, D=3), w (O=5, D=4)"));
  CHECK_THAT(error_of<ShapeError>([&] { linear(zeros({3}), w); }), ContainsSubstring("x (D=3)"));
  CHECK(error_of<ShapeError>([&] {
          linear(zeros({2, 4}), w, zeros({4}));
        }) ==
        "[linear] b must have shape (O=5) but has (4): w (O=5, D=4); hint: one bias for each "
        "output");
  CHECK_THAT(error_of<ShapeError>([&] {
               linear(zeros({2, 4}), w, zeros({1, 5}));
             }),
             ContainsSubstring("b must have shape (O=5) but has (1, 5)"));
  CHECK(error_of<ShapeError>([] {
          linear(zeros({2, 4}), zeros({4}));
        }) ==
        "[linear] w must be a matrix (O, D) but has shape (4); hint: one row of weights for each "
        "output");
  CHECK(error_of<ShapeError>([&] { linear(tensor(1), w); }) ==
        "[linear] x needs at least one axis, the features, but is a scalar; hint: reshape it to "
        "(1, 1)");
  CHECK_THAT(error_of<ValueError>([&] { linear(Tensor(), w); }),
             ContainsSubstring("[linear] the tensor is undefined"));
  CHECK_THAT(error_of<ValueError>([&] {
               linear(zeros({2, 4}), Tensor());
             }),
             ContainsSubstring("[linear] the tensor is undefined"));
}

TEST_CASE("linear has the same bits at any number of threads", "[ops][linear]") {
  const auto x = random_tensor<float>({5, 211, 100}, 23), w = random_tensor<float>({77, 100}, 24);
  const auto b = random_tensor<float>({77}, 25);
  CHECK(same_bits_for_all_threads([&] { return linear(x, w, b); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto u = tape.watch(x), v = tape.watch(w), c = tape.watch(b);
    const auto g = tape.gradients(sum(square(linear(u, v, c))));
    return cat({g[u].reshape({-1}), g[v].reshape({-1}), g[c]});
  }));
}
