#include "tenon/ops/bce_loss.hpp"

#include <limits>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/sigmoid.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr Reduction reductions[] = {Reduction::none, Reduction::mean, Reduction::sum};

double limited_log(double p) { return std::max(std::log(p), -100.0); }

template <class T>
void check_against_definition(double tolerance) {
  const auto p = random_tensor<T>({5, 9}, 1, 0.01, 0.99), t = random_tensor<T>({5, 9}, 2, 0, 1);
  const auto x = random_tensor<T>({5, 9}, 3, -9, 9);
  auto of_p = DoubleTensor::empty({5, 9}), of_x = DoubleTensor::empty({5, 9});
  for_each_position(p.shape(), [&](const Shape& i) {
    const double pi = static_cast<double>(value_at(p, i)), ti = static_cast<double>(value_at(t, i));
    const double s = 1 / (1 + std::exp(-static_cast<double>(value_at(x, i))));
    of_p(i[0], i[1]) = -(ti * limited_log(pi) + (1 - ti) * limited_log(1 - pi));
    of_x(i[0], i[1]) = -(ti * std::log(s) + (1 - ti) * std::log1p(-s));
  });
  for (std::size_t i = 0; i < 3; ++i) {
    const auto pi = layouts_of(p)[i], xi = layouts_of(x)[i], ti = layouts_of(t)[(i + 1) % 3];
    CHECK(max_error(binary_cross_entropy(pi, ti, Reduction::none), of_p) <= tolerance);
    CHECK(max_error(binary_cross_entropy_with_logits(xi, ti, Reduction::none), of_x) <= tolerance);
    CHECK(max_error(binary_cross_entropy(pi, ti), mean(of_p)) <= tolerance);
    CHECK(max_error(binary_cross_entropy_with_logits(xi, ti), mean(of_x)) <= tolerance);
    CHECK(max_error(binary_cross_entropy(pi, ti, Reduction::sum), sum(of_p)) <= tolerance);
    CHECK(max_error(binary_cross_entropy_with_logits(xi, ti, Reduction::sum), sum(of_x)) <=
          tolerance);
  }
}

}  // namespace

TEST_CASE("Both binary cross-entropies agree with their definition", "[ops][bce_loss]") {
  check_against_definition<double>(1e-12);
  check_against_definition<float>(1e-6);
}

TEST_CASE("Both binary cross-entropies pass gradient checks of first and second order",
          "[ops][bce_loss]") {
  const auto p = random_tensor({3, 4}, 4, 0.1, 0.9), t = random_tensor({3, 4}, 5, 0, 1);
  const auto x = random_tensor({3, 4}, 6);
  for (Reduction reduction : reductions) {
    check_gradients_in_all_layouts(
        "binary_cross_entropy",
        [&](auto& in) { return binary_cross_entropy(in[0], in[1], reduction); }, {p, t});
    check_gradients_in_all_layouts(
        "binary_cross_entropy_with_logits",
        [&](auto& in) { return binary_cross_entropy_with_logits(in[0], in[1], reduction); },
        {x, t});
  }
}

TEST_CASE("binary_cross_entropy of a sigmoid is binary_cross_entropy_with_logits",
          "[ops][bce_loss]") {
  Tape tape;
  const auto x = tape.watch(random_tensor({31}, 7, -6, 6));
  const auto t = random_tensor({31}, 8, 0, 1);
  const auto a = binary_cross_entropy(sigmoid(x), t);
  const auto b = binary_cross_entropy_with_logits(x, t);
  CHECK(a.item() == Approx(b.item()).epsilon(1e-13));
  CHECK(max_error(tape.gradients(a)[x], tape.gradients(b)[x]) <= 1e-13);
}

TEST_CASE("The gradients of a plain sweep and of one under an enclosing tape agree",
          "[ops][bce_loss]") {
  const auto p = random_tensor({17}, 9, 0.01, 0.99), t = random_tensor({17}, 10, 0, 1);
  const auto x = random_tensor({17}, 11, -30, 30);
  const auto gradient = [&](const DoubleTensor& at, auto loss) {
    Tape tape;
    const auto leaf = tape.watch(at);
    return tape.gradients(loss(leaf))[leaf];
  };
  const auto of_p = [&](const DoubleTensor& v) { return binary_cross_entropy(v, t); };
  const auto of_x = [&](const DoubleTensor& v) { return binary_cross_entropy_with_logits(v, t); };
  const auto plain_p = gradient(p, of_p), plain_x = gradient(x, of_x);
  Tape outer;
  CHECK(max_error(gradient(outer.watch(p), of_p), plain_p) <= 1e-13);
  CHECK(max_error(gradient(outer.watch(x), of_x), plain_x) <= 1e-13);
}

TEST_CASE("Probabilities of exactly 0 and 1 give losses of at most 100", "[ops][bce_loss]") {
  Tape tape;
  const auto p = tape.watch(tensor({0, 1, 0, 1})), t = tensor({0, 1, 1, 0});
  const auto losses = binary_cross_entropy(p, t, Reduction::none);
  CHECK(equal(losses, tensor({0, 0, 100, 100})));
  const auto dp = tape.gradients(sum(losses))[p];
  CHECK(allclose(dp, tensor({0, 0, -1e12, 1e12})));
}

TEST_CASE("Targets get a limited gradient where a probability is exactly 0 or 1",
          "[ops][bce_loss]") {
  Tape tape;
  const auto p = tensor({0, 1, 0.5}), t = tape.watch(tensor({0, 1, 1}));
  const auto dt = tape.gradients(binary_cross_entropy(p, t, Reduction::sum))[t];
  CHECK(equal(dt, tensor({100, -100, 0})));
}

TEST_CASE("Huge logits give finite losses and gradients", "[ops][bce_loss]") {
  Tape tape;
  const auto x = tape.watch(tensor({-1e30, 1e30, -200, 200, 0})), t = tensor({0, 1, 1, 0, 0.5});
  const auto losses = binary_cross_entropy_with_logits(x, t, Reduction::none);
  CHECK(allclose(losses, tensor({0, 0, 200, 200, 0.6931472})));
  CHECK(allclose(tape.gradients(sum(losses))[x], tensor({0, 0, -1, 1, 0})));
}

TEST_CASE("NaN passes through both binary cross-entropies to its own element", "[ops][bce_loss]") {
  const auto x = tensor({0.5, std::numeric_limits<float>::quiet_NaN()}), t = tensor({1, 1});
  for (const auto& losses : {binary_cross_entropy(x, t, Reduction::none),
                             binary_cross_entropy_with_logits(x, t, Reduction::none)}) {
    CHECK(std::isfinite(losses(0)));
    CHECK(std::isnan(losses(1)));
  }
}

TEST_CASE("Binary cross-entropies of nothing are NaN as a mean and 0 as a sum", "[ops][bce_loss]") {
  const auto x = zeros({0, 2});
  CHECK(std::isnan(binary_cross_entropy(x, x).item()));
  CHECK(std::isnan(binary_cross_entropy_with_logits(x, x).item()));
  CHECK(binary_cross_entropy(x, x, Reduction::sum).item() == 0);
  CHECK(binary_cross_entropy_with_logits(x, x, Reduction::none).shape() == Shape{0, 2});
}

TEST_CASE("Binary cross-entropies have the same bits for every number of threads",
          "[ops][bce_loss]") {
  const auto p = random_tensor<float>({70001}, 12, 0, 1),
             t = random_tensor<float>({70001}, 13, 0, 1);
  CHECK(same_bits_for_all_threads([&] { return binary_cross_entropy(p, t, Reduction::none); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto leaf = tape.watch(p);
    return tape.gradients(binary_cross_entropy(leaf, t) +
                          binary_cross_entropy_with_logits(leaf, t))[leaf];
  }));
}

TEST_CASE("binary_cross_entropy recognises scores that are no probabilities", "[ops][bce_loss]") {
  const std::string hint =
      "; hint: apply sigmoid first, or give raw scores to binary_cross_entropy_with_logits";
  CHECK(error_of<ValueError>([] {
          binary_cross_entropy(tensor({{0.5, 1}, {0, 1.5}}), zeros({2, 2}));
        }) ==
        "[binary_cross_entropy] p must be in [0, 1] but holds 1.5 at position 3 of shape (2, "
        "2)" +
            hint);
  CHECK(error_of<ValueError>([] { binary_cross_entropy(tensor({-2}), zeros({1})); }) ==
        "[binary_cross_entropy] p must be in [0, 1] but holds -2 at position 0 of shape (1)" +
            hint);
}

TEST_CASE("Binary cross-entropies broadcast nothing", "[ops][bce_loss]") {
  CHECK(error_of<ShapeError>([] {
          binary_cross_entropy(zeros({4, 1}), zeros({4}));
        }) ==
        "[binary_cross_entropy] p and target must have one shape but have (4, 1) and (4); hint: "
        "reshape one of them, most often by squeeze(-1) or unsqueeze(-1)");
  CHECK(error_of<ShapeError>([] { binary_cross_entropy_with_logits(zeros({4}), zeros({3})); }) ==
        "[binary_cross_entropy_with_logits] x and target must have one shape but have (4) and (3); "
        "hint: nothing is broadcast here; expand one of them if that is what you want");
  CHECK_THROWS_AS(binary_cross_entropy(Tensor(), zeros({1})), ValueError);
  CHECK_THROWS_AS(binary_cross_entropy_with_logits(zeros({1}), Tensor()), ValueError);
}
