#include "tenon/ops/elementwise.hpp"

#include <cmath>
#include <limits>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/compare.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

struct Unary {
  const char* name;
  DoubleTensor (*op)(const DoubleTensor&);
  Tensor (*op32)(const Tensor&);
  double (*plain)(double);
  double low, high;  // of generic points
};

const Unary unaries[] = {
    {"neg", neg<double>, neg<float>, [](double x) { return -x; }, -2, 2},
    {"exp", exp<double>, exp<float>, [](double x) { return std::exp(x); }, -2, 2},
    {"log", log<double>, log<float>, [](double x) { return std::log(x); }, 0.3, 3},
    {"sqrt", sqrt<double>, sqrt<float>, [](double x) { return std::sqrt(x); }, 0.3, 3},
    {"abs", abs<double>, abs<float>, [](double x) { return std::abs(x); }, 0.1, 2},
    {"abs", abs<double>, abs<float>, [](double x) { return std::abs(x); }, -2, -0.1},
    {"square", square<double>, square<float>, [](double x) { return x * x; }, -2, 2},
    {"sin", sin<double>, sin<float>, [](double x) { return std::sin(x); }, -4, 4},
    {"cos", cos<double>, cos<float>, [](double x) { return std::cos(x); }, -4, 4},
};

const Shape shapes[] = {{},     {1},       {7},          {0},      {3, 0, 2},
                        {5, 3}, {2, 3, 5}, {1, 4, 1, 3}, {67, 33}, {2, 1, 2, 1, 2, 1, 2, 3}};

template <class T, class Plain>
void check_values(const char* name, const BasicTensor<T>& x, const BasicTensor<T>& y, Plain plain,
                  double tolerance) {
  INFO(name << " of " << to_string(x.shape()));
  REQUIRE(y.shape() == x.shape());
  CHECK(y.is_contiguous());
  auto expected = DoubleTensor::empty(x.shape());
  Index i = 0;
  for_each_position(x.shape(), [&](const Shape& p) {
    expected.data()[i++] = plain(static_cast<double>(value_at(x, p)));
  });
  CHECK(max_error(y, expected) <= tolerance);
}

}  // namespace

TEST_CASE("Unary functions agree with the standard library for all layouts", "[ops][elementwise]") {
  for (const Unary& unary : unaries) {
    for (const Shape& shape : shapes) {
      for (const auto& x : layouts_of(random_tensor(shape, 1, unary.low, unary.high))) {
        check_values(unary.name, x, unary.op(x), unary.plain, 1e-14);
      }
      const auto x = random_tensor<float>(shape, 1, unary.low, unary.high);
      check_values(unary.name, x, unary.op32(x), unary.plain, 3e-7);
    }
    const auto expanded = random_tensor({3, 1}, 2, unary.low, unary.high).expand({2, 3, 5});
    check_values(unary.name, expanded, unary.op(expanded), unary.plain, 1e-14);
  }
}

TEST_CASE("Unary functions follow IEEE 754 for NaN, infinity and zero", "[ops][elementwise]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double values[] = {std::nan(""), infinity, -infinity, 0.0, -0.0, -1.0, 1e300, 1e-300};
  for (const Unary& unary : unaries) {
    for (const double v : values) {
      const double y = unary.op(full<double>({3}, v))(1), expected = unary.plain(v);
      INFO(unary.name << "(" << v << ") = " << y << ", not " << expected);
      CHECK((std::isnan(expected) ? std::isnan(y) : y == expected));
    }
  }
}

TEST_CASE("Gradients of unary functions pass gradcheck", "[ops][elementwise]") {
  for (const Unary& unary : unaries) {
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{3, 4}, Shape{2, 1, 3}}) {
      const auto x = random_tensor(shape, 3, unary.low, unary.high);
      const auto f = [&](const Inputs& in) { return unary.op(in[0]); };
      const auto twice = [&](const Inputs& in) { return unary.op(in[0]) * in[0]; };
      check_gradients_in_all_layouts(unary.name, f, {x});
      check_gradients(unary.name, twice, {x});
    }
  }
}

TEST_CASE("The gradient of abs is 0 at 0 and of sqrt infinite there", "[ops][elementwise]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({-2, 0, 3}));
  CHECK(equal(tape.gradients(sum(abs(x)))[x], tensor<double>({-1, 0, 1})));
  const auto zero = tape.watch(tensor<double>({0}));
  CHECK(std::isinf(tape.gradients(sum(sqrt(zero)))[zero].item()));
}

TEST_CASE("NaN in one element reaches its gradient and no other", "[ops][elementwise]") {
  for (const Unary& unary : unaries) {
    auto values = full<double>({4}, 0.5);
    values(2) = std::nan("");
    Tape tape;
    const auto x = tape.watch(values);
    const auto y = unary.op(x);
    const auto g = tape.gradients(sum(y * y))[x];
    for (Index i = 0; i < 4; ++i) {
      INFO(unary.name << " at " << i);
      CHECK(std::isnan(y(i)) == (i == 2));
      CHECK(std::isnan(g(i)) == (i == 2 && std::string(unary.name) != "abs"));
    }
  }
}

TEST_CASE("clamp keeps what lies between the bounds", "[ops][elementwise]") {
  const auto x = tensor<double>({-3, -1, 0, 2, 5, std::nan("")});
  const auto y = clamp(x, -1, 2);
  CHECK(equal(y.narrow(0, 0, 5), tensor<double>({-1, -1, 0, 2, 2})));
  CHECK(std::isnan(y(5)));
  CHECK(equal(clamp(tensor({1, 5}), 3, 2), tensor({2, 2})));
  CHECK(clamp(zeros<double>({0, 3}), 0, 1).shape() == Shape{0, 3});
  Tape tape;
  const auto leaf = tape.watch(x.narrow(0, 0, 5).clone());
  CHECK(equal(tape.gradients(sum(clamp(leaf, -1, 2)))[leaf], tensor<double>({0, 1, 1, 1, 0})));
  for (const auto& layout : layouts_of(random_tensor({4, 5}, 4))) {
    check_values(
        "clamp", layout, clamp(layout, -0.5, 1),
        [](double v) { return std::min(std::max(v, -0.5), 1.0); }, 0);
  }
  check_gradients_in_all_layouts("clamp",
                                 [](const Inputs& in) { return square(clamp(in[0], -0.52, 0.93)); },
                                 {distinct_tensor({3, 4}, 5)});
}

TEST_CASE("where takes from one or the other for all broadcasts and layouts",
          "[ops][elementwise]") {
  const Shape cases[][3] = {{{}, {}, {}},
                            {{5}, {5}, {5}},
                            {{3, 4}, {3, 4}, {3, 4}},
                            {{3, 1}, {4}, {3, 4}},
                            {{4}, {3, 4}, {}},
                            {{}, {2, 1}, {1, 3}},
                            {{2, 1, 1}, {1, 3, 1}, {1, 1, 4}},
                            {{0, 3}, {3}, {1, 1}},
                            {{2, 1, 2, 1, 2, 1, 2, 1}, {2}, {3, 1, 1, 1, 2}}};
  for (const auto& shape : cases) {
    const auto condition = gt(random_tensor(shape[0], 6), 0);
    for (const auto& c : layouts_of(condition)) {
      for (const auto& a : layouts_of(random_tensor(shape[1], 7))) {
        for (const auto& b : layouts_of(random_tensor(shape[2], 8))) {
          const auto y = where(c, a, b);
          REQUIRE(y.shape() ==
                  broadcast_shapes("t", shape[0], broadcast_shapes("t", shape[1], shape[2])));
          bool right = true;
          Index i = 0;
          for_each_position(y.shape(), [&](const Shape& p) {
            right &= y.data()[i++] == (value_at(c, p) ? value_at(a, p) : value_at(b, p));
          });
          CHECK(right);
        }
      }
    }
    const auto f = [&](const Inputs& in) {
      return where(condition, in[0] * in[0], in[1] * in[1] * in[1]);
    };
    check_gradients_in_all_layouts("where", f,
                                   {random_tensor(shape[1], 9), random_tensor(shape[2], 10)});
  }
}

TEST_CASE("where takes numbers and does not let NaN leak from the other side",
          "[ops][elementwise]") {
  const BoolTensor c = gt(tensor({1, -1}), 0);
  CHECK(equal(where(c, tensor({5, 6}), 0), tensor({5, 0})));
  CHECK(equal(where(c, 1, tensor({5, 6})), tensor({1, 6})));
  Tape tape;
  const auto x = tape.watch(tensor<double>({1, std::nan("")}));
  const auto g = tape.gradients(sum(where(c, x, 2)))[x];
  CHECK(equal(g, tensor<double>({1, 0})));
}

TEST_CASE("A condition that is changed in place before the sweep is an error",
          "[ops][elementwise]") {
  Tape tape;
  const auto x = tape.watch(tensor({1, 2}));
  BoolTensor c = gt(x, 1);
  const auto y = sum(where(c, x, 0));
  c.fill_(true);
  CHECK_THAT(error_of<TapeError>([&] { tape.gradients(y); }), ContainsSubstring("[where] "));
}

TEST_CASE("Elementwise functions say what is wrong with their arguments", "[ops][elementwise]") {
  for (const Unary& unary : unaries) {
    CHECK_THAT(error_of<ValueError>([&] { unary.op({}); }),
               ContainsSubstring(std::string("[") + unary.name + "] the tensor is undefined"));
  }
  CHECK_THAT(error_of<ValueError>([] { clamp(Tensor(), 0, 1); }), ContainsSubstring("[clamp] "));
  const BoolTensor c = gt(zeros({2}), 0);
  CHECK_THAT(error_of<ValueError>([&] { where(c, Tensor(), zeros({2})); }),
             ContainsSubstring("[where] the tensor is undefined"));
  CHECK_THAT(error_of<ValueError>([&] { where(BoolTensor(), zeros({2}), 1); }),
             ContainsSubstring("[where] the tensor is undefined"));
  CHECK_THAT(error_of<ShapeError>([&] { where(c, zeros({3}), zeros({3})); }),
             ContainsSubstring("[where] shapes (2) and (3) do not broadcast"));
  CHECK_THAT(error_of<ShapeError>([&] { where(c, zeros({3}), zeros({2})); }),
             ContainsSubstring("[where] shapes (3) and (2) do not broadcast"));
}

TEST_CASE("Elementwise functions have the same bits at any number of threads",
          "[ops][elementwise]") {
  for (const Unary& unary : unaries) {
    const auto x = random_tensor<float>({517, 613}, 11, unary.low, unary.high);
    INFO(unary.name);
    CHECK(same_bits_for_all_threads([&] { return unary.op32(x); }));
    CHECK(same_bits_for_all_threads([&] { return unary.op32(x.t()); }));
    CHECK(same_bits_for_all_threads([&] {
      Tape tape;
      const auto leaf = tape.watch(x);
      return tape.gradients(sum(unary.op32(leaf)))[leaf];
    }));
  }
}
