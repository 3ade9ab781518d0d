// The code of docs/reference/elementwise.md, activations.md, reductions.md and products.md,
// compiled and run.

#include "../nn/nn_support.hpp"
#include "tenon/nn/activations.hpp"
#include "tenon/nn/similarity.hpp"
#include "tenon/ops/activations.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/math.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/min.hpp"
#include "tenon/ops/products.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/reductions.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("elementwise.md: functions", "[docs]") {
  // [elementwise]
  const Tensor x = tensor({{-1, 0, 2}, {3, 4, 5}});
  const Tensor y = where(gt(x, 0), log1p(x), 0) + clamp(x, 0, 1) * 2;
  const Tensor z = maximum(x, tensor({1, 2, 3}));  // (2, 3) and (3) broadcast
  // [/elementwise]
  CHECK(y(0, 2) == Approx(std::log(3.0) + 2));
  CHECK(equal(z, tensor({{1, 2, 3}, {3, 4, 5}})));
}

TEST_CASE("elementwise.md: derivatives", "[docs]") {
  // [second]
  Tape outer;
  const Tensor x = outer.watch(tensor({0.5, 1}));
  Tensor slope;
  {
    Tape tape;
    slope = tape.gradients(sum(erf(x)))[x];  // 2 / sqrt(pi) e^(-x^2)
  }
  const Tensor curvature = outer.gradients(sum(slope))[x];  // -2 x of that
  // [/second]
  CHECK(curvature(1) == Approx(-2 * slope(1)));
}

TEST_CASE("activations.md: functions and layers", "[docs]") {
  // [activations]
  nn::Sequential net{nn::Linear(8, 16), nn::LeakyReLU(0.2), nn::Linear(16, 16),
                     nn::PReLU(16),     nn::Linear(16, 1),  nn::Softplus()};
  const Tensor y = net(randn({4, 8}));
  const Tensor same = softplus(y, 1, 20);
  // [/activations]
  CHECK(same.shape() == Shape{4, 1});
}

TEST_CASE("reductions.md: over axes", "[docs]") {
  // [reductions]
  const Tensor x = tensor({{1, 2, 3}, {4, 6, 8}});
  const Tensor row_means = mean(x, 1);                    // (2)
  const Tensor centred = x - mean(x, {0}, true);          // keepdim: (1, 3) broadcasts
  const Tensor spread = stddev(x, 1, {.correction = 0});  // divided by n
  const auto [largest, places] = max(x, 1);               // and where they are
  const Tensor lengths = norm(x, 2, 1), total = logsumexp(x);
  // [/reductions]
  CHECK(row_means(1) == 6);
  CHECK(centred(1, 2) == 2.5f);
  CHECK(spread(0) == Approx(std::sqrt(2.0 / 3)));
  CHECK((largest(0) == 3 && places(0) == 2));
  CHECK(lengths(0) == Approx(std::sqrt(14.0)));
  CHECK(total.rank() == 0);
}

TEST_CASE("products.md: matrices and vectors", "[docs]") {
  // [products]
  const Tensor batch = randn({5, 2, 3}), one = randn({3, 4});
  const Tensor y = matmul(batch, one);                            // (5, 2, 4)
  const Tensor scores = matmul(batch, batch.transpose(1, 2));     // (5, 2, 2)
  const Tensor angle = cosine_similarity(y, y * 2, {.dim = -1});  // (5, 2), all 1
  const Tensor apart = pairwise_distance(y, y + 1);               // (5, 2), all 2
  // [/products]
  CHECK(y.shape() == Shape{5, 2, 4});
  CHECK(scores.shape() == Shape{5, 2, 2});
  CHECK(max_error(angle, ones({5, 2})) <= 1e-6);
  CHECK(max_error(apart, full<float>({5, 2}, 2)) <= 1e-5);
}
