#include "tenon/train/ranking.hpp"

#include "metric_support.hpp"
#include "tenon/ops/arithmetic.hpp"

using namespace tenon;
using namespace tenon::test;
using Long = std::int64_t;

namespace {

/// The definition: all pairs.
double auc_of_pairs(const Tensor& scores, const LongTensor& labels) {
  double won = 0, pairs = 0;
  for (Index i = 0; i < scores.numel(); ++i) {
    for (Index j = 0; j < scores.numel(); ++j) {
      if (labels(i) != 1 || labels(j) != 0) continue;
      ++pairs;
      won += scores(i) > scores(j) ? 1 : scores(i) == scores(j) ? 0.5 : 0;
    }
  }
  return won / pairs;
}

}  // namespace

TEST_CASE("ROC AUC is the share of pairs in the right order", "[train][ranking][tiny]") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const Tensor scores = random_integers({50}, seed, -3, 4).to<float>();  // many ties
    const LongTensor labels = random_integers({50}, seed + 10, 0, 2);
    CHECK(result_of(RocAuc(), scores, labels) ==
          Approx(auc_of_pairs(scores, labels)).epsilon(1e-14));
    CHECK(result_of(RocAuc(), scores * 100, labels.to<float>()) ==
          result_of(RocAuc(), scores, labels));
  }
}

TEST_CASE("Areas of two columns are those of class 1", "[train][ranking][tiny]") {
  const Tensor p = random_tensor<float>({40}, 1, 0, 1);
  const LongTensor labels = random_integers({40}, 2, 0, 2);
  const Tensor both = stack({1 - p, p}, 1), logits = stack({0 * p, p}, 1);
  CHECK(result_of(RocAuc(), both, labels) == result_of(RocAuc(), p, labels));
  CHECK(result_of(AveragePrecision(), both, labels) == result_of(AveragePrecision(), p, labels));
  CHECK(result_of(RocAuc({.from_logits = true}), logits, labels) == result_of(RocAuc(), p, labels));
}

TEST_CASE("Areas that are undefined are NaN and left out of the mean", "[train][ranking][tiny]") {
  const Tensor p = tensor({0.1, 0.9});
  CHECK(std::isnan(result_of(RocAuc(), p, tensor<Long>({1, 1}))));
  CHECK(std::isnan(result_of(RocAuc(), p, tensor<Long>({0, 0}))));
  CHECK(std::isnan(result_of(AveragePrecision(), p, tensor<Long>({0, 0}))));
  CHECK(result_of(AveragePrecision(), p, tensor<Long>({1, 1})) == 1);
  RocAuc auc;
  CHECK(auc.per_class().empty());
  auc.update(tensor({{0.6, 0.4, 0}, {0.3, 0.7, 0}}), tensor<Long>({0, 1}));
  CHECK(auc.result() == 1);
  CHECK(std::isnan(auc.per_class().at(2)));
}

TEST_CASE("A NaN score makes an area NaN", "[train][ranking][tiny]") {
  Tensor p = tensor({0.1, 0.9, 0.5});
  p(2) = static_cast<float>(not_a_number);
  CHECK(std::isnan(result_of(RocAuc(), p, tensor<Long>({0, 1, 0}))));
  CHECK(result_of(RocAuc(), p, tensor<Long>({0, 1, -100})) == 1);
  Tensor rows = tensor({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}});
  rows(1, 1) = static_cast<float>(not_a_number);
  CHECK(std::isnan(result_of(AveragePrecision(), rows, tensor<Long>({0, 1, 2}))));
}

TEST_CASE("Scores that cannot be ranked are explained", "[train][ranking][tiny]") {
  RocAuc auc;
  CHECK(
      error_of<ValueError>([&] {
        auc.update(tensor({{1, 2, 3}}), tensor<Long>({0}));
      }) ==
      "[RocAuc] the scores of a sample must be probabilities, so that samples can be compared, but "
      "row 0 adds up to 6; hint: {.from_logits = true} for raw scores");
  CHECK_THAT(error_of<ValueError>([&] {
               auc.update(tensor({{-1, 2}}), tensor<Long>({0}));
             }),
             Catch::Matchers::ContainsSubstring("and has negative values"));
  CHECK(auc.state() == RocAuc().state());
  auc.update(tensor({0.5}), tensor<Long>({0}));
  CHECK(
      error_of<ValueError>([&] {
        auc.update(tensor({{1, 0, 0}}), tensor<Long>({0}));
      }) ==
      "[RocAuc] the prediction has C=3 scores a sample but earlier ones had 1 or 2; hint: reset() "
      "begins anew");
}
