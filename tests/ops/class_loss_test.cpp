// Losses of classes beyond cross_entropy: weights, nll_loss, kl_div, focal losses.

#include <cmath>
#include <limits>

#include "ops_support.hpp"
#include "tenon/nn/focal_loss.hpp"
#include "tenon/nn/loss.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr Index ignored = -100;
const LongTensor labels = tensor<std::int64_t>({2, ignored, 0, 1});
const DoubleTensor weight = tensor<double>({0.5, 2, 3});

/// The definition, in plain loops: the loss of each sample, and the divisor of the mean.
double weighted_loss(const DoubleTensor& logits, double smoothing, double& divisor) {
  const auto log_p = log_softmax(logits, 1);
  double total = 0;
  divisor = 0;
  for (Index n = 0; n < 4; ++n) {
    if (labels(n) == ignored) continue;
    for (Index c = 0; c < 3; ++c) {
      const double t = (1 - smoothing) * (c == labels(n) ? 1 : 0) + smoothing / 3;
      total -= weight(c) * t * log_p(n, c);
    }
    divisor += weight(labels(n));
  }
  return total;
}

}  // namespace

TEST_CASE("cross_entropy with weights follows its definition", "[ops][cross_entropy]") {
  const auto x = random_tensor({4, 3}, 1);
  for (double smoothing : {0.0, 0.3, 1.0}) {
    double divisor = 0;
    const double total = weighted_loss(x, smoothing, divisor);
    const CrossEntropyOptions mean{.label_smoothing = smoothing};
    CHECK(cross_entropy(x, labels, weight, mean).item() == Approx(total / divisor).epsilon(1e-14));
    const CrossEntropyOptions sum{.reduction = Reduction::sum, .label_smoothing = smoothing};
    CHECK(cross_entropy(x, labels, weight, sum).item() == Approx(total).epsilon(1e-14));
    check_gradients("cross_entropy",
                    [&](auto& in) { return cross_entropy(in[0], labels, weight, mean); }, {x});
  }
}

TEST_CASE("Weights of 1 and an undefined weight change nothing", "[ops][cross_entropy]") {
  const auto x = random_tensor<float>({4, 3}, 1);
  CHECK(same_bits(cross_entropy(x, labels, Tensor()), cross_entropy(x, labels)));
  CHECK(max_error(cross_entropy(x, labels, ones({3})), cross_entropy(x, labels)) < 1e-7);
  CHECK(same_bits(nll_loss(x, labels, Tensor()), nll_loss(x, labels)));
}

TEST_CASE("A weight of 0 leaves a class out", "[ops][cross_entropy]") {
  Tape tape;
  const auto x = tape.watch(random_tensor({4, 3}, 1));
  const auto loss = cross_entropy(x, labels, tensor<double>({1, 1, 0}));
  const auto dx = tape.gradients(loss)[x];
  CHECK(equal(dx[0], zeros<double>({3})));
  CHECK(std::isnan(cross_entropy(x, labels, zeros<double>({3})).item()));
}

TEST_CASE("nll_loss of log_softmax is cross_entropy", "[ops][nll_loss]") {
  const auto x = random_tensor({2, 3, 5}, 2);
  auto t = random_integers({2, 5}, 3, 0, 3);
  t(1, 2) = ignored;
  for (Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    CHECK(max_error(nll_loss(log_softmax(x, 1), t, weight, {reduction}),
                    cross_entropy(x, t, weight, {.reduction = reduction})) < 1e-14);
  }
  const auto all_ignored = full<std::int64_t>({2}, ignored);
  CHECK(nll_loss(zeros({2, 0}), all_ignored, {Reduction::sum}).item() == 0);
  CHECK(std::isnan(nll_loss(zeros({2, 3}), all_ignored).item()));
}

TEST_CASE("What nll_loss ignores may be anything", "[ops][nll_loss]") {
  Tape tape;
  auto values = random_tensor<float>({4, 3}, 1);
  values[1].fill_(-std::numeric_limits<float>::infinity());
  const auto x = tape.watch(values);
  const auto loss = nll_loss(x, labels);
  CHECK(std::isfinite(loss.item()));
  CHECK(equal(tape.gradients(loss)[x][1], zeros({3})));
}

TEST_CASE("kl_div of a distribution from itself is 0", "[ops][kl_div]") {
  const auto log_p = log_softmax(random_tensor({4, 3}, 1), 1);
  CHECK(std::abs(kl_div(log_p, exp(log_p), {.reduction = Reduction::sum}).item()) < 1e-15);
  CHECK(kl_div(log_p, log_p, {.reduction = Reduction::sum, .log_target = true}).item() == 0);
  const auto t = tensor<double>({{0, 1, 0}});
  const auto losses = kl_div(log_p.narrow(0, 0, 1), t, {.reduction = Reduction::none});
  CHECK(losses(0, 0) == 0);
  CHECK(losses(0, 1) == -log_p(0, 1));
  check_gradients("kl_div", [](auto& in) { return kl_div(in[0], in[1], {.batch_mean = true}); },
                  {log_p, random_tensor({4, 3}, 2, 0.1, 1)});
}

TEST_CASE("Weights of binary cross-entropy", "[ops][bce_loss]") {
  const auto x = random_tensor({4, 3}, 1), t = random_tensor({4, 3}, 2, 0, 1);
  const auto p = random_tensor({3}, 3, 0.5, 4), w = random_tensor({4, 1}, 4, 0.5, 2);
  const auto losses = binary_cross_entropy_with_logits(
      x, t, {.weight = w, .pos_weight = p, .reduction = Reduction::none});
  for (Index i = 0; i < 4; ++i) {
    for (Index k = 0; k < 3; ++k) {
      const double yes = std::log1p(std::exp(-x(i, k))), no = std::log1p(std::exp(x(i, k)));
      CHECK(losses(i, k) ==
            Approx(w(i, 0) * (p(k) * t(i, k) * yes + (1 - t(i, k)) * no)).epsilon(1e-14));
    }
  }
  check_gradients("binary_cross_entropy_with_logits",
                  [](auto& in) {
                    return binary_cross_entropy_with_logits(in[0], in[1],
                                                            {.weight = in[2], .pos_weight = in[3]});
                  },
                  {x, t, w, p});
  CHECK(same_bits(binary_cross_entropy_with_logits(x, t, BasicBCEWithLogitsOptions<double>()),
                  binary_cross_entropy_with_logits(x, t)));
  const auto tiny =
      binary_cross_entropy_with_logits(full({1}, -30), zeros({1}), {.pos_weight = full({1}, 5)});
  CHECK(tiny.item() == Approx(std::exp(-30.0)));  // nothing has been cancelled
}

TEST_CASE("Focal losses with gamma 0 are cross-entropies", "[ops][focal_loss]") {
  const auto x = random_tensor({4, 3}, 1), t = random_tensor({4, 3}, 2, 0, 1);
  CHECK(same_bits(focal_loss(x, labels, weight, {.gamma = 0}), cross_entropy(x, labels, weight)));
  CHECK(same_bits(sigmoid_focal_loss(x, t, {.gamma = 0, .alpha = -1}),
                  binary_cross_entropy_with_logits(x, t)));
}

TEST_CASE("Focal losses have finite gradients where a prediction is sure", "[ops][focal_loss]") {
  for (double gamma : {0.5, 1.0, 1.5, 2.0, 3.0}) {
    Tape tape;
    const auto x = tape.watch(tensor({{200, -200, 0}, {-200, 200, 0}}));
    const auto t = tensor({{1, 0, 1}, {1, 0, 0}});
    const auto dx = tape.gradients(sigmoid_focal_loss(x, t, {.gamma = gamma}))[x];
    const auto dz =
        tape.gradients(focal_loss(x, tensor<std::int64_t>({0, 0}), {.gamma = gamma}))[x];
    for (Index i = 0; i < 6; ++i) {
      CAPTURE(gamma, i);
      CHECK(std::isfinite(dx.data()[i]));
      CHECK(std::isfinite(dz.data()[i]));
    }
  }
}

TEST_CASE("Losses of classes have the same bits for every number of threads", "[ops][loss]") {
  const auto x = random_tensor<float>({301, 37}, 24);
  const auto t = random_integers({301}, 25, 0, 37);
  const auto w = random_tensor<float>({37}, 26, 0.1, 2);
  const auto gradient = [&](const auto& loss) {
    return same_bits_for_all_threads([&] {
      Tape tape;
      const auto leaf = tape.watch(x);
      return tape.gradients(loss(leaf))[leaf];
    });
  };
  CHECK(gradient([&](auto& l) { return cross_entropy(l, t, w, {.label_smoothing = 0.1}); }));
  CHECK(gradient([&](auto& l) { return focal_loss(l, t, w); }));
  CHECK(gradient([&](auto& l) { return nll_loss(l, t, w); }));
}

TEST_CASE("Class weights of a loss object are a Tensor or a DoubleTensor", "[nn][loss]") {
  const auto x = random_tensor({4, 3}, 1);
  const auto xf = x.to<float>(), wf = weight.to<float>();
  const nn::CrossEntropyLoss loss{.options = {.label_smoothing = 0.1}, .weight = wf};
  CHECK(loss(xf, labels).item() == cross_entropy(xf, labels, wf, loss.options).item());
  CHECK(loss(x, labels).item() == cross_entropy(x, labels, weight, loss.options).item());
  CHECK(nn::NLLLoss{.weight = weight}(x, labels).item() == nll_loss(x, labels, weight).item());
  CHECK(nn::FocalLoss{.weight = weight}(x, labels).item() == focal_loss(x, labels, weight).item());
  const auto t = zeros<double>({4, 3});
  CHECK(nn::BCEWithLogitsLoss{.pos_weight = weight}(x, t).item() ==
        binary_cross_entropy_with_logits(x, t, {.pos_weight = weight}).item());
  CHECK(nn::KLDivLoss{{.batch_mean = true}}(x, t).item() ==
        kl_div(x, t, {.batch_mean = true}).item());
  CHECK(nn::SigmoidFocalLoss{}(x, t).item() == sigmoid_focal_loss(x, t).item());
}

TEST_CASE("Losses of classes explain what does not fit", "[ops][loss]") {
  const auto x = zeros<double>({4, 3});
  CHECK(
      error_of<ShapeError>([&] { cross_entropy(x, labels, zeros<double>({4})); }) ==
      "[cross_entropy] weight must have shape (C=3) but has (4); hint: one weight for each class");
  CHECK(error_of<ShapeError>([&] { nll_loss(x, tensor<std::int64_t>({0})); }) ==
        "[nll_loss] log_probabilities (N=4, C=3) want labels of shape (N=4) but they have (1); "
        "hint: each sample has one integer label");
  CHECK(error_of<ValueError>([&] {
          nll_loss(x, full<std::int64_t>({4}, 3));
        }).starts_with("[nll_loss] labels(0) is 3 but must be in [0, C=3) or ignore_index"));
  CHECK_THROWS_AS(cross_entropy(x, labels, weight, {.label_smoothing = 2}), ValueError);
  CHECK(error_of<ShapeError>(
            [&] { binary_cross_entropy_with_logits(x, x, {.pos_weight = zeros<double>({4})}); }) ==
        "[binary_cross_entropy_with_logits] pos_weight has shape (4), which does not broadcast to "
        "the losses' shape (4, 3); hint: one weight for each feature of the last axis, or for "
        "every element");
  CHECK_THROWS_AS(binary_cross_entropy(x, x, zeros<double>({2, 4, 3})), ShapeError);
  CHECK(error_of<ShapeError>([&] { kl_div(zeros({}), zeros({}), {.batch_mean = true}); }) ==
        "[kl_div] batch_mean divides by the number of samples, the size of the first axis, but x "
        "has no axis; hint: leave it out");
  CHECK(error_of<ValueError>([&] { focal_loss(x, labels, {.gamma = -1}); }) ==
        "[focal_loss] gamma must not be negative but is -1; hint: 2 is what the paper found best");
  CHECK(error_of<ValueError>([&] { sigmoid_focal_loss(x, x, {.alpha = 1.5}); }) ==
        "[sigmoid_focal_loss] alpha must be in [0, 1], or negative for none, but is 1.5; hint: it "
        "is the weight of the positives");
}
