#include "tenon/ops/cross_entropy.hpp"

#include <limits>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/one_hot.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

constexpr Index ignored = -100;

/// Loss of each row of (N, C) logits by the definition, in double.
template <class T>
DoubleTensor reference(const BasicTensor<T>& logits, const LongTensor& labels,
                       const CrossEntropyOptions& options) {
  auto losses = zeros<double>({logits.size(0)});
  const Index classes = logits.size(1);
  for (Index n = 0; n < logits.size(0); ++n) {
    if (labels(n) == options.ignore_index) continue;
    double largest = -std::numeric_limits<double>::infinity(), total = 0;
    for (Index c = 0; c < classes; ++c) {
      largest = std::max(largest, static_cast<double>(logits(n, c)));
    }
    for (Index c = 0; c < classes; ++c) {
      total += std::exp(static_cast<double>(logits(n, c)) - largest);
    }
    for (Index c = 0; c < classes; ++c) {
      const double smooth = options.label_smoothing;
      const double target =
          (c == labels(n) ? 1 - smooth : 0) + smooth / static_cast<double>(classes);
      losses(n) -= target * (static_cast<double>(logits(n, c)) - largest - std::log(total));
    }
  }
  return losses;
}

const CrossEntropyOptions all_options[] = {
    {},
    {.reduction = Reduction::sum},
    {.reduction = Reduction::none},
    {.ignore_index = 2},
    {.label_smoothing = 0.1},
    {.reduction = Reduction::none, .ignore_index = 0, .label_smoothing = 1},
    {.reduction = Reduction::sum, .label_smoothing = 0.3},
};

LongTensor labels_with_holes(const Shape& shape, std::uint64_t seed, Index classes) {
  auto labels = random_integers(shape, seed, 0, classes);
  for (Index i = 1; i < labels.numel(); i += 3) labels.data()[i] = ignored;
  return labels;
}

template <class T>
void check_against_reference(double tolerance) {
  for (CrossEntropyOptions options : all_options) {
    const auto x = random_tensor<T>({7, 5}, 1, -4, 4);
    const auto labels = options.ignore_index == ignored ? labels_with_holes({7}, 2, 5)
                                                        : random_integers({7}, 2, 0, 5);
    auto expected = reference(x, labels, options);
    Index count = 0;
    for (Index i = 0; i < 7; ++i) count += labels(i) != options.ignore_index;
    if (options.reduction != Reduction::none) expected = sum(expected);
    if (options.reduction == Reduction::mean) expected /= count;
    for (const auto& layout : layouts_of(x)) {
      CHECK(max_error(cross_entropy(layout, labels, options), expected) <= tolerance);
    }
    for (const auto& layout : layouts_of(labels)) {
      CHECK(max_error(cross_entropy(x, layout, options), expected) <= tolerance);
    }
  }
}

template <class T>
BasicTensor<T> one_hot_classes_second(const LongTensor& labels, Index classes) {
  const auto y = one_hot<T>(labels, classes);
  return labels.rank() == 1 ? y : y.transpose(1, -1);
}

}  // namespace

TEST_CASE("cross_entropy agrees with its definition for every option", "[ops][cross_entropy]") {
  check_against_reference<double>(1e-13);
  check_against_reference<float>(2e-6);
}

TEST_CASE("cross_entropy is the negative log_softmax of the label", "[ops][cross_entropy]") {
  const auto x = random_tensor({6, 11}, 3);
  const auto labels = random_integers({6}, 4, 0, 11);
  const auto losses = cross_entropy(x, labels, {.reduction = Reduction::none});
  const auto logs = log_softmax(x, 1);
  for (Index n = 0; n < 6; ++n) CHECK(losses(n) == Approx(-logs(n, labels(n))).epsilon(1e-14));
}

TEST_CASE("cross_entropy passes gradient checks of first and second order",
          "[ops][cross_entropy]") {
  for (const CrossEntropyOptions& options : all_options) {
    const auto labels = options.ignore_index == ignored ? labels_with_holes({5}, 5, 4)
                                                        : random_integers({5}, 5, 0, 4);
    check_gradients_in_all_layouts("cross_entropy",
                                   [&](auto& in) { return cross_entropy(in[0], labels, options); },
                                   {random_tensor({5, 4}, 6)});
  }
}

TEST_CASE("cross_entropy of images passes gradient checks", "[ops][cross_entropy]") {
  const auto labels = labels_with_holes({2, 3, 2}, 7, 3);
  for (Reduction reduction : {Reduction::none, Reduction::mean}) {
    check_gradients_in_all_layouts(
        "cross_entropy of images",
        [&](auto& in) {
          return cross_entropy(in[0], labels,
                               CrossEntropyOptions{.reduction = reduction, .label_smoothing = 0.2});
        },
        {random_tensor({2, 3, 3, 2}, 8)});
  }
}

TEST_CASE("cross_entropy has a third derivative", "[ops][cross_entropy]") {
  const auto labels = labels_with_holes({4}, 9, 3);
  check_gradients("cross_entropy, third derivative",
                  [&](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto x = tape.watch(in[0]);
                    const auto y = cross_entropy(
                        x, labels, {.reduction = Reduction::none, .label_smoothing = 0.1});
                    return tape.gradients(sum(y * y))[x];
                  },
                  {random_tensor({4, 3}, 10, -1, 1)});
}

TEST_CASE("cross_entropy of images is that of their pixels", "[ops][cross_entropy]") {
  const auto x = random_tensor({2, 3, 4, 5}, 11);
  const auto labels = labels_with_holes({2, 4, 5}, 12, 3);
  const auto losses = cross_entropy(x, labels, {.reduction = Reduction::none});
  REQUIRE(losses.shape() == labels.shape());
  const auto pixels = x.permute({0, 2, 3, 1}).reshape({40, 3});
  CHECK(equal(losses.reshape({40}),
              cross_entropy(pixels, labels.reshape({40}), {.reduction = Reduction::none})));
  CHECK(equal(cross_entropy(x, labels), cross_entropy(pixels, labels.reshape({40}))));
}

TEST_CASE("Targets as probabilities give what labels give", "[ops][cross_entropy]") {
  for (const Shape& shape : {Shape{6}, Shape{2, 3}}) {
    Shape logits_shape = shape;
    logits_shape.insert(1, 5);
    const auto x = random_tensor(logits_shape, 13);
    const auto labels = random_integers(shape, 14, 0, 5);
    const auto targets = one_hot_classes_second<double>(labels, 5);
    for (CrossEntropyOptions options : all_options) {
      options.ignore_index = ignored;
      CHECK(max_error(cross_entropy(x, targets, options), cross_entropy(x, labels, options)) <=
            1e-14);
    }
  }
}

TEST_CASE("cross_entropy with probabilities passes gradient checks in both arguments",
          "[ops][cross_entropy]") {
  const auto x = random_tensor({3, 4}, 15), t = softmax(random_tensor({3, 4}, 16), 1);
  for (Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    check_gradients_in_all_layouts(
        "cross_entropy with probabilities",
        [&](auto& in) {
          return cross_entropy(in[0], in[1],
                               CrossEntropyOptions{.reduction = reduction, .label_smoothing = 0.1});
        },
        {x, t});
  }
}

TEST_CASE("categorical_cross_entropy of a softmax is the cross_entropy of its argument",
          "[ops][cross_entropy]") {
  const auto z = random_tensor({8, 10}, 17, -4, 4);
  const auto labels = random_integers({8}, 18, 0, 10);
  const auto targets = one_hot<double>(labels, 10);
  Tape tape;
  const auto leaf = tape.watch(z);
  const auto a = categorical_cross_entropy(softmax(leaf, 1), targets);
  const auto b = cross_entropy(leaf, labels);
  CHECK(a.item() == Approx(b.item()).epsilon(1e-14));
  CHECK(max_error(tape.gradients(a)[leaf], tape.gradients(b)[leaf]) <= 1e-13);

  const auto images = random_tensor({2, 3, 4}, 19);
  const auto image_labels = random_integers({2, 4}, 20, 0, 3);
  CHECK(max_error(categorical_cross_entropy(softmax(images, 1),
                                            one_hot_classes_second<double>(image_labels, 3),
                                            Reduction::none),
                  cross_entropy(images, image_labels, {.reduction = Reduction::none})) <= 1e-13);
}

TEST_CASE("categorical_cross_entropy passes gradient checks of first and second order",
          "[ops][cross_entropy]") {
  const auto p = random_tensor({3, 4}, 21, 0.2, 2), t = random_tensor({3, 4}, 22, 0, 1);
  for (Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    check_gradients_in_all_layouts(
        "categorical_cross_entropy",
        [&](auto& in) { return categorical_cross_entropy(in[0], in[1], reduction); }, {p, t});
  }
}

TEST_CASE("categorical_cross_entropy limits probabilities as Keras does", "[ops][cross_entropy]") {
  const auto p = tensor<double>({{0, 1}, {2, 6}});
  const auto losses =
      categorical_cross_entropy(p, tensor<double>({{1, 0}, {0, 1}}), Reduction::none);
  CHECK(losses(0) == Approx(-std::log(1e-7)));
  CHECK(losses(1) == Approx(-std::log(0.75)));
  const auto sure = categorical_cross_entropy(tensor({{0, 1}}), tensor({{0, 1}}));
  CHECK(sure.item() == Approx(1.19209e-7).epsilon(1e-3));
}

TEST_CASE("Huge logits give a finite cross-entropy and gradient", "[ops][cross_entropy]") {
  Tape tape;
  const auto x = tape.watch(tensor({{1e4, -1e4, 0}, {-1e4, 1e4, 1}, {1e30, -1e30, 0}}));
  const auto labels = tensor<std::int64_t>({1, 1, 0});
  const auto losses = cross_entropy(x, labels, {.reduction = Reduction::none});
  CHECK(equal(losses, tensor({2e4, 0, 0})));
  CHECK(allclose(tape.gradients(sum(losses))[x], tensor({{1, -1, 0}, {0, 0, 0}, {0, 0, 0}})));
}

TEST_CASE("A NaN logit reaches the loss of its own row only", "[ops][cross_entropy]") {
  auto x = zeros({3, 2});
  x(1, 1) = std::numeric_limits<float>::quiet_NaN();
  const auto labels = tensor<std::int64_t>({0, 0, 1});
  const auto losses = cross_entropy(x, labels, {.reduction = Reduction::none});
  CHECK(std::isfinite(losses(0)));
  CHECK(std::isnan(losses(1)));
  CHECK(std::isfinite(losses(2)));
  const auto ignoring = tensor<std::int64_t>({0, ignored, 1});
  CHECK(std::isfinite(cross_entropy(x, ignoring).item()));
}

TEST_CASE("Ignored rows get no gradient and do not count in the mean", "[ops][cross_entropy]") {
  Tape tape;
  const auto x = tape.watch(random_tensor({3, 4}, 23));
  const auto loss = cross_entropy(x, tensor<std::int64_t>({1, ignored, 3}));
  const auto dx = tape.gradients(loss)[x];
  CHECK(equal(dx[1], zeros<double>({4})));
  const auto kept = cross_entropy(x.slice(0, {.step = 2}), tensor<std::int64_t>({1, 3}));
  CHECK(loss.item() == Approx(kept.item()).epsilon(1e-15));
}

TEST_CASE("The mean over no label at all is NaN, as in PyTorch", "[ops][cross_entropy]") {
  const auto x = zeros({2, 3});
  const auto labels = full<std::int64_t>({2}, ignored);
  CHECK(std::isnan(cross_entropy(x, labels).item()));
  CHECK(cross_entropy(x, labels, {.reduction = Reduction::sum}).item() == 0);
  const auto none = LongTensor::empty({0});
  CHECK(std::isnan(cross_entropy(zeros({0, 3}), none).item()));
  CHECK(cross_entropy(zeros({0, 3}), none, {.reduction = Reduction::none}).shape() == Shape{0});
  CHECK(cross_entropy(zeros({2, 3, 0}), LongTensor::empty({2, 0}), {.reduction = Reduction::none})
            .shape() == Shape{2, 0});
}

TEST_CASE("cross_entropy and its gradient have the same bits for every number of threads",
          "[ops][cross_entropy]") {
  const auto x = random_tensor<float>({301, 37}, 24);
  const auto labels = labels_with_holes({301}, 25, 37);
  CHECK(same_bits_for_all_threads([&] { return cross_entropy(x, labels); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto leaf = tape.watch(x);
    return tape.gradients(cross_entropy(leaf, labels, {.label_smoothing = 0.1}))[leaf];
  }));
}

TEST_CASE("Labels changed between cross_entropy and its gradient are reported",
          "[ops][cross_entropy]") {
  Tape tape;
  const auto x = tape.watch(zeros({2, 3}));
  auto labels = tensor<std::int64_t>({0, 1});
  const auto loss = cross_entropy(x, labels);
  labels.fill_(2);
  CHECK_THROWS_AS(tape.gradients(loss), TapeError);
}

TEST_CASE("cross_entropy names the label that is out of range", "[ops][cross_entropy]") {
  const auto labels = tensor<std::int64_t>({{0, 1, 2}, {1, 3, 0}});
  CHECK(error_of<ValueError>([&] {
          cross_entropy(zeros({2, 3, 3}), labels);
        }) ==
        "[cross_entropy] labels(1, 1) is 3 but must be in [0, C=3) or ignore_index (-100); hint: "
        "labels count from 0: subtract 1, or give the net one more output");
  CHECK(error_of<ValueError>([&] {
          cross_entropy(zeros({2, 5}), tensor<std::int64_t>({4, -1}));
        }) ==
        "[cross_entropy] labels(1) is -1 but must be in [0, C=5) or ignore_index (-100); hint: "
        "samples to leave out carry ignore_index");
  CHECK_THROWS_AS(cross_entropy(zeros({1, 0}), tensor<std::int64_t>({0})), ValueError);
}

TEST_CASE("cross_entropy names shapes that do not fit", "[ops][cross_entropy]") {
  const auto labels = [](const Shape& shape) { return full<std::int64_t>(shape, 0); };
  CHECK(error_of<ShapeError>([&] { cross_entropy(zeros({5}), labels({5})); }) ==
        "[cross_entropy] logits must have shape (N, C) or (N, C, d1, ...) but have (5); hint: "
        "unsqueeze(0) makes a batch of one sample");
  CHECK(error_of<ShapeError>([&] {
          cross_entropy(zeros({7, 5}), labels({6}));
        }) ==
        "[cross_entropy] logits (N=7, C=5) want labels of shape (N=7) but they have (6); hint: "
        "each sample has one integer label");
  CHECK(error_of<ShapeError>([&] {
          cross_entropy(zeros({7, 5}), labels({7, 1}));
        }) ==
        "[cross_entropy] logits (N=7, C=5) want labels of shape (N=7) but they have (7, 1); hint: "
        "labels.squeeze(-1)");
  CHECK(error_of<ShapeError>([&] {
          cross_entropy(zeros({7, 5}), labels({7, 5}));
        }) ==
        "[cross_entropy] logits (N=7, C=5) want labels of shape (N=7) but they have (7, 5); hint: "
        "one-hot targets or probabilities are given as a tensor of the logits' type");
  CHECK(error_of<ShapeError>([&] {
          cross_entropy(zeros({7, 5}), zeros({7, 4}));
        }) ==
        "[cross_entropy] logits and targets must have one shape but have (7, 5) and (7, 4); hint: "
        "nothing is broadcast here; expand one of them if that is what you want");
  CHECK(error_of<ShapeError>([&] { categorical_cross_entropy(zeros({5}), zeros({5})); }) ==
        "[categorical_cross_entropy] probabilities must have shape (N, C) or (N, C, d1, ...) but "
        "have (5); hint: unsqueeze(0) makes a batch of one sample");
  CHECK(error_of<ShapeError>([&] {
          categorical_cross_entropy(zeros({1, 5}), zeros({5, 1}));
        }) ==
        "[categorical_cross_entropy] probabilities and targets must have one shape but have (1, 5) "
        "and (5, 1); hint: reshape one of them, most often by squeeze(-1) or unsqueeze(-1)");
}

TEST_CASE("cross_entropy refuses a smoothing out of its range and undefined tensors",
          "[ops][cross_entropy]") {
  const auto x = zeros({1, 2});
  const auto labels = tensor<std::int64_t>({0});
  CHECK(error_of<ValueError>([&] { cross_entropy(x, labels, {.label_smoothing = 1.5}); }) ==
        "[cross_entropy] label_smoothing must be in [0, 1] but is 1.5; hint: 0.1 is a common "
        "choice");
  CHECK_THROWS_AS(cross_entropy(x, x, {.label_smoothing = -0.1}), ValueError);
  CHECK_THROWS_AS(cross_entropy(x, labels, {.label_smoothing = std::nan("")}), ValueError);
  CHECK_THROWS_AS(cross_entropy(Tensor(), labels), ValueError);
  CHECK_THROWS_AS(cross_entropy(x, LongTensor()), ValueError);
  CHECK_THROWS_AS(cross_entropy(x, Tensor()), ValueError);
}
