#include "tenon/nn/parameter.hpp"

#include <type_traits>
#include <utility>

#include "ops_support.hpp"
#include "tenon/nn/linear.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/matmul.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

static_assert(std::is_nothrow_move_constructible_v<nn::Parameter>);
static_assert(std::is_nothrow_move_assignable_v<nn::Parameter>);
static_assert(std::is_nothrow_default_constructible_v<nn::Parameter>);
static_assert(sizeof(nn::Parameter) == sizeof(void*));
static_assert(!std::is_convertible_v<Tensor, nn::Parameter>, "a leaf is made on purpose");

TEST_CASE("a parameter copies the values that it is made of", "[nn][parameter]") {
  Tensor values = tensor({1, 2, 3});
  nn::Parameter p(values);
  values.fill_(9);
  CHECK(equal<float>(p, tensor({1, 2, 3})));
  CHECK(p.impl()->is_leaf);
  CHECK_FALSE(values.impl()->is_leaf);
}

TEST_CASE("a parameter of a view owns its values contiguously", "[nn][parameter]") {
  const Tensor matrix = tensor({{1, 2, 3}, {4, 5, 6}});
  nn::Parameter p(matrix.t());
  CHECK(p.is_contiguous());
  CHECK(equal<float>(p, tensor({{1, 4}, {2, 5}, {3, 6}})));
  nn::Parameter none(Tensor::empty({0, 3}));
  CHECK(none.numel() == 0);
}

TEST_CASE("copying a parameter makes a new leaf", "[nn][parameter]") {
  nn::Parameter p(tensor({1, 2}));
  nn::Parameter q = p;
  CHECK_FALSE(q.is_same(p));
  CHECK_FALSE(q.shares_storage(p));
  CHECK(q.impl()->is_leaf);
  CHECK(equal<float>(p, q));
  nn::Parameter undefined;
  nn::Parameter also = undefined;
  CHECK_FALSE(also.defined());
}

TEST_CASE("copying a parameter under a tape records nothing", "[nn][parameter]") {
  nn::Parameter p(tensor({1, 2}));
  Tape tape;
  nn::Parameter q = p;
  nn::Parameter r(p);
  CHECK(tape.size() == 0);
  const Gradients g = tape.gradients(sum(q * q));
  CHECK(equal(g[q], tensor({2, 4})));
  CHECK_FALSE(g.contains(p));
}

TEST_CASE("moving a parameter keeps the leaf", "[nn][parameter]") {
  nn::Parameter p(tensor({1, 2}));
  const auto* leaf = p.impl();
  nn::Parameter q = std::move(p);
  CHECK(q.impl() == leaf);
  CHECK_FALSE(p.defined());  // NOLINT: what a move leaves behind is part of the contract
  nn::Parameter r(tensor({5}));
  r = std::move(q);
  CHECK(r.impl() == leaf);
  std::swap(p, r);
  CHECK(p.impl() == leaf);
}

TEST_CASE("assigning to a parameter writes in place", "[nn][parameter]") {
  nn::Parameter p(tensor({1, 2}));
  const auto* leaf = p.impl();
  const Tensor alias = p;
  const auto version = p.impl()->version;
  p = tensor({3, 4});
  CHECK(p.impl() == leaf);
  CHECK(p.impl()->version != version);
  CHECK(equal(alias, tensor({3, 4})));
  const nn::Parameter q(tensor({5, 6}));
  p = q;
  CHECK(p.impl() == leaf);
  CHECK(equal(alias, tensor({5, 6})));
  p = *&p;
  CHECK(equal(alias, tensor({5, 6})));
}

TEST_CASE("an undefined parameter becomes a leaf by assigning", "[nn][parameter]") {
  nn::Parameter p;
  const Tensor values = tensor({1, 2});
  p = values;
  CHECK(p.impl()->is_leaf);
  CHECK_FALSE(p.shares_storage(values));
  nn::Parameter a, b;
  a = std::as_const(b);
  CHECK_FALSE(a.defined());
}

TEST_CASE("a square parameter can be assigned its own transpose", "[nn][parameter]") {
  nn::Parameter p(tensor({{1, 2}, {3, 4}}));
  p = p.t();
  CHECK(equal<float>(p, tensor({{1, 3}, {2, 4}})));
}

TEST_CASE("a tensor made from a parameter is an alias that stands for the leaf",
          "[nn][parameter]") {
  nn::Linear layer(2, 1);
  const Tensor w = layer.weight;
  CHECK(w.is_same(layer.weight));
  Tape tape;
  const Gradients g = tape.gradients(sum(w * 3));
  CHECK(equal(g[layer.weight], tensor({{3, 3}})));
}

TEST_CASE("a view of a parameter made outside of the tape counts", "[nn][parameter]") {
  nn::Parameter p(tensor({{1, 2}, {3, 4}}));
  const Tensor row = p[1];
  const Tensor transposed = p.t();
  Tape tape;
  const Gradients g = tape.gradients(sum(p * p) + sum(row * 10) + sum(matmul(p, transposed)));
  // d/dp of sum p^2 is 2p; of sum p p^T it is twice the column sums in every row.
  CHECK(equal(g[p], tensor({{2 + 8, 4 + 12}, {6 + 10 + 8, 8 + 10 + 12}})));
}

TEST_CASE("updates by hand happen in place and outside of the tape", "[nn][parameter]") {
  nn::Parameter p(tensor({1, 2}));
  const auto* leaf = p.impl();
  {
    Tape tape;
    const Gradients g = tape.gradients(sum(p * p));
    const Index recorded = tape.size();
    p -= 0.25 * g[p];
    CHECK(tape.size() == recorded);
  }
  CHECK(p.impl() == leaf);
  CHECK(equal<float>(p, tensor({0.5, 1})));
  p += tensor({1, 1});
  p *= 2;
  p /= tensor({3, 4});
  CHECK(equal<float>(p, tensor({1, 1})));
  CHECK(p.impl() == leaf);
}

TEST_CASE("a changed parameter makes what was saved of it stale", "[nn][parameter]") {
  nn::Parameter p(tensor({1, 2}));
  Tape tape;
  const Tensor y = sum(p * p);
  p = tensor({3, 4});
  CHECK_THAT(error_of<TapeError>([&] { tape.gradients(y); }),
             ContainsSubstring("has been changed in place"));
}

TEST_CASE("tied parameters are one leaf whose gradient is the sum", "[nn][parameter]") {
  nn::Parameter p(tensor({1, 2})), q(tensor({7, 8}));
  q.tie(p);
  CHECK(q.is_same(p));
  Tape tape;
  const Gradients g = tape.gradients(sum(p * 2) + sum(q * 3));
  CHECK(g.size() == 1);
  CHECK(equal(g[q], tensor({5, 5})));
  q.tie(q);
  CHECK(q.is_same(p));
}

TEST_CASE("a mistake with a parameter is named", "[nn][parameter][errors]") {
  nn::Parameter p(tensor({1, 2}));
  CHECK(error_of<ShapeError>([&] {
          p = tensor({1, 2, 3});
        }) ==
        "[parameter] assigning writes the values in place, so a parameter of shape (2) cannot take "
        "values of shape (3); hint: reshape the values, or move another parameter in: p = "
        "nn::Parameter(values)");
  CHECK(error_of<ShapeError>([&] { p = tensor(1); }).find("(2)") != std::string::npos);
  CHECK(equal<float>(p, tensor({1, 2})));
  CHECK(error_of<ValueError>([&] { p = Tensor(); }) ==
        "[parameter] an undefined tensor is assigned to a parameter of shape (2); hint: was the "
        "layer that it comes from moved from, or made without a bias?");
  CHECK(
      error_of<ValueError>([] { nn::Parameter q{Tensor()}; }) ==
      "[parameter] a parameter cannot be made of an undefined tensor; hint: give it values, as in "
      "nn::Parameter(zeros({3, 4}))");
  CHECK(error_of<ValueError>([&] { p.tie(nn::Parameter()); }) ==
        "[tie] the other parameter is undefined; hint: tie to a parameter that has values, of a "
        "layer that was not moved from");
  CHECK(error_of<ShapeError>([&] {
          p.tie(nn::Parameter(tensor({{1, 2}})));
        }) ==
        "[tie] a parameter of shape (2) cannot be the same as one of shape (1, 2); hint: where one "
        "layer needs the transpose, use other.t() in its forward() instead");
}
