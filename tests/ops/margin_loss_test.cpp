#include "tenon/ops/margin_loss.hpp"

#include <cmath>
#include <limits>

#include "ops_support.hpp"
#include "tenon/nn/margin_loss.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const DoubleTensor signs = tensor<double>({1, -1, -1, 1});

}  // namespace

TEST_CASE("Margin losses pass gradient checks of both orders", "[ops][margin_loss]") {
  const auto x = random_tensor({4, 5}, 1), y = random_tensor({4, 5}, 2),
             z = random_tensor({4, 5}, 3);
  const auto row = random_tensor({4}, 4), other = random_tensor({4}, 5);
  const auto labels = tensor<std::int64_t>({0, 4, 2, 2});
  check_gradients("hinge_loss", [](auto& in) { return hinge_loss(in[0], signs); }, {row});
  check_gradients("squared_hinge_loss", [](auto& in) { return squared_hinge_loss(in[0], signs); },
                  {row});
  check_gradients("hinge_embedding_loss",
                  [](auto& in) { return hinge_embedding_loss(in[0], signs, {.margin = 0.7}); },
                  {row});
  check_gradients("margin_ranking_loss",
                  [](auto& in) { return margin_ranking_loss(in[0], in[1], signs); }, {row, other});
  check_gradients("cosine_embedding_loss",
                  [](auto& in) { return cosine_embedding_loss(in[0], in[1], signs); }, {x, y});
  for (int p : {1, 2}) {
    check_gradients("multi_margin_loss",
                    [&](auto& in) { return multi_margin_loss(in[0], labels, {.p = p}); }, {x});
  }
  for (double p : {1.0, 2.0, 2.5, std::numeric_limits<double>::infinity()}) {
    check_gradients(
        "triplet_margin_loss",
        [&](auto& in) { return triplet_margin_loss(in[0], in[1], in[2], {.margin = 3, .p = p}); },
        {x, y, z});
  }
}

TEST_CASE("Hinge losses by hand", "[ops][margin_loss]") {
  const auto x = tensor({0.5, 0.5, 2, -3}), t = tensor({1, -1, 1, 1});
  CHECK(equal(hinge_loss(x, t, Reduction::none), tensor({0.5, 1.5, 0, 4})));
  CHECK(squared_hinge_loss(x, t).item() == (0.25F + 2.25F + 16) / 4);
  CHECK(equal(hinge_embedding_loss(x, t, {Reduction::none}), tensor({0.5, 0.5, 2, -3})));
  // Another target counts both, as PyTorch does it.
  CHECK(equal(hinge_embedding_loss(x, zeros({4}), {Reduction::none}), tensor({1, 1, 2, 1})));
  const auto scores = tensor({{1, 2, 0}});
  const auto label = tensor<std::int64_t>({0});
  CHECK(multi_margin_loss(scores, label).item() == Approx(2.0 / 3));
  CHECK(multi_margin_loss(scores, label, tensor({3, 1, 1}), {.p = 2}).item() == 4);
}

TEST_CASE("Equal vectors have finite gradients", "[ops][margin_loss]") {
  for (double p : {2.0, 3.0}) {
    Tape tape;
    const auto a = tape.watch(ones({2, 3}));
    const auto loss = triplet_margin_loss(a, ones({2, 3}), zeros({2, 3}), {.p = p, .eps = 0});
    const auto da =
        tape.gradients(triplet_margin_loss(a, ones({2, 3}), ones({2, 3}), {.p = p, .eps = 0}))[a];
    CHECK(std::isfinite(loss.item()));
    CHECK(equal(da, zeros({2, 3})));
  }
  Tape tape;
  const auto a = tape.watch(zeros({1, 3}));
  const auto da = tape.gradients(cosine_embedding_loss(a, ones({1, 3}), ones({1})))[a];
  CHECK(std::isfinite(da(0, 0)));
}

TEST_CASE("cosine_embedding_loss takes vectors without a batch", "[ops][margin_loss]") {
  const auto a = tensor<double>({3, 4}), b = tensor<double>({4, 3});
  CHECK(cosine_embedding_loss(a, b, tensor<double>(1)).item() == Approx(1 - 24.0 / 25));
  CHECK(cosine_embedding_loss(a, b, tensor<double>(-1), {.margin = 0.5}).item() ==
        Approx(24.0 / 25 - 0.5));
}

TEST_CASE("Margin losses of nothing", "[ops][margin_loss]") {
  const auto none = LongTensor::empty({0});
  CHECK(std::isnan(multi_margin_loss(zeros({0, 3}), none).item()));
  CHECK(hinge_loss(zeros({0}), zeros({0}), Reduction::sum).item() == 0);
  CHECK(
      triplet_margin_loss(zeros({0, 3}), zeros({0, 3}), zeros({0, 3}), {Reduction::none}).shape() ==
      Shape{0});
}

TEST_CASE("Margin losses as objects", "[nn][loss]") {
  const auto x = random_tensor({4, 5}, 1), y = random_tensor({4, 5}, 2),
             z = random_tensor({4, 5}, 3);
  const auto row = random_tensor({4}, 4), other = random_tensor({4}, 5);
  const auto labels = tensor<std::int64_t>({0, 4, 2, 2});
  CHECK(nn::HingeLoss{}(row, signs).item() == hinge_loss(row, signs).item());
  CHECK(nn::SquaredHingeLoss{}(row, signs).item() == squared_hinge_loss(row, signs).item());
  CHECK(nn::HingeEmbeddingLoss{}(row, signs).item() == hinge_embedding_loss(row, signs).item());
  CHECK(nn::MarginRankingLoss{{.margin = 0.5}}(row, other, signs).item() ==
        margin_ranking_loss(row, other, signs, {.margin = 0.5}).item());
  CHECK(nn::CosineEmbeddingLoss{}(x, y, signs).item() == cosine_embedding_loss(x, y, signs).item());
  CHECK(nn::MultiMarginLoss{{.p = 2}, ones({5})}(x, labels).item() ==
        multi_margin_loss(x, labels, {.p = 2}).item());
  CHECK(nn::TripletMarginLoss{{.swap = true}}(x, y, z).item() ==
        triplet_margin_loss(x, y, z, {.swap = true}).item());
}

TEST_CASE("Margin losses explain what does not fit", "[ops][margin_loss]") {
  const auto x = zeros({4, 3});
  const auto labels = zeros<std::int64_t>({4});
  CHECK_THROWS_AS(hinge_loss(x, zeros({4})), ShapeError);
  CHECK_THROWS_AS(margin_ranking_loss(x, x, zeros({4})), ShapeError);
  CHECK(
      error_of<ValueError>([&] { multi_margin_loss(x, full<std::int64_t>({4}, -1)); }) ==
      "[multi_margin_loss] labels(0) is -1 but must be in [0, C=3); hint: leave samples without a "
      "label out of the batch");
  CHECK(error_of<ValueError>([&] { multi_margin_loss(x, labels, {.p = 3}); }) ==
        "[multi_margin_loss] p must be 1 or 2 but is 3; hint: 2 punishes large violations more");
  CHECK(error_of<ShapeError>([&] {
          multi_margin_loss(zeros({4, 3, 2}), zeros<std::int64_t>({4, 2}));
        }) ==
        "[multi_margin_loss] x must have shape (N, C) but has (4, 3, 2); hint: move the classes to "
        "the end and flatten the other axes");
  CHECK(error_of<ShapeError>([&] {
          cosine_embedding_loss(x, x, zeros({4, 1}));
        }) ==
        "[cosine_embedding_loss] x1 and x2 must have shape (N, D) and target (N), or (D) and (), "
        "but have (4, 3) and (4, 1); hint: target.squeeze(-1) drops an axis of 1");
  CHECK(error_of<ValueError>([&] { triplet_margin_loss(x, x, x, {.p = 0}); }) ==
        "[triplet_margin_loss] p must be more than 0 but is 0; hint: 2 is the Euclidean distance");
  CHECK(error_of<ShapeError>([&] { triplet_margin_loss(zeros({}), zeros({}), zeros({})); }) ==
        "[triplet_margin_loss] anchor, positive and negative must have shape (N, D) but have (); "
        "hint: distances are between vectors");
}
