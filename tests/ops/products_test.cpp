#include "tenon/ops/products.hpp"

#include <cmath>
#include <tuple>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

TEST_CASE("bilinear adds up all pairs of features", "[ops][products]") {
  for (const Shape& lead : {Shape{}, Shape{4}, Shape{2, 3}, Shape{0}}) {
    Shape s1 = lead, s2 = lead;
    s1.push_back(3);
    s2.push_back(5);
    const auto x1 = random_tensor(s1, 1), x2 = random_tensor(s2, 2),
               w = random_tensor({2, 3, 5}, 3), b = random_tensor({2}, 4);
    const auto y = bilinear(x1, x2, w, b);
    bool right = true;
    for_each_position(y.shape(), [&](const Shape& at) {
      Shape p1 = at, p2 = at;
      const int last = at.rank() - 1;
      const Index o = at[last];
      double expected = b(o);
      for (Index i = 0; i < 3; ++i) {
        for (Index j = 0; j < 5; ++j) {
          p1[last] = i;
          p2[last] = j;
          expected += value_at(x1, p1) * w(o, i, j) * value_at(x2, p2);
        }
      }
      right &= std::abs(value_at(y, at) - expected) <= 1e-13;
    });
    CHECK(right);
    check_gradients_in_all_layouts(
        "bilinear", [](const Inputs& in) { return bilinear(in[0], in[1], in[2], in[3]); },
        {x1, x2, w, b});
  }
}

TEST_CASE("cosine_similarity is 1, 0 and -1 where it should be, at any length", "[ops][products]") {
  const auto a = tensor<float>({{1, 2}, {1, 0}, {3, 4}, {0, 0}, {3e30f, 4e30f}, {1e-5f, 0}}),
             b = tensor<float>({{2, 4}, {0, 7}, {-3, -4}, {1, 1}, {3e30f, 4e30f}, {5, 0}});
  CHECK(max_error(cosine_similarity(a, b), tensor<double>({1, 0, -1, 0, 1, 1})) <= 3e-7);
  Tape tape;
  const auto zero = tape.watch(zeros<double>({1, 2}));
  const auto g = tape.gradients(sum(cosine_similarity(zero, ones<double>({1, 2}))))[zero];
  CHECK(std::isfinite(g(0, 0)));
  for (const auto& [s1, s2, axis] : {std::tuple<Shape, Shape, Index>{{4, 5}, {4, 5}, 1},
                                     {{4, 5}, {4, 5}, 0},
                                     {{3, 1, 4}, {2, 4}, -1}}) {
    const auto f = [axis = axis](const Inputs& in) {
      return cosine_similarity(in[0], in[1], {.dim = axis});
    };
    check_gradients_in_all_layouts("cosine_similarity", f,
                                   {random_tensor(s1, 1), random_tensor(s2, 2)});
  }
}

TEST_CASE("pairwise_distance is a norm of differences", "[ops][products]") {
  const auto a = random_tensor({4, 3}, 1), b = random_tensor({4, 3}, 2);
  for (const double p : {1.0, 2.0, 3.0}) {
    const auto y = pairwise_distance(a, b, {.p = p, .eps = 0});
    for (Index i = 0; i < 4; ++i) {
      double s = 0;
      for (Index j = 0; j < 3; ++j) s += std::pow(std::abs(a(i, j) - b(i, j)), p);
      CHECK(y(i) == Approx(std::pow(s, 1 / p)));
    }
    check_gradients("pairwise_distance",
                    [p](const Inputs& in) { return pairwise_distance(in[0], in[1], {.p = p}); },
                    {a, b});
  }
  Tape tape;
  const auto x = tape.watch(a);
  const auto g = tape.gradients(sum(pairwise_distance(x, a)))[x];
  CHECK(max_error(g, full<double>({4, 3}, 1 / std::sqrt(3.0))) <= 1e-12);
  CHECK(pairwise_distance(a, b, {.keepdim = true}).shape() == Shape{4, 1});
}

TEST_CASE("Products of vectors say what is wrong with their arguments", "[ops][products]") {
  const Tensor x1 = zeros({4, 3}), x2 = zeros({4, 5}), w = zeros({2, 3, 5});
  CHECK_THAT(
      error_of<ShapeError>([&] {
        bilinear(x1, x2, zeros({3, 5}));
      }),
      ContainsSubstring("[bilinear] w must have 3 axes, not 2: x1 (4, 3), x2 (4, 5), w (3, 5); "
                        "hint: x1 (..., I), x2 (..., J) and w (O, I, J)"));
  CHECK_THAT(error_of<ShapeError>([&] { bilinear(x1, zeros({5}), w); }),
             ContainsSubstring("[bilinear] x1 and x2 must have the same axes"));
  CHECK_THAT(error_of<ShapeError>([&] {
               bilinear(x1, zeros({3, 5}), w);
             }),
             ContainsSubstring("[bilinear] x1 and x2 differ in axis 0"));
  CHECK_THAT(error_of<ShapeError>([&] { bilinear(x2, x2, w); }),
             ContainsSubstring("[bilinear] w expects 3 features of x1, which has 5"));
  CHECK_THAT(error_of<ShapeError>([&] { bilinear(x1, x1, w); }),
             ContainsSubstring("[bilinear] w expects 5 features of x2, which has 3"));
  CHECK_THAT(error_of<ShapeError>([&] { bilinear(x1, x2, w, zeros({3})); }),
             ContainsSubstring("[bilinear] b must have shape (O=2) but has (3); hint: "));
  CHECK_THAT(error_of<ValueError>([&] { bilinear(x1, Tensor(), w); }),
             ContainsSubstring("[bilinear] the tensor is undefined"));
  CHECK_THAT(error_of<ShapeError>([&] { cosine_similarity(x1, x2); }),
             ContainsSubstring("[cosine_similarity] shapes (4, 3) and (4, 5) do not broadcast"));
  CHECK_THROWS_AS(cosine_similarity(zeros({3}), zeros({3})), IndexError);
  CHECK_THAT(error_of<ShapeError>([&] { pairwise_distance(x1, x2); }),
             ContainsSubstring("[pairwise_distance] shapes (4, 3) and (4, 5) do not broadcast"));
  CHECK_THAT(error_of<ValueError>([&] { pairwise_distance(x1, Tensor()); }),
             ContainsSubstring("[pairwise_distance] the tensor is undefined"));
}
