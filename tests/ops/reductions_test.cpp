#include "tenon/ops/reductions.hpp"

#include <cmath>

#include "allocation_counter.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

/// f of the numbers of each result, for x of any strides: dims as in the operations.
template <class F>
DoubleTensor plain(const DoubleTensor& x, const Shape& dims, bool keepdim, const F& f) {
  std::vector<bool> reduced(static_cast<std::size_t>(x.rank()), dims.empty());
  for (const Index d : dims) reduced[static_cast<std::size_t>(x.shape().axis(d))] = true;
  Shape kept, result;
  for (int i = 0; i < x.rank(); ++i) {
    const bool is_reduced = reduced[static_cast<std::size_t>(i)];
    kept.push_back(is_reduced ? 1 : x.shape()[i]);
    if (!is_reduced || keepdim) result.push_back(kept[i]);
  }
  std::vector<double> values;
  for_each_position(kept, [&](const Shape& at) {
    std::vector<double> terms;
    for_each_position(x.shape(), [&](const Shape& p) {
      bool belongs = true;
      for (int i = 0; i < x.rank(); ++i) {
        belongs &= reduced[static_cast<std::size_t>(i)] || p[i] == at[i];
      }
      if (belongs) terms.push_back(value_at(x, p));
    });
    values.push_back(f(terms));
  });
  return from_container(values).reshape(result);
}

double variance_of(const std::vector<double>& x, double correction) {
  long double m = 0, s = 0;
  const auto n = static_cast<long double>(x.size());
  for (const double v : x) m += v / n;
  for (const double v : x) s += (v - m) * (v - m);
  return static_cast<double>(s / (n - correction));
}

double norm_of(const std::vector<double>& x, double p) {
  double sum = 0, most = 0, least = inf;
  for (const double v : x) {
    sum += std::pow(std::abs(v), p);
    most = std::max(most, std::abs(v));
    least = std::min(least, std::abs(v));
  }
  return p == inf ? most : p == -inf ? least : std::pow(sum, 1 / p);
}

const std::pair<Shape, Shape> cases[] = {
    {{}, {}},     {{7}, {}},         {{7}, {0}},          {{5, 3}, {1}},       {{5, 3}, {0}},
    {{5, 3}, {}}, {{2, 3, 5}, {-1}}, {{2, 3, 5}, {0, 2}}, {{2, 3, 5}, {2, 1}}, {{1, 4, 1, 3}, {1}}};

}  // namespace

TEST_CASE("Further reductions agree with plain loops over any axes and layouts",
          "[ops][reductions]") {
  for (const auto& [shape, over] : cases) {
    const Shape& dims = over;
    for (const bool keepdim : {false, true}) {
      for (const auto& x : layouts_of(random_tensor(shape, 1))) {
        INFO(to_string(shape) << " over " << to_string(dims));
        const auto check = [&](const DoubleTensor& y, const auto& f) {
          CHECK(max_error(y, plain(x, dims, keepdim, f)) <= 1e-13);
        };
        check(var(x, dims, {.correction = 0, .keepdim = keepdim}),
              [](const auto& v) { return variance_of(v, 0); });
        check(stddev(x, dims, {.correction = -1, .keepdim = keepdim}),
              [](const auto& v) { return std::sqrt(variance_of(v, -1)); });
        for (const double p : {2.0, 1.0, inf, -inf, 3.0, 0.5, -1.0}) {
          check(norm(x, p, dims, keepdim), [p](const auto& v) { return norm_of(v, p); });
        }
        check(norm(x, 0, dims, keepdim),
              [](const auto& v) { return static_cast<double>(v.size()); });
        check(logsumexp(x, dims, keepdim), [](const auto& v) {
          double s = 0;
          for (const double t : v) s += std::exp(t);
          return std::log(s);
        });
        if (dims.rank() == 1) {
          check(prod(x, dims[0], keepdim), [](const auto& v) {
            double product = 1;
            for (const double t : v) product *= t;
            return product;
          });
        }
      }
    }
  }
}

TEST_CASE("Further reductions have gradients of first and second order", "[ops][reductions]") {
  for (const auto& [sizes, over] : cases) {
    const Shape &shape = sizes, &dims = over;
    const auto x = distinct_tensor(shape, 2) + 0.03;  // no two of equal size
    const auto check = [&](const char* name, const auto& f) {
      check_gradients_in_all_layouts(name, [&](const Inputs& in) { return f(in[0], dims); }, {x});
      check_gradients(name, [&](const Inputs& in) { return f(in[0] * in[0], dims) * in[0]; },
                      {random_tensor(shape, 3, 0.3, 1.1)});
    };
    const VarOptions by_n{.correction = 0, .keepdim = true};
    check("var", [&](const auto& v, const Shape& d) { return var(v, d, by_n); });
    if (shape.numel() > 1) {
      check("stddev", [&](const auto& v, const Shape& d) { return stddev(v, d, by_n); });
    }
    for (const double p : {2.0, 1.0, inf, -inf, 3.0, 1.5}) {
      check("norm", [p](const auto& v, const Shape& d) { return norm(v, p, d, true); });
    }
    check("logsumexp", [](const auto& v, const Shape& d) { return logsumexp(v * 0.3, d, true); });
    if (dims.rank() == 1) {
      check("prod", [](const auto& v, const Shape& d) { return prod(v * 0.4, d[0], true); });
    }
  }
}

TEST_CASE("var keeps its digits far from 0, and is NaN where nothing is left to divide by",
          "[ops][reductions]") {
  // Distances of 1/64 at 100000, exact in float.
  auto x = full<float>({4096}, 100000.f);
  for (Index i = 0; i < x.numel(); ++i) x(i) += static_cast<float>(i % 2) / 64;
  CHECK(var(x, {}, {.correction = 0}).item() == Approx(1.0 / (128 * 128)).epsilon(1e-6));
  CHECK(stddev(x, {}, {.correction = 0}).item() == Approx(1.0 / 128).epsilon(1e-6));
  CHECK(std::isnan(var(tensor({2})).item()));
  CHECK(std::isnan(var(zeros({0})).item()));
  CHECK(std::isinf(var(tensor({1, 2}), {}, {.correction = 3}).item()));
  CHECK(var(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(std::isnan(var(tensor({1, NAN})).item()));
}

TEST_CASE("stddev of equal numbers is 0, with gradient 0", "[ops][reductions]") {
  Tape outer;
  const auto x = outer.watch(tensor<double>({{3, 3, 3}, {1, 2, 4}}));
  DoubleTensor g;
  {
    Tape tape;
    const auto y = stddev(x, 1);
    CHECK(y(0) == 0);
    g = tape.gradients(sum(y))[x];
  }
  for (Index i = 0; i < 3; ++i) CHECK(g(0, i) == 0);
  CHECK(g(1, 2) > 0.3);
  const auto second = outer.gradients(sum(g * g))[x];
  for (Index i = 0; i < 3; ++i) CHECK(std::isfinite(second(0, i)));
}

TEST_CASE("norm keeps the squares of huge and of tiny numbers", "[ops][reductions]") {
  const auto x = tensor<float>({{3e30f, 4e30f}, {3e-30f, 4e-30f}, {3, 4}, {0, 0}, {INFINITY, 1}});
  const auto y = norm(x, 2, 1);
  CHECK(y(0) == Approx(5e30));
  CHECK(y(1) == Approx(5e-30));
  CHECK(y(2) == 5);
  CHECK(y(3) == 0);
  CHECK(y(4) == INFINITY);
  CHECK(norm(x, 3, 1)(0) == Approx(std::cbrt(27.0 + 64) * 1e30));
  CHECK(std::isnan(norm(tensor({1, NAN})).item()));
  // A row's bits do not depend on its neighbours.
  CHECK(norm(x.narrow(0, 2, 1), 2, 1)(0) == y(2));
}

TEST_CASE("norm of zeros has gradient 0, equal sizes share that of the largest",
          "[ops][reductions]") {
  for (const double p : {2.0, 1.0, inf, 3.0, 1.5, 0.5, 0.0}) {
    Tape outer;
    const auto x = outer.watch(zeros<double>({3}));
    DoubleTensor g;
    {
      Tape tape;
      g = tape.gradients(norm(x, p))[x];
    }
    CHECK(equal(g, zeros<double>({3})));
  }
  Tape tape;
  const auto x = tape.watch(tensor<double>({3, -3, 2}));
  CHECK(equal(tape.gradients(norm(x, inf))[x], tensor<double>({0.5, -0.5, 0})));
  const auto one_zero = tape.watch(tensor<double>({0, 2}));
  CHECK(equal(tape.gradients(norm(one_zero, 1.5))[one_zero], tensor<double>({0, 1})));
}

TEST_CASE("logsumexp neither overflows nor makes NaN of -infinity", "[ops][reductions]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({{-inf, -inf}, {1000, 1000}, {-inf, 3}, {inf, 0}}));
  const auto y = logsumexp(x, 1);
  CHECK(y(0) == -inf);
  CHECK(y(1) == Approx(1000 + std::log(2.0)));
  CHECK(y(2) == 3);
  CHECK(y(3) == inf);
  const auto g = tape.gradients(sum(y.narrow(0, 0, 3)))[x];
  CHECK(max_error(g.narrow(0, 0, 3), tensor<double>({{0, 0}, {0.5, 0.5}, {0, 1}})) <= 1e-12);
  CHECK(logsumexp(zeros<double>({0})).item() == -inf);
  CHECK(logsumexp(zeros<double>({3, 0}), 1)(2) == -inf);
  CHECK(std::isnan(logsumexp(tensor({1, NAN})).item()));
}

TEST_CASE("the gradient of a product out of range is the product of the others",
          "[ops][reductions]") {
  Tape tape;
  const auto x = tape.watch(tensor({{3e38, 10, 1}, {1e-30, 1e-30, 2}}));
  const Tensor y = prod(x, 1);
  CHECK(std::isinf(y(0)));
  CHECK(y(1) == 0);
  const auto g = tape.gradients(sum(y))[x];
  CHECK(g(0, 0) == 10);
  CHECK(g(0, 1) == 3e38F);
  CHECK(std::isinf(g(0, 2)));
  CHECK(g(1, 0) == 2e-30F);
  CHECK(g(1, 2) == 0);
}

TEST_CASE("a product out of range alone has the gradients of the others", "[ops][reductions]") {
  Tape tape;
  const auto x = tape.watch(tensor({3e38, 10, 1}));
  CHECK(tape.gradients(prod(x))[x](0) == 10);
}

TEST_CASE("prod has the right gradients with one zero and with two", "[ops][reductions]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({{2, 0, 3}, {0, 5, 0}, {2, 3, 4}}));
  const auto g = tape.gradients(sum(prod(x, 1)))[x];
  CHECK(equal(g, tensor<double>({{0, 6, 0}, {0, 0, 0}, {12, 8, 6}})));
  for (const double zero : {0.0, 1.0}) {
    auto v = tensor<double>({{1.5, 0, -2}, {0.5, 0, zero}});
    check_gradients("prod", [](const Inputs& in) { return prod(in[0], 1); }, {v});
    check_gradients("prod", [](const Inputs& in) { return prod(in[0]); }, {v});
  }
  CHECK(prod(zeros({0})).item() == 1);
  CHECK(equal(prod(zeros({2, 0}), 1), ones({2})));
  CHECK(prod(full<float>({3000}, 1.0001f)).item() ==
        Approx(std::pow(static_cast<double>(1.0001f), 3000)));
}

TEST_CASE("Further reductions have the same bits at any number of threads", "[ops][reductions]") {
  const auto x = random_tensor<float>({517, 613}, 11);
  CHECK(same_bits_for_all_threads([&] { return var(x, 0); }));
  CHECK(same_bits_for_all_threads([&] { return stddev(x); }));
  CHECK(same_bits_for_all_threads([&] { return norm(x, 3, 1); }));
  CHECK(same_bits_for_all_threads([&] { return norm(x, inf, 0); }));
  CHECK(same_bits_for_all_threads([&] { return logsumexp(x.t(), 1); }));
  CHECK(same_bits_for_all_threads([&] { return prod(x, 1); }));
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto leaf = tape.watch(x);
    return tape.gradients(norm(leaf) + sum(var(leaf, 1)) + sum(logsumexp(leaf, 0)))[leaf];
  }));
}

TEST_CASE("Further reductions say what is wrong with their arguments", "[ops][reductions]") {
  const Tensor x = zeros({2, 3});
  CHECK_THAT(error_of<ValueError>([&] {
               var(x, {1, -1});
             }),
             ContainsSubstring("[var] axis 1 appears twice in the axes (1, -1)"));
  CHECK_THAT(error_of<ValueError>([&] { norm(x, 2, {0, 0}); }), ContainsSubstring("[norm] axis 0"));
  CHECK_THAT(error_of<ValueError>([&] {
               logsumexp(x, {0, 0});
             }),
             ContainsSubstring("[logsumexp] axis 0 appears twice"));
  CHECK_THAT(error_of<ValueError>([&] { norm(x, NAN); }),
             ContainsSubstring("[norm] p must be a number or infinity, not NaN; hint: "));
  CHECK_THAT(error_of<ShapeError>([&] {
               norm(zeros({2, 0}), INFINITY, 1);
             }),
             ContainsSubstring("[norm] there is no largest of no elements: x has shape (2, 0)"));
  CHECK_THAT(error_of<ShapeError>([&] { norm(zeros({0}), -INFINITY); }),
             ContainsSubstring("[norm] there is no smallest of no elements"));
  CHECK(norm(zeros({0})).item() == 0);
  CHECK(norm(zeros({0}), 3).item() == 0);
  CHECK_THROWS_AS(var(x, 2), IndexError);
  CHECK_THROWS_AS(prod(x, 2), IndexError);
  CHECK_THAT(error_of<ValueError>([] { var(Tensor()); }), ContainsSubstring("[var] the tensor is"));
  CHECK_THAT(error_of<ValueError>([] { stddev(Tensor()); }),
             ContainsSubstring("[stddev] the tensor"));
  CHECK_THAT(error_of<ValueError>([] { norm(Tensor()); }),
             ContainsSubstring("[norm] the tensor is"));
  CHECK_THAT(error_of<ValueError>([] { prod(Tensor()); }),
             ContainsSubstring("[prod] the tensor is"));
  CHECK_THAT(error_of<ValueError>([] { logsumexp(Tensor()); }),
             ContainsSubstring("[logsumexp] the tensor is"));
}

TEST_CASE("Further reductions allocate nothing once warm", "[ops][reductions]") {
  const auto x = random_tensor<float>({65, 33}, 1);
  const auto step = [&] {
    Tape tape;
    const auto leaf = tape.watch(x);
    const auto y = sum(var(leaf, 1)) + sum(stddev(leaf, 0)) + norm(leaf) + sum(norm(leaf, 3, 1)) +
                   norm(leaf, inf) + sum(logsumexp(leaf, {0, 1}, true)) + sum(prod(leaf, 1));
    tape.gradients(y);
  };
  for (int i = 0; i < 3; ++i) step();
  const AllocationCounter counter;
  step();
  CHECK(counter.count() == 0);
}
