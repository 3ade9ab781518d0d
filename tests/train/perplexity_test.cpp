#include "tenon/train/perplexity.hpp"

#include "metric_support.hpp"

using namespace tenon;
using namespace tenon::test;
using Long = std::int64_t;

TEST_CASE("The perplexity of a uniform guess is the number of classes",
          "[train][perplexity][tiny]") {
  CHECK(result_of(Perplexity(), zeros({3, 7}), tensor<Long>({0, 3, 6})) == Approx(7));
  CHECK(result_of(Perplexity(), zeros({2, 3, 7}), zeros<Long>({2, 3})) == Approx(7));
}

TEST_CASE("Ignored labels do not count for the perplexity", "[train][perplexity][tiny]") {
  const auto logits = random_tensor<double>({3, 2, 4}, 1);
  const LongTensor labels = tensor<Long>({{1, -100}, {2, 3}, {-100, 0}});
  double sum = 0;
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 2; ++j) {
      if (labels(i, j) < 0) continue;
      double scores = 0;
      for (Index k = 0; k < 4; ++k) scores += std::exp(logits(i, j, k));
      sum += std::log(scores) - logits(i, j, labels(i, j));
    }
  }
  CHECK(result_of(Perplexity(), logits, labels) == Approx(std::exp(sum / 4)).epsilon(1e-13));
  LongTensor other = labels.clone();
  other(0, 1) = other(2, 0) = -7;
  CHECK(result_of(Perplexity(-7), logits, other) == result_of(Perplexity(), logits, labels));
  CHECK(std::isnan(result_of(Perplexity(), logits, full<Long>({3, 2}, -100))));
}

TEST_CASE("A NaN logit makes the perplexity NaN", "[train][perplexity][tiny]") {
  Tensor logits = zeros({2, 3});
  logits(1, 2) = static_cast<float>(not_a_number);
  CHECK(std::isnan(result_of(Perplexity(), logits, tensor<Long>({0, 0}))));
}

TEST_CASE("Logits and labels that do not fit are explained", "[train][perplexity][tiny]") {
  CHECK(error_of<ShapeError>([] {
          result_of(Perplexity(), zeros({3, 1}), zeros<Long>({3}));
        }) ==
        "[Perplexity] logits (3, 1) have one score a sample but must have one a class, (N, C) "
        "or (N, L, C); hint: a network that writes has an output for each token");
  CHECK(error_of<ValueError>([] {
          result_of(Perplexity(), zeros({1, 3}), tensor<Long>({3}));
        }) ==
        "[Perplexity] target(0) is 3 but must be in [0, 3) or ignore_index (-100); hint: labels "
        "count from 0");
}
