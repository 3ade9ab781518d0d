#include "tenon/kernels/ctc_loss.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "ops_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

using Labels = std::vector<std::int64_t>;

/// What is left of a path once repetitions are merged and blanks dropped.
Labels collapsed(const Labels& path, std::int64_t blank) {
  Labels kept;
  for (std::size_t t = 0; t < path.size(); ++t) {
    if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) kept.push_back(path[t]);
  }
  return kept;
}

/// By all c^t paths: the probability of the target, and for each step and symbol that of the paths
/// that have it there.
struct ByEnumeration {
  double total = 0;
  std::vector<double> with;  // (t, c)

  ByEnumeration(const std::vector<double>& p, Index t, Index c, const Labels& target, Index blank)
      : with(static_cast<std::size_t>(t * c), 0.0) {
    Labels path(static_cast<std::size_t>(t), 0);
    const auto at = [c](std::size_t step, Index symbol) {
      return step * static_cast<std::size_t>(c) + static_cast<std::size_t>(symbol);
    };
    while (true) {
      if (collapsed(path, blank) == target) {
        double probability = 1;
        for (std::size_t i = 0; i < path.size(); ++i) probability *= p[at(i, path[i])];
        total += probability;
        for (std::size_t i = 0; i < path.size(); ++i) with[at(i, path[i])] += probability;
      }
      std::size_t i = 0;
      for (; i < path.size() && ++path[i] == c; ++i) path[i] = 0;
      if (i == path.size()) return;
    }
  }
};

template <class T>
void check_against_enumeration(Index t, Index c, Index blank, const Labels& target) {
  const auto x = random_tensor<double>({t, 1, c}, 3, 0.05, 1);
  std::vector<double> p;
  BasicTensor<T> log_p = BasicTensor<T>::empty(x.shape());
  for (Index i = 0; i < x.numel(); ++i) {  // need not be normalised: the derivative is as it is
    log_p.data()[i] = static_cast<T>(std::log(x.data()[i]));
    p.push_back(std::exp(static_cast<double>(log_p.data()[i])));
  }
  const ByEnumeration expected(p, t, c, target, blank);
  const std::int64_t start = 0, labels = static_cast<std::int64_t>(target.size()), steps = t;
  const kernels::CtcDims dims{t, 1, c, blank, 2 * labels + 1};
  const kernels::CtcTargets of{target.data(), &start, &labels, &steps};
  std::vector<double> log_alpha(static_cast<std::size_t>(t * dims.states));
  T loss = 0;
  kernels::ctc_loss_forward(dims, of, log_p.data(), log_alpha.data(), &loss);
  auto gradient = BasicTensor<T>::empty(x.shape());
  const T dloss = T(0.75);
  kernels::ctc_loss_backward(dims, of, log_p.data(), log_alpha.data(), &dloss, false,
                             gradient.data());
  if (expected.total == 0) {
    CHECK(loss == std::numeric_limits<T>::infinity());
    for (Index i = 0; i < x.numel(); ++i) CHECK(std::isnan(gradient.data()[i]));
    return;
  }
  const double tolerance = sizeof(T) == 4 ? 1e-6 : 1e-13;
  CHECK(loss == Approx(-std::log(expected.total)).epsilon(tolerance));
  for (Index i = 0; i < x.numel(); ++i) {
    const double share = expected.with[static_cast<std::size_t>(i)] / expected.total;
    CHECK(std::abs(static_cast<double>(gradient.data()[i]) + 0.75 * share) < tolerance);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("CTC agrees with the sum over all paths", "[kernels][ctc_loss]", float, double) {
  using T = TestType;
  check_against_enumeration<T>(1, 2, 0, {});
  check_against_enumeration<T>(1, 2, 0, {1});
  check_against_enumeration<T>(6, 3, 0, {});
  check_against_enumeration<T>(6, 3, 0, {1, 2});
  check_against_enumeration<T>(6, 3, 1, {0, 0, 2});
  check_against_enumeration<T>(5, 3, 2, {0, 0, 0});     // one way: a blank between any two
  check_against_enumeration<T>(4, 4, 0, {3, 1, 2, 3});  // one way: a label a step
  check_against_enumeration<T>(4, 3, 0, {1, 1, 1});     // no way
  check_against_enumeration<T>(2, 3, 0, {1, 2, 1});     // more labels than steps
}
