#include "tenon/ops/layer_norm.hpp"

#include <limits>

#include "ops_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/rms_norm.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// By its definition, of operations: mean and variance over the last axes of x.
DoubleTensor composed(const DoubleTensor& x, const Shape& axes, double eps, bool center) {
  const auto centred = center ? x - mean(x, axes, true) : x;
  return centred / sqrt(mean(centred * centred, axes, true) + eps);
}

}  // namespace

TEST_CASE("layer_norm and rms_norm agree with their definitions, whatever the strides",
          "[ops][layer_norm][tiny]") {
  for (const Shape& shape : {Shape{3, 4, 5}, Shape{2, 3, 1, 7}, Shape{1, 1, 33}, Shape{2, 6, 40}}) {
    const auto x = random_tensor(shape, 1);
    const auto w = random_tensor({shape[shape.rank() - 1]}, 2);
    const auto b = random_tensor({shape[shape.rank() - 1]}, 3);
    const auto h = composed(x, {-1}, 1e-5, true);
    const auto r = composed(x, {-1}, 1e-3, false);
    const Shape last = w.shape();
    for (const auto& layout : layouts_of(x)) {
      CHECK(max_error(layer_norm(layout, last), h) <= 1e-13);
      CHECK(max_error(layer_norm(layout, last, w, b), h * w + b) <= 1e-13);
      CHECK(max_error(layer_norm(layout, last, {}, b), h + b) <= 1e-13);
      CHECK(max_error(rms_norm(layout, last, w, 1e-3), r * w) <= 1e-13);
      CHECK(same_bits(layer_norm(layout, last, sliced_storage(w), sliced_storage(b)),
                      layer_norm(x, last, w, b)));
    }
    CHECK(max_error(layer_norm(x.to<float>(), last, w.to<float>(), b.to<float>()), h * w + b) <=
          1e-5);
  }
  const auto x = random_tensor({2, 3, 4}, 4);
  CHECK(max_error(layer_norm(x, {3, 4}), composed(x, {-2, -1}, 1e-5, true)) <= 1e-13);
  CHECK(max_error(layer_norm(x, {2, 3, 4}), composed(x, {0, 1, 2}, 1e-5, true)) <= 1e-13);
}

TEST_CASE("rms_norm takes the rounding unit of its type where eps is absent", "[ops][rms_norm]") {
  const auto x = full({4}, 1e-4f);
  const float unit = std::numeric_limits<float>::epsilon();
  CHECK(same_bits(rms_norm(x, {4}), rms_norm(x, {4}, {}, static_cast<double>(unit))));
  CHECK(rms_norm(x, {4})(0) == Approx(1e-4 / std::sqrt(1e-8 + static_cast<double>(unit))));
  CHECK(rms_norm(x.to<double>(), {4})(0) == Approx(1).epsilon(1e-6));
}

TEST_CASE("layer_norm passes gradient checks of first and second order",
          "[ops][layer_norm][gradcheck]") {
  const auto x = random_tensor({2, 3, 4}, 1);
  for (const Shape& shape : {Shape{4}, Shape{3, 4}}) {
    const auto w = random_tensor(shape, 2), b = random_tensor(shape, 3);
    check_gradients_in_all_layouts(
        "layer_norm", [&](auto& in) { return layer_norm(in[0], shape, in[1], in[2]); }, {x, w, b});
    check_gradients_in_all_layouts(
        "rms_norm", [&](auto& in) { return rms_norm(in[0], shape, in[1], 1e-2); }, {x, w});
    check_gradients("layer_norm", [&](auto& in) { return layer_norm(in[0], shape); }, {x});
    check_gradients("layer_norm", [&](auto& in) { return layer_norm(x, shape, in[0], b); }, {w});
    check_gradients("layer_norm", [&](auto& in) { return layer_norm(x, shape, w, in[0]); }, {b});
    check_gradients("layer_norm", [&](auto& in) { return layer_norm(in[0], shape, {}, b); }, {x});
  }
}

TEST_CASE("layer_norm has third derivatives", "[ops][layer_norm][gradcheck]") {
  const auto x = random_tensor({2, 3}, 5), w = random_tensor({3}, 6);
  check_gradients("layer_norm, third derivative",
                  [](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto leaf = tape.watch(in[0]);
                    const auto y = layer_norm(leaf, {3}, in[1]);
                    return tape.gradients(sum(y * y * y))[leaf];
                  },
                  {x, w});
}

TEST_CASE("gradients that will be differentiated again are those that will not",
          "[ops][layer_norm]") {
  const auto x = random_tensor({5, 7}, 1), w = random_tensor({7}, 2), b = random_tensor({7}, 3);
  const auto dy = random_tensor({5, 7}, 4);
  for (const bool center : {true, false}) {
    const auto gradients_of = [&](const DoubleTensor& leaf_x, const DoubleTensor& leaf_w,
                                  const DoubleTensor& leaf_b) {
      Tape tape;
      const auto u = tape.watch(leaf_x), v = tape.watch(leaf_w), t = tape.watch(leaf_b);
      const auto y = center ? layer_norm(u, {7}, v, t) : rms_norm(u, {7}, v) + t;
      const Gradients g = tape.gradients(y, dy);
      return std::vector<DoubleTensor>{g[u].detach(), g[v].detach(), g[t].detach()};
    };
    const auto once = gradients_of(x, w, b);
    Tape outer;
    const auto again = gradients_of(outer.watch(x), outer.watch(w), outer.watch(b));
    for (std::size_t i = 0; i < once.size(); ++i) CHECK(max_error(again[i], once[i]) <= 1e-13);
  }
}

TEST_CASE("layer_norm of nothing has gradients of zero", "[ops][layer_norm]") {
  for (const Shape& shape : {Shape{0, 3}, Shape{2, 0}}) {
    Tape tape;
    const Index n = shape[1];
    const auto x = tape.watch(zeros(shape)), w = tape.watch(ones({n})), b = tape.watch(ones({n}));
    const Tensor y = layer_norm(x, {n}, w, b);
    CHECK(y.shape() == shape);
    const Gradients g = tape.gradients(y, ones(shape));
    CHECK(g[x].shape() == shape);
    CHECK(equal(g[w], zeros({n})));
    CHECK(equal(g[b], zeros({n})));
  }
}

TEST_CASE("layer_norm and its gradients have the same bits at any number of threads",
          "[ops][layer_norm]") {
  const auto x = random_tensor<float>({200, 150}, 1), w = random_tensor<float>({150}, 2);
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto u = tape.watch(x), v = tape.watch(w);
    const Gradients g = tape.gradients(layer_norm(u, {150}, v, v), x);
    return cat({g[u].reshape({-1}), g[v]});
  }));
}

TEST_CASE("layer_norm saves no more than a needed gradient needs", "[ops][layer_norm]") {
  const Tensor x = rand({100, 1000}), b = rand({1000});
  const auto saved_bytes = [&](bool needs_x) {
    Tape tape;
    const Tensor u = needs_x ? tape.watch(x) : x, v = tape.watch(b);
    const auto before = memory_stats().live_bytes;
    Tensor y = layer_norm(u * 1, {1000}, {}, v);
    y = Tensor();
    return memory_stats().live_bytes - before;
  };
  CHECK(saved_bytes(true) > 400'000);
  CHECK(saved_bytes(false) < 10'000);
}

TEST_CASE("layer_norm says what is wrong", "[ops][layer_norm][errors]") {
  const Tensor x = zeros({2, 3, 5});
  CHECK(
      error_of<ShapeError>([&] { layer_norm(x, {4}); }) ==
      "[layer_norm] x must end with the sizes (4) that are normalised but its shape is (2, 3, 5); "
      "hint: they are those of the last axes; transpose x where another axis holds the features");
  CHECK(error_of<ShapeError>([&] {
          layer_norm(zeros({5}), {3, 5});
        }) ==
        "[layer_norm] x must end with the sizes (3, 5) that are normalised but its shape is (5); "
        "hint: they are those of the last axes; transpose x where another axis holds the features");
  CHECK(error_of<ShapeError>([&] { rms_norm(x, {}); }) ==
        "[rms_norm] normalized_shape must name at least one axis; hint: {D} normalises over a last "
        "axis of size D");
  CHECK(error_of<ShapeError>([&] { layer_norm(x, {5}, ones({3})); }) ==
        "[layer_norm] weight must have the shape that is normalised, (5), but has (3); hint: it "
        "holds one number for each position in a row");
  CHECK(error_of<ShapeError>([&] {
          layer_norm(x, {5}, ones({5}), ones({1, 5}));
        }) ==
        "[layer_norm] bias must have the shape that is normalised, (5), but has (1, 5); hint: it "
        "holds one number for each position in a row");
  CHECK(error_of<ValueError>([&] { layer_norm(x, {5}, {}, {}, -1); }) ==
        "[layer_norm] eps must be at least 0 but is -1; hint: it keeps the division from one by 0; "
        "1e-5 is usual");
  CHECK_THROWS_AS(rms_norm(x, {5}, {}, std::nan("")), ValueError);
  CHECK_THROWS_AS(layer_norm(Tensor(), {5}), ValueError);
}
