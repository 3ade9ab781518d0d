#include "tenon/ops/math.hpp"

#include "activation_support.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

/// Defined wherever check_activation looks.
const Activation everywhere[] = {
    {"expm1", expm1<double>, expm1<float>, [](double x) { return std::expm1(x); },
     [](double y) { return y + 1; }},
    {"erf", erf<double>, erf<float>, [](double x) { return std::erf(x); },
     [](double) { return 2 / std::sqrt(std::acos(-1.0)) * std::exp(-0.25); }},
    {"sign", sign<double>, sign<float>, [](double x) { return double(x > 0) - double(x < 0); },
     [](double) { return 0.0; }},
    {"floor", floor<double>, floor<float>, [](double x) { return std::floor(x); },
     [](double) { return 0.0; }},
    {"ceil", ceil<double>, ceil<float>, [](double x) { return std::ceil(x); },
     [](double) { return 0.0; }},
    {"round", round<double>, round<float>, [](double x) { return std::nearbyint(x); },
     [](double) { return 0.0; }},
};

}  // namespace

TEST_CASE("expm1 and erf have right values and derivatives of every order", "[ops][math]") {
  check_activation(everywhere[0]);
  check_activation(everywhere[1]);
}

TEST_CASE("Functions defined for some numbers pass gradcheck there", "[ops][math]") {
  const std::pair<const char*, DoubleTensor (*)(const DoubleTensor&)> functions[] = {
      {"log1p", log1p<double>},
      {"tan", tan<double>},
      {"reciprocal", reciprocal<double>},
      {"rsqrt", rsqrt<double>}};
  for (const auto& [name, f] : functions) {
    for (const Shape& shape : {Shape{}, Shape{3, 4}, Shape{2, 1, 3}}) {
      const auto x = random_tensor(shape, 3, 0.3, 1.2);
      const auto once = [f = f](const Inputs& in) { return f(in[0]); };
      const auto twice = [f = f](const Inputs& in) { return f(in[0]) * f(in[0]) * in[0]; };
      check_gradients_in_all_layouts(name, once, {x});
      check_gradients(name, twice, {x});
    }
    CHECK_THAT(error_of<ValueError>([f = f] { f({}); }),
               ContainsSubstring("the tensor is undefined"));
  }
}

TEST_CASE("Steps have right values for all layouts and gradient 0", "[ops][math]") {
  for (const Activation& step : everywhere) {
    const std::string name = step.name;
    if (name == "expm1" || name == "erf") continue;
    INFO(name);
    for (const Shape& shape : {Shape{}, Shape{0, 4}, Shape{9}, Shape{2, 3, 4}, Shape{45, 37}}) {
      for (const auto& x : layouts_of(random_tensor(shape, 1, -4, 4))) {
        check_activation_values(x, step.op(x), step.plain, 0);
      }
    }
    Tape outer;
    const auto x = outer.watch(tensor<double>({-1.7, -0.2, 0.3, 2.6}));
    DoubleTensor first;
    {
      Tape inner;
      first = inner.gradients(sum(step.op(x) * x))[x];
    }
    CHECK(equal(first, step.op(x)));
    CHECK(equal(outer.gradients(sum(first * x))[x], step.op(x)));
    CHECK_THAT(error_of<ValueError>([&] { step.op({}); }),
               ContainsSubstring("[" + name + "] the tensor is undefined"));
  }
}

TEST_CASE("expm1, log1p and their gradients keep digits that e^x - 1 would lose", "[ops][math]") {
  Tape tape;
  const auto x = tape.watch(tensor<float>({-40, 1e-6f}));
  const auto g = tape.gradients(sum(expm1(x)))[x];
  CHECK(g(0) == Approx(std::exp(-40.0)));
  CHECK(expm1(x)(1) == Approx(1e-6 + 5e-13).epsilon(1e-7));
  CHECK(log1p(x)(1) == Approx(1e-6 - 5e-13).epsilon(1e-7));
}

TEST_CASE("logaddexp broadcasts, with gradients that add up to dy", "[ops][math]") {
  const Shape cases[][2] = {
      {{}, {}}, {{5}, {5}}, {{3, 4}, {4}}, {{3, 1}, {1, 4}}, {{2, 1, 3}, {2, 1}}};
  for (const auto& [a, b] : cases) {
    const auto f = [](const Inputs& in) { return logaddexp(in[0], in[1]); };
    const auto product = [](const Inputs& in) { return logaddexp(in[0] * in[1], in[1]) * in[0]; };
    const auto p = random_tensor(a, 1), q = random_tensor(b, 2);
    check_gradients_in_all_layouts("logaddexp", f, {p, q});
    check_gradients("logaddexp", product, {p, q});
  }
  Tape tape;
  const auto p = tape.watch(tensor<double>({3, 1000, -1e4})),
             q = tape.watch(tensor<double>({3, 0, 5}));
  const auto g = tape.gradients(sum(logaddexp(p, q)));
  CHECK(equal(g[p] + g[q], ones<double>({3})));
  CHECK(equal(g[p], tensor<double>({0.5, 1, 0})));
  CHECK(logaddexp(zeros<double>({0, 3}), zeros<double>({1, 3})).shape() == Shape{0, 3});
  CHECK_THAT(error_of<ShapeError>([] { logaddexp(zeros({2}), zeros({3})); }),
             ContainsSubstring("[logaddexp] shapes (2) and (3) do not broadcast"));
  CHECK_THAT(error_of<ValueError>([] { logaddexp(Tensor(), zeros({3})); }),
             ContainsSubstring("[logaddexp] the tensor is undefined"));
}
