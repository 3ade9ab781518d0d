#include "tenon/kernels/cross_entropy.hpp"

#include "kernel_support.hpp"
#include "reference/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

std::vector<std::int64_t> labels_for(const kernels::CrossEntropyDims& d) {
  std::vector<std::int64_t> labels;
  for (Index i = 0; i < d.n; ++i) labels.push_back(i % 5 == 3 ? d.ignore_index : i * 7 % d.c);
  return labels;
}

std::vector<kernels::CrossEntropyDims> cases() {
  return {{0, 3, -100, 0.0}, {1, 1, -100, 0.0}, {1, 1, -100, 0.3},   {4, 10, -100, 0.0},
          {17, 10, -1, 0.1}, {9, 3, -100, 1.0}, {300, 77, -100, 0.2}};
}

double target(const kernels::CrossEntropyDims& d, std::int64_t label, Index c) {
  return (c == label ? 1 - d.label_smoothing : 0) + d.label_smoothing / static_cast<double>(d.c);
}

}  // namespace

TEMPLATE_TEST_CASE("cross_entropy and its gradient agree with their formulas in long double",
                   "[kernels][cross_entropy]", float, double) {
  using T = TestType;
  for (const auto& d : cases()) {
    auto x = normal<T>(d.n * d.c, 1);
    for (T& v : x) v *= T(4);
    const auto dlosses = normal<T>(d.n, 2);
    const auto labels = labels_for(d);
    std::vector<T> losses(count(d.n), nan_v<T>), log_p(x.size()), dx(x.size(), nan_v<T>);
    kernels::cross_entropy_forward(d, x.data(), labels.data(), losses.data(), log_p.data());
    kernels::cross_entropy_backward(d, dlosses.data(), labels.data(), log_p.data(), dx.data());

    const auto exact = reference::log_softmax({d.n, d.c, 1}, x.data());
    double worst = 0;
    for (Index i = 0; i < d.n; ++i) {
      const auto label = labels[count(i)];
      long double loss = 0;
      for (Index c = 0; c < d.c; ++c) {
        const std::size_t at = count(i * d.c + c);
        const double t = target(d, label, c);
        if (label != d.ignore_index && t != 0) loss -= t * exact[at];
        const double gradient = label == d.ignore_index
                                    ? 0
                                    : static_cast<double>(dlosses[count(i)]) *
                                          (static_cast<double>(std::exp(exact[at])) - t);
        const double scale = std::max(1.0, std::abs(static_cast<double>(dlosses[count(i)])));
        worst = larger(worst, std::abs(static_cast<double>(dx[at]) - gradient) / scale);
      }
      const double scale = 20;  // the logits' size
      worst = larger(worst, std::abs(static_cast<double>(losses[count(i)] - loss)) / scale);
    }
    CHECK(worst <= 8 * std::numeric_limits<T>::epsilon());
  }
}

TEMPLATE_TEST_CASE("a class of probability zero costs infinity only where it is the label",
                   "[kernels][cross_entropy]", float, double) {
  using T = TestType;
  const std::vector<T> x{T(0), -infinity_v<T>, T(0), -infinity_v<T>};
  const std::int64_t labels[] = {0, 1};
  T losses[2], log_p[4];
  kernels::cross_entropy_forward({2, 2, -100, 0.0}, x.data(), labels, losses, log_p);
  CHECK(losses[0] == T(0));
  CHECK(losses[1] == infinity_v<T>);
}

TEMPLATE_TEST_CASE(
    "cross_entropy's gradient may overwrite the log-probabilities, with the same bits",
    "[kernels][cross_entropy]", float, double) {
  using T = TestType;
  const kernels::CrossEntropyDims d{1000, 23, -100, 0.1};
  const auto x = normal<T>(d.n * d.c, 1), dlosses = normal<T>(d.n, 2);
  const auto labels = labels_for(d);
  std::vector<T> losses(count(d.n)), log_p(x.size());
  const auto dx = same_at_all_threads([&] {
    std::vector<T> out(x.size());
    kernels::cross_entropy_forward(d, x.data(), labels.data(), losses.data(), log_p.data());
    kernels::cross_entropy_backward(d, dlosses.data(), labels.data(), log_p.data(), out.data());
    return out;
  });
  kernels::cross_entropy_backward(d, dlosses.data(), labels.data(), log_p.data(), log_p.data());
  CHECK(same_bits(log_p, dx));
}

TEMPLATE_TEST_CASE("cross_entropy's gradient is exact where a probability is 0 or 1",
                   "[kernels][cross_entropy]", float, double) {
  using T = TestType;
  const Index classes = 37;
  for (Index label : {0, 5, 36}) {
    std::vector<T> log_p(count(classes), -infinity_v<T>), dx(count(classes) + 1, T(7));
    log_p[3] = T(0);
    const std::int64_t labels[] = {label};
    const T dloss = T(3);
    kernels::cross_entropy_backward({1, classes, -100, 0.0}, &dloss, labels, log_p.data(),
                                    dx.data());
    for (Index c = 0; c < classes; ++c) {
      CHECK(dx[count(c)] == (c == label ? T(-3) : c == 3 ? T(3) : T(0)));
    }
    CHECK(dx.back() == T(7));
  }
}

TEST_CASE("the first label out of range is found", "[kernels][cross_entropy]") {
  const std::int64_t labels[] = {0, 2, -100, 1, 3, -1};
  CHECK(kernels::find_invalid_label({6, 3, -100, 0.0}, labels) == 4);
  CHECK(kernels::find_invalid_label({4, 3, -100, 0.0}, labels) == -1);
  CHECK(kernels::find_invalid_label({6, 4, -100, 0.0}, labels) == 5);
  CHECK(kernels::find_invalid_label({6, 4, -1, 0.0}, labels) == 2);
  CHECK(kernels::find_invalid_label({0, 3, -100, 0.0}, labels) == -1);
}
