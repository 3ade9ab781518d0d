#include "tenon/ops/batch_norm.hpp"

#include "ops_support.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const BatchNormOptions training{.training = true};

/// All axes but the second.
Shape others(int rank) {
  Shape axes{0};
  for (int i = 2; i < rank; ++i) axes.push_back(i);
  return axes;
}

template <class T>
BasicTensor<T> spread(const BasicTensor<T>& p, int rank) {
  Shape shape = Shape::filled(rank - 1, 1);
  shape[0] = p.numel();
  return p.reshape(shape);
}

/// By its definition, of operations.
DoubleTensor composed(const DoubleTensor& x, double eps) {
  const auto centred = x - mean(x, others(x.rank()), true);
  return centred / sqrt(mean(centred * centred, others(x.rank()), true) + eps);
}

}  // namespace

TEST_CASE("batch_norm agrees with its definition, whatever the strides",
          "[ops][batch_norm][tiny]") {
  for (const Shape& shape : {Shape{5, 3}, Shape{3, 2, 4}, Shape{2, 3, 4, 5}, Shape{2, 3, 5, 5, 2},
                             Shape{1, 1, 1, 2}, Shape{2, 17, 8, 9}}) {
    INFO(to_string(shape));
    const auto x = random_tensor(shape, 1);
    const auto w = random_tensor({shape[1]}, 2), b = random_tensor({shape[1]}, 3);
    const auto m = random_tensor({shape[1]}, 4), v = random_tensor({shape[1]}, 5, 0.1, 3);
    const auto h = composed(x, 1e-5);
    const auto wide = [&](const DoubleTensor& p) { return spread(p, shape.rank()); };
    const auto given = (x - wide(m)) / sqrt(wide(v) + 1e-3);
    for (const auto& layout : layouts_of(x)) {
      CHECK(max_error(batch_norm(layout, {}, {}, {}, {}, training), h) <= 1e-12);
      CHECK(max_error(batch_norm(layout, {}, {}, w, b, training), h * wide(w) + wide(b)) <= 1e-12);
      CHECK(max_error(batch_norm(layout, {}, {}, {}, b, training), h + wide(b)) <= 1e-12);
      CHECK(max_error(batch_norm(layout, sliced_storage(m), sliced_storage(v), sliced_storage(w),
                                 sliced_storage(b), {.eps = 1e-3}),
                      given * wide(w) + wide(b)) <= 1e-12);
    }
    const auto in_float = batch_norm(x.to<float>(), {}, {}, w.to<float>(), b.to<float>(), training);
    CHECK(max_error(in_float, h * wide(w) + wide(b)) <= 1e-5);
  }
}

TEST_CASE("batch_norm keeps track of mean and unbiased variance, in place and as constants",
          "[ops][batch_norm]") {
  const auto x = random_tensor({3, 2, 4}, 1);
  const auto start_mean = random_tensor({2}, 2), start_var = random_tensor({2}, 3, 0.1, 2);
  const auto batch_mean = mean(x, {0, 2});
  const auto distance = x - mean(x, {0, 2}, true);
  const auto batch_var = sum(distance * distance, {0, 2}) / 11;
  for (const double momentum : {0.0, 0.1, 1.0}) {
    auto m = sliced_storage(start_mean), v = start_var.clone();
    const auto same_memory = v;
    Tape tape;
    const auto leaf = tape.watch(x);
    const auto y = batch_norm(leaf, m, v, {}, {}, {.training = true, .momentum = momentum});
    CHECK(max_error(m, start_mean * (1 - momentum) + batch_mean * momentum) <= 1e-14);
    CHECK(max_error(v, start_var * (1 - momentum) + batch_var * momentum) <= 1e-14);
    CHECK(same_bits(v, same_memory));
    // Nothing flows back through them, and changing them again harms no gradient.
    const Index nodes = tape.size();
    CHECK((m + v).numel() == 2);
    CHECK(tape.size() == nodes);
    m.fill_(0);
    CHECK_NOTHROW(tape.gradients(sum(y * y)));
  }
}

TEST_CASE("batch_norm in evaluation leaves the running statistics alone", "[ops][batch_norm]") {
  auto m = random_tensor({2}, 1), v = random_tensor({2}, 2, 0.1, 2);
  const auto m_before = m.clone(), v_before = v.clone();
  const auto x = random_tensor({1, 2}, 3);  // one value a channel is enough
  batch_norm(x, m, v);
  CHECK(same_bits(m, m_before));
  CHECK(same_bits(v, v_before));
}

TEST_CASE("batch_norm passes gradient checks of first and second order",
          "[ops][batch_norm][gradcheck]") {
  for (const Shape& shape : {Shape{4, 3}, Shape{2, 3, 2, 2}, Shape{2, 1, 17}}) {
    const Index c = shape[1];
    const auto x = random_tensor(shape, 1);
    const auto w = random_tensor({c}, 2), b = random_tensor({c}, 3);
    const auto m = random_tensor({c}, 4), v = random_tensor({c}, 5, 0.1, 3);
    check_gradients_in_all_layouts(
        "batch_norm", [&](auto& in) { return batch_norm(in[0], {}, {}, in[1], in[2], training); },
        {x, w, b});
    check_gradients_in_all_layouts("batch_norm, evaluation",
                                   [&](auto& in) { return batch_norm(in[0], m, v, in[1], in[2]); },
                                   {x, w, b});
    const auto only = [&](const char* name, const auto& f, const DoubleTensor& input) {
      check_gradients(name, [&](auto& in) { return f(in[0]); }, {input});
    };
    only(
        "batch_norm", [&](auto& u) { return batch_norm(u, {}, {}, {}, {}, training); }, x);
    only(
        "batch_norm", [&](auto& u) { return batch_norm(x, {}, {}, u, b, training); }, w);
    only(
        "batch_norm", [&](auto& u) { return batch_norm(x, {}, {}, w, u, training); }, b);
    only(
        "batch_norm, evaluation", [&](auto& u) { return batch_norm(u, m, v); }, x);
    only(
        "batch_norm, evaluation", [&](auto& u) { return batch_norm(x, m, v, u); }, w);
  }
}

TEST_CASE("batch_norm has third derivatives", "[ops][batch_norm][gradcheck]") {
  const auto x = random_tensor({2, 2, 2}, 5), w = random_tensor({2}, 6);
  check_gradients("batch_norm, third derivative",
                  [](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto leaf = tape.watch(in[0]);
                    const auto y = batch_norm(leaf, {}, {}, in[1], {}, training);
                    return tape.gradients(sum(y * y * y))[leaf];
                  },
                  {x, w});
}

TEST_CASE("batch_norm's gradients that will be differentiated again are those that will not",
          "[ops][batch_norm]") {
  const auto x = random_tensor({5, 4, 3}, 1), dy = random_tensor({5, 4, 3}, 4);
  const auto w = random_tensor({4}, 2), b = random_tensor({4}, 3);
  const auto m = random_tensor({4}, 4), v = random_tensor({4}, 5, 0.1, 3);
  for (const bool of_batch : {true, false}) {
    const auto gradients_of = [&](const DoubleTensor& leaf_x, const DoubleTensor& leaf_w,
                                  const DoubleTensor& leaf_b) {
      Tape tape;
      const auto p = tape.watch(leaf_x), q = tape.watch(leaf_w), r = tape.watch(leaf_b);
      const auto y = of_batch ? batch_norm(p, {}, {}, q, r, training) : batch_norm(p, m, v, q, r);
      const Gradients g = tape.gradients(y, dy);
      return std::vector<DoubleTensor>{g[p].detach(), g[q].detach(), g[r].detach()};
    };
    const auto once = gradients_of(x, w, b);
    Tape outer;
    const auto again = gradients_of(outer.watch(x), outer.watch(w), outer.watch(b));
    for (std::size_t i = 0; i < once.size(); ++i) CHECK(max_error(again[i], once[i]) <= 1e-13);
  }
}

TEST_CASE("batch_norm of an empty batch changes nothing and has gradients of zero",
          "[ops][batch_norm]") {
  Tensor m = zeros({3}), v = ones({3});
  Tape tape;
  const auto x = tape.watch(zeros({0, 3, 2})), w = tape.watch(ones({3})), b = tape.watch(ones({3}));
  const Tensor y = batch_norm(x, m, v, w, b, training);
  CHECK(y.shape() == Shape{0, 3, 2});
  CHECK(equal(m, zeros({3})));
  CHECK(equal(v, ones({3})));
  const Gradients g = tape.gradients(y, zeros({0, 3, 2}));
  CHECK(equal(g[w], zeros({3})));
  CHECK(equal(g[b], zeros({3})));
}

TEST_CASE(
    "batch_norm, its gradients and running statistics have the same bits at any number of "
    "threads",
    "[ops][batch_norm]") {
  for (const Shape& shape : {Shape{16, 20, 12, 12}, Shape{300, 40}}) {
    const auto x = random_tensor<float>(shape, 1), w = random_tensor<float>({shape[1]}, 2);
    CHECK(same_bits_for_all_threads([&] {
      Tensor m = zeros({shape[1]}), v = ones({shape[1]});
      Tape tape;
      const auto u = tape.watch(x), p = tape.watch(w);
      const Gradients g = tape.gradients(batch_norm(u, m, v, p, p, training), x);
      return cat({g[u].reshape({-1}), g[p], m, v});
    }));
  }
}

TEST_CASE("batch_norm says what is wrong", "[ops][batch_norm][errors]") {
  const Tensor x = zeros({2, 3, 4, 4}), m = zeros({3}), v = ones({3});
  CHECK(error_of<ShapeError>([&] { batch_norm(zeros({3}), m, v); }) ==
        "[batch_norm] x must have at least 2 axes (N, C, ...) but its shape is (3); hint: "
        "x.unsqueeze(0) makes a batch of one");
  CHECK(error_of<ShapeError>([&] { batch_norm(x, zeros({4}), v); }) ==
        "[batch_norm] running_mean must have shape (C=3) but has (4): x (N=2, C=3, H=4, W=4); "
        "hint: it holds one number for each channel, and channels are the second axis of x");
  CHECK(error_of<ShapeError>([&] {
          batch_norm(x, m, zeros({1, 3}));
        }) ==
        "[batch_norm] running_var must have shape (C=3) but has (1, 3): x (N=2, C=3, H=4, W=4); "
        "hint: it holds one number for each channel, and channels are the second axis of x");
  CHECK(error_of<ShapeError>([&] {
          batch_norm(zeros({2, 3, 4}), m, v, ones({4}));
        }) ==
        "[batch_norm] weight must have shape (C=3) but has (4): x (N=2, C=3, L=4); hint: it holds "
        "one number for each channel, and channels are the second axis of x");
  CHECK(error_of<ShapeError>([&] {
          batch_norm(zeros({2, 3}), m, v, {}, ones({2}));
        }) ==
        "[batch_norm] bias must have shape (C=3) but has (2): x (N=2, C=3); hint: it holds one "
        "number for each channel, and channels are the second axis of x");
  CHECK(
      error_of<ValueError>([&] { batch_norm(x, m, {}); }) ==
      "[batch_norm] running_mean and running_var must both be given, or neither; hint: zeros({C}) "
      "and ones({C}) are what they start with");
  CHECK(error_of<ValueError>([&] { batch_norm(x, {}, {}); }) ==
        "[batch_norm] without running statistics there is nothing to normalise by; hint: give "
        "running_mean and running_var, or set .training = true to use those of x");
  CHECK(
      error_of<ValueError>([&] {
        batch_norm(zeros({1, 3}), m, v, {}, {}, training);
      }) ==
      "[batch_norm] training needs more than one value a channel, but x (N=1, C=3) has one, whose "
      "variance is 0; hint: take a larger batch (.drop_last = true where the last one of a loader "
      "is smaller), or eval() for inference");
  CHECK(error_of<ValueError>([&] { batch_norm(x, m, v, {}, {}, {.eps = -1}); }) ==
        "[batch_norm] eps must be at least 0 but is -1; hint: it keeps the division from one by 0; "
        "1e-5 is usual");
  CHECK(error_of<ValueError>([&] { batch_norm(x, m, v, {}, {}, {.momentum = 1.5}); }) ==
        "[batch_norm] momentum must lie in [0, 1] but is 1.5; hint: it is the weight of this batch "
        "in the running statistics, 0.1 for a tenth");
  CHECK_THROWS_AS(batch_norm(Tensor(), m, v), ValueError);
  CHECK(equal(m, zeros({3})));
}
