#include "tenon/ops/matmul.hpp"

#include <cmath>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

/// matmul by its definition, in double, for ranks of at least 2.
template <class T>
DoubleTensor plain_matrices(const BasicTensor<T>& a, const BasicTensor<T>& b, const Shape& shape) {
  auto y = DoubleTensor::empty(shape);
  const int rank = shape.rank();
  Index i = 0;
  for_each_position(shape, [&](const Shape& p) {
    Shape at_a = p, at_b = p;
    double total = 0;
    for (Index k = 0; k < a.size(-1); ++k) {
      at_a[rank - 1] = k;
      at_b[rank - 2] = k;
      total += static_cast<double>(value_at(a, at_a)) * static_cast<double>(value_at(b, at_b));
    }
    y.data()[i++] = total;
  });
  return y;
}

template <class T>
DoubleTensor plain_matmul(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  const auto x = a.rank() == 1 ? a.unsqueeze(0) : a;
  const auto y = b.rank() == 1 ? b.unsqueeze(1) : b;
  Shape batch_a = x.shape(), batch_b = y.shape();
  for (Shape* s : {&batch_a, &batch_b}) {
    s->erase(s->rank() - 1);
    s->erase(s->rank() - 1);
  }
  Shape shape = broadcast_shapes("test", batch_a, batch_b);
  shape.push_back(x.size(-2));
  shape.push_back(y.size(-1));
  auto result = plain_matrices(x, y, shape);
  if (a.rank() == 1) shape.erase(shape.rank() - 2);
  if (b.rank() == 1) shape.erase(shape.rank() - 1);
  return result.reshape(shape);
}

const std::pair<Shape, Shape> shape_pairs[] = {
    {{3}, {3}},
    {{1}, {1}},
    {{0}, {0}},
    {{2, 3}, {3, 4}},
    {{1, 1}, {1, 1}},
    {{3}, {3, 4}},
    {{2, 3}, {3}},
    {{3}, {5, 3, 4}},
    {{5, 2, 3}, {3}},
    {{5, 2, 3}, {3, 4}},
    {{2, 3}, {5, 3, 4}},
    {{5, 2, 3}, {5, 3, 4}},
    {{1, 2, 3}, {5, 3, 4}},
    {{5, 2, 3}, {1, 3, 4}},
    {{5, 1, 2, 3}, {4, 3, 2}},
    {{2, 1, 2, 3}, {1, 3, 3, 2}},
    {{2, 3, 2, 3}, {2, 3, 3, 2}},
    {{2, 1, 3, 1, 2, 3}, {2, 1, 2, 3, 2}},
    {{2, 2, 1, 1, 2, 1, 2, 3}, {2, 3, 1, 1, 3, 2}},
    {{2, 0}, {0, 4}},
    {{0, 3}, {3, 4}},
    {{2, 3}, {3, 0}},
    {{0, 2, 3}, {3, 4}},
    {{0, 2, 3}, {1, 3, 4}},
    {{2, 0, 3}, {2, 3, 4}},
    {{33, 65}, {65, 17}},
    {{3, 31, 9}, {9, 130}},
};

}  // namespace

TEST_CASE("matmul agrees with its definition for all ranks, broadcasts and layouts",
          "[ops][matmul]") {
  for (const auto& [p, q] : shape_pairs) {
    INFO(to_string(p) << " by " << to_string(q));
    for (const auto& a : layouts_of(random_tensor(p, 1))) {
      for (const auto& b : layouts_of(random_tensor(q, 2))) {
        const auto y = matmul(a, b);
        const auto expected = plain_matmul(a, b);
        REQUIRE(y.shape() == expected.shape());
        CHECK(max_error(y, expected) <= 1e-13);
      }
    }
    const auto a = random_tensor<float>(p, 3), b = random_tensor<float>(q, 4);
    CHECK(max_error(matmul(a, b), plain_matmul(a, b)) <= 2e-5);
  }
}

TEST_CASE("matmul reads transposed, expanded and sliced operands in place", "[ops][matmul]") {
  const auto x = random_tensor({6, 5}, 5), y = random_tensor({7, 5}, 6);
  CHECK(max_error(matmul(x, y.t()), plain_matmul(x, y.t())) <= 1e-14);
  CHECK(max_error(matmul(x.t(), x), plain_matmul(x.t(), x)) <= 1e-14);
  const auto repeated = random_tensor({1, 5}, 7).expand({4, 6, 5});
  CHECK(max_error(matmul(repeated, y.t()), plain_matmul(repeated, y.t())) <= 1e-14);
  const auto columns = random_tensor({5, 1}, 8).expand({5, 3});
  CHECK(max_error(matmul(x, columns), plain_matmul(x, columns)) <= 1e-14);
  const auto batch = random_tensor({4, 5, 6, 3}, 9).permute({1, 3, 2, 0});
  CHECK(max_error(matmul(batch, batch.t()), plain_matmul(batch, batch.t())) <= 1e-13);
  const auto part =
      random_tensor({4, 9, 12}, 10).index({Slice{1, 4, 2}, Slice{2, 8}, Slice{1, 11, 2}});
  CHECK(max_error(matmul(part, y.t()), plain_matmul(part, y.t())) <= 1e-14);
}

TEST_CASE("matmul spreads NaN to exactly the rows and columns that hold it", "[ops][matmul]") {
  auto a = random_tensor({3, 4}, 11);
  const auto b = random_tensor({4, 5}, 12);
  a(1, 2) = std::nan("");
  const auto y = matmul(a, b);
  for_each_position(y.shape(),
                    [&](const Shape& p) { CHECK(std::isnan(value_at(y, p)) == (p[0] == 1)); });
  // 0 times NaN is NaN, so zeros on the other side must not be skipped.
  CHECK(std::isnan(matmul(full<double>({1, 1}, std::nan("")), zeros<double>({1, 1})).item()));
}

TEST_CASE("Gradients of matmul pass gradcheck", "[ops][matmul]") {
  const auto f = [](const Inputs& in) { return matmul(in[0], in[1]); };
  const auto nonlinear = [](const Inputs& in) { return matmul(square(in[0]), in[1] * in[1]); };
  for (const auto& [p, q] : shape_pairs) {
    if (p.numel() * q.numel() > 2000) continue;
    const auto a = random_tensor(p, 13), b = random_tensor(q, 14);
    check_gradients_in_all_layouts("matmul", f, {a, b});
    check_gradients("matmul", nonlinear, {a, b});
  }
}

TEST_CASE("matmul of a tensor with its own transpose gets both gradients", "[ops][matmul]") {
  const auto f = [](const Inputs& in) { return matmul(in[0], in[0].t()); };
  check_gradients_in_all_layouts("matmul", f, {random_tensor({3, 2}, 15)});
  const auto squares = [](const Inputs& in) { return matmul(in[0], in[0]); };
  check_gradients_in_all_layouts("matmul", squares, {random_tensor({3, 3}, 16)});
}

TEST_CASE("matmul's gradients have the operands' shapes and repeat bit by bit", "[ops][matmul]") {
  for (const auto& [p, q] : shape_pairs) {
    Tape tape;
    const auto a = tape.watch(random_tensor(p, 17)), b = tape.watch(random_tensor(q, 18));
    const auto y = sum(matmul(a, b));
    const auto first = tape.gradients(y), second = tape.gradients(y);
    INFO(to_string(p) << " by " << to_string(q));
    CHECK(first[a].shape() == p);
    CHECK(first[b].shape() == q);
    CHECK(same_bits(first[a], second[a]));
    CHECK(same_bits(first[b], second[b]));
  }
}

TEST_CASE("A transposed leaf made outside the tape gets its gradient through matmul",
          "[ops][matmul]") {
  const auto w = random_tensor({4, 3}, 19);
  w.impl()->is_leaf = true;
  const auto view = w.t();
  const auto x = random_tensor({2, 3}, 20);
  Tape tape;
  const auto g = tape.gradients(sum(matmul(x, view)))[w];
  for_each_position(
      w.shape(), [&](const Shape& p) { CHECK(value_at(g, p) == Approx(x(0, p[1]) + x(1, p[1]))); });
}

TEST_CASE("matmul says which sizes differ", "[ops][matmul]") {
  CHECK(error_of<ShapeError>([] {
          matmul(zeros({2, 3}), zeros({4, 5}));
        }) ==
        "[matmul] inner sizes differ: a (M=2, K=3), b (K=4, N=5); hint: the last axis of a meets "
        "the last but one of b; t() swaps a matrix's axes");
  CHECK_THAT(error_of<ShapeError>([] { matmul(zeros({2}), zeros({3})); }),
             ContainsSubstring("inner sizes differ: a (K=2), b (K=3)"));
  CHECK_THAT(error_of<ShapeError>([] {
               matmul(zeros({6, 2, 3}), zeros({2}));
             }),
             ContainsSubstring("a (B=6, M=2, K=3), b (K=2)"));
  CHECK(error_of<ShapeError>([] {
          matmul(zeros({5, 2, 3}), zeros({4, 3, 2}));
        }) ==
        "[matmul] batch axes do not broadcast: a (B=5, M=2, K=3), b (B=4, K=3, N=2); hint: counted "
        "from the end, batch sizes must be equal or one of them 1");
  CHECK(error_of<ShapeError>([] { matmul(tensor(1), zeros({2})); }) ==
        "[matmul] a scalar is no matrix: a (), b (K=2); hint: multiply by a scalar with *");
  CHECK_THAT(error_of<ShapeError>([] { matmul(zeros({2}), tensor(1)); }),
             ContainsSubstring("a scalar is no matrix"));
  CHECK_THAT(error_of<ValueError>([] { matmul(Tensor(), zeros({2})); }),
             ContainsSubstring("[matmul] the tensor is undefined"));
  CHECK_THAT(error_of<ValueError>([] { matmul(zeros({2}), Tensor()); }),
             ContainsSubstring("[matmul] the tensor is undefined"));
}

TEST_CASE("matmul has the same bits at any number of threads", "[ops][matmul]") {
  const std::pair<Shape, Shape> pairs[] = {{{257, 300}, {300, 190}},     {{1, 5000}, {5000, 33}},
                                           {{40, 30, 50}, {40, 50, 20}}, {{3000, 20}, {20, 8}},
                                           {{20000}, {20000}},           {{9, 200, 64}, {64, 64}}};
  for (const auto& [p, q] : pairs) {
    const auto a = random_tensor<float>(p, 21), b = random_tensor<float>(q, 22);
    INFO(to_string(p) << " by " << to_string(q));
    CHECK(same_bits_for_all_threads([&, &x = a, &y = b] { return matmul(x, y); }));
    CHECK(same_bits_for_all_threads([&, &x = a, &y = b] {
      Tape tape;
      const auto u = tape.watch(x), v = tape.watch(y);
      const auto g = tape.gradients(sum(square(matmul(u, v))));
      return cat({g[u].reshape({-1}), g[v].reshape({-1})});
    }));
  }
}
