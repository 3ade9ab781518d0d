#include "tenon/ops/arithmetic.hpp"

#include <cmath>
#include <limits>

#include "ops_support.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Inputs = std::vector<DoubleTensor>;

namespace {

constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

struct Binary {
  const char* name;
  DoubleTensor (*op)(const DoubleTensor&, const DoubleTensor&);
  Tensor (*op32)(const Tensor&, const Tensor&);
  double (*plain)(double, double);
};

template <class T>
BasicTensor<T> add(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return a + b;
}
template <class T>
BasicTensor<T> sub(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return a - b;
}
template <class T>
BasicTensor<T> mul(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return a * b;
}
template <class T>
BasicTensor<T> div(const BasicTensor<T>& a, const BasicTensor<T>& b) {
  return a / b;
}

double larger(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? quiet_nan : std::max(a, b);
}
double smaller(double a, double b) {
  return std::isnan(a) || std::isnan(b) ? quiet_nan : std::min(a, b);
}

const Binary binaries[] = {
    {"add", add<double>, add<float>, [](double a, double b) { return a + b; }},
    {"sub", sub<double>, sub<float>, [](double a, double b) { return a - b; }},
    {"mul", mul<double>, mul<float>, [](double a, double b) { return a * b; }},
    {"div", div<double>, div<float>, [](double a, double b) { return a / b; }},
    {"maximum", maximum<double>, maximum<float>, larger},
    {"minimum", minimum<double>, minimum<float>, smaller},
    {"pow", pow<double>, pow<float>, [](double a, double b) { return std::pow(a, b); }},
};

template <class T>
void check_against_plain(const Binary& binary, const BasicTensor<T>& a, const BasicTensor<T>& b,
                         const BasicTensor<T>& y, double tolerance) {
  INFO(binary.name << " of " << to_string(a.shape()) << " and " << to_string(b.shape()));
  REQUIRE(y.shape() == broadcast_shapes("test", a.shape(), b.shape()));
  CHECK(y.is_contiguous());
  auto expected = DoubleTensor::empty(y.shape());
  Index i = 0;
  for_each_position(y.shape(), [&](const Shape& p) {
    expected.data()[i++] =
        binary.plain(static_cast<double>(value_at(a, p)), static_cast<double>(value_at(b, p)));
  });
  CHECK(max_error(y, expected) <= tolerance);
}

const std::pair<Shape, Shape> shape_pairs[] = {
    {{}, {}},
    {{1}, {}},
    {{7}, {7}},
    {{3, 5}, {3, 5}},
    {{3, 5}, {5}},
    {{5}, {3, 5}},
    {{3, 1}, {1, 5}},
    {{4, 3, 5}, {3, 1}},
    {{2, 1, 3, 1}, {4, 1, 5}},
    {{}, {2, 3}},
    {{0}, {1}},
    {{3, 0, 2}, {1, 2}},
    {{0, 4}, {}},
    {{1, 1, 1}, {1}},
    {{2, 1, 2, 1, 2, 1, 2, 1}, {1, 3, 1, 2, 1, 1, 2, 3}},
    {{2, 1, 2, 1, 1, 1, 2, 3}, {2, 3}},
};

}  // namespace

TEST_CASE("Binary operations agree with plain loops for all broadcasts and layouts",
          "[ops][arithmetic]") {
  for (const Binary& binary : binaries) {
    for (const auto& [p, q] : shape_pairs) {
      // Positive, so that pow is defined.
      const auto x = random_tensor(p, 1, 0.2, 3), y = random_tensor(q, 2, 0.2, 3);
      for (const auto& a : layouts_of(x)) {
        for (const auto& b : layouts_of(y)) {
          check_against_plain(binary, a, b, binary.op(a, b), 1e-14);
        }
      }
      const auto x32 = x.to<float>(), y32 = y.to<float>();
      check_against_plain(binary, x32, y32, binary.op32(x32, y32), 4e-7);
    }
  }
}

TEST_CASE("Binary operations agree with plain loops on expanded and sliced views",
          "[ops][arithmetic]") {
  const auto base = random_tensor({6, 1, 9}, 3, 0.2, 3);
  const auto expanded = base.expand({6, 4, 9});
  const auto sliced = random_tensor({6, 4, 20}, 4, 0.2, 3).index({all, all, Slice{1, 19, 2}});
  const auto crossed = random_tensor({9, 4, 6}, 5, 0.2, 3).transpose(0, 2);
  for (const Binary& binary : binaries) {
    check_against_plain(binary, expanded, sliced, binary.op(expanded, sliced), 1e-14);
    check_against_plain(binary, sliced, crossed, binary.op(sliced, crossed), 1e-14);
    check_against_plain(binary, crossed, expanded, binary.op(crossed, expanded), 1e-14);
    check_against_plain(binary, expanded, expanded, binary.op(expanded, expanded), 1e-14);
  }
}

TEST_CASE("Binary operations follow IEEE 754 for NaN, infinity and signed zero",
          "[ops][arithmetic]") {
  const double values[] = {quiet_nan, infinity, -infinity, 0.0, -0.0, 1.0, -2.5};
  for (const Binary& binary : binaries) {
    for (const double a : values) {
      for (const double b : values) {
        const auto y = binary.op(full<double>({3}, a), full<double>({3}, b));
        const double expected = binary.plain(a, b);
        INFO(binary.name << "(" << a << ", " << b << ") = " << y(1) << ", not " << expected);
        CHECK((std::isnan(expected) ? std::isnan(y(1)) : y(1) == expected));
      }
    }
  }
  CHECK(std::signbit((full<double>({1}, -0.0) * 2).item()));
  CHECK(std::signbit((-full<double>({1}, 0.0)).item()));
  CHECK(std::signbit((full<double>({1}, 1.0) * -0.0).item()));
}

TEST_CASE("Numbers of any type stand on either side", "[ops][arithmetic]") {
  const Tensor x = tensor({1, 2, 4});
  CHECK(equal(2 * x, tensor({2, 4, 8})));
  CHECK(equal(x * 0.5, tensor({0.5, 1, 2})));
  CHECK(equal(x + 1, tensor({2, 3, 5})));
  CHECK(equal(1u + x, tensor({2, 3, 5})));
  CHECK(equal(x - 1L, tensor({0, 1, 3})));
  CHECK(equal(1 - x, tensor({0, -1, -3})));
  CHECK(equal(x / 4, tensor({0.25, 0.5, 1})));
  CHECK(equal(1.0 / x, tensor({1, 0.5, 0.25})));
  CHECK(equal(pow(x, 2), tensor({1, 4, 16})));
  CHECK(allclose(pow(x, 0.5f), tensor({1, 1.41421356, 2})));
  CHECK(equal(-x, tensor({-1, -2, -4})));
}

TEST_CASE("Division by a number is correctly rounded", "[ops][arithmetic]") {
  const Tensor x = random_tensor<float>({257}, 6);
  const Tensor y = x / 3, z = 3 / x;
  for (Index i = 0; i < x.numel(); ++i) {
    CHECK(y(i) == x(i) / 3.0f);
    CHECK(z(i) == 3.0f / x(i));
  }
}

TEST_CASE("Numbers work on every layout", "[ops][arithmetic]") {
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{0, 3}, Shape{5, 7}, Shape{2, 3, 4}}) {
    for (const auto& x : layouts_of(random_tensor(shape, 7, 0.5, 2))) {
      const auto check = [&](const DoubleTensor& y, auto plain) {
        REQUIRE(y.shape() == shape);
        Index i = 0;
        for_each_position(shape, [&](const Shape& p) {
          CHECK(y.data()[i++] == Approx(plain(value_at(x, p))).epsilon(1e-14));
        });
      };
      check(x + 3, [](double v) { return v + 3; });
      check(3 - x, [](double v) { return 3 - v; });
      check(x * 3, [](double v) { return v * 3; });
      check(x / 3, [](double v) { return v / 3; });
      check(3 / x, [](double v) { return 3 / v; });
      check(-x, [](double v) { return -v; });
      for (const double e : {-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 2.5}) {
        check(pow(x, e), [e](double v) { return std::pow(v, e); });
      }
    }
  }
}

TEST_CASE("Compound assignment binds the handle to a new tensor", "[ops][arithmetic]") {
  Tensor x = tensor({1, 2});
  const Tensor before = x;
  x += tensor({10, 20});
  CHECK(equal(x, tensor({11, 22})));
  x -= 1;
  x *= tensor({{1}, {2}});
  x /= 2.0;
  CHECK(equal(x, tensor({{5, 10.5}, {10, 21}})));
  CHECK(equal(before, tensor({1, 2})));
}

TEST_CASE("Gradients of arithmetic pass gradcheck for all broadcasts", "[ops][arithmetic]") {
  const std::pair<Shape, Shape> pairs[] = {
      {{3, 2}, {3, 2}}, {{3, 2}, {2}}, {{}, {3}}, {{2, 1}, {1, 3}}, {{1, 2, 1}, {3, 1, 2}}};
  for (const Binary& binary : binaries) {
    const auto f = [&](const Inputs& in) { return binary.op(in[0], in[1]); };
    for (const auto& [p, q] : pairs) {
      const auto a = random_tensor(p, 8, 0.6, 2), b = random_tensor(q, 9, 0.65, 2.1);
      check_gradients_in_all_layouts(binary.name, f, {a, b});
    }
    const auto squared = [&](const Inputs& in) { return binary.op(in[0] * in[0], in[1]) * in[1]; };
    check_gradients(binary.name, squared,
                    {random_tensor({2, 2}, 10, 0.6, 2), random_tensor({2, 1}, 11, 0.65, 2.1)});
  }
}

TEST_CASE("Gradients of arithmetic with numbers pass gradcheck", "[ops][arithmetic]") {
  const auto x = random_tensor({3, 2}, 12, 0.5, 2);
  const auto check = [&](const char* name, auto f) {
    check_gradients_in_all_layouts(name, [&](const Inputs& in) { return f(in[0]); }, {x});
  };
  check("add (number)", [](auto& v) { return v + 3; });
  check("sub (number)", [](auto& v) { return (v - 3) * (2 - v); });
  check("mul (number)", [](auto& v) { return v * 3 * v; });
  check("div (number)", [](auto& v) { return v * v / 3; });
  check("div (number)", [](auto& v) { return 3 / v; });
  check("neg", [](auto& v) { return -v * v; });
  for (const double e : {-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 2.5}) {
    check("pow (number)", [e](auto& v) { return pow(v, e); });
  }
}

TEST_CASE("A tensor used twice gets both gradients", "[ops][arithmetic]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({2, 3}));
  CHECK(equal(tape.gradients(sum(x * x))[x], tensor<double>({4, 6})));
  CHECK(equal(tape.gradients(sum(x + x))[x], tensor<double>({2, 2})));
  CHECK(equal(tape.gradients(sum(x - x))[x], tensor<double>({0, 0})));
  CHECK(equal(tape.gradients(sum(x / x))[x], tensor<double>({0, 0})));
  CHECK(equal(tape.gradients(sum(maximum(x, x)))[x], tensor<double>({1, 1})));
}

TEST_CASE("A tape gives the same gradients when asked twice", "[ops][arithmetic]") {
  Tape tape;
  const auto x = tape.watch(random_tensor({4}, 13)), y = tape.watch(random_tensor({3, 1}, 14));
  const auto loss = sum(x * y / (1 + y * y) - x);
  const auto first = tape.gradients(loss), second = tape.gradients(loss);
  CHECK(same_bits(first[x], second[x]));
  CHECK(same_bits(first[y], second[y]));
}

TEST_CASE("Gradients have the shapes of the operands and are contiguous", "[ops][arithmetic]") {
  for (const auto& [p, q] : shape_pairs) {
    for (const Binary& binary : binaries) {
      Tape tape;
      const auto a = tape.watch(random_tensor(p, 15, 0.2, 2));
      const auto b = tape.watch(random_tensor(q, 16, 0.2, 2));
      const auto g = tape.gradients(sum(binary.op(a, b)));
      INFO(binary.name << " of " << to_string(p) << " and " << to_string(q));
      CHECK(g[a].shape() == p);
      CHECK(g[b].shape() == q);
      CHECK(g[a].is_contiguous());
    }
  }
}

TEST_CASE("A view of a leaf made outside the tape gives the full gradient", "[ops][arithmetic]") {
  const auto leaf = random_tensor({2, 3}, 17);
  leaf.impl()->is_leaf = true;
  const auto view = leaf.t();
  Tape tape;
  const auto inside = leaf.select(0, 1);
  const auto g = tape.gradients(sum(view * view) + sum(inside * 3))[leaf];
  for_each_position(leaf.shape(), [&](const Shape& p) {
    CHECK(value_at(g, p) == Approx(2 * value_at(leaf, p) + (p[0] == 1 ? 3 : 0)));
  });
}

TEST_CASE("Only what a needed gradient needs is computed", "[ops][arithmetic]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({2}));
  auto constant = tensor<double>({3});
  const auto y = x * constant;
  const auto z = x + constant;
  const Index before = tape.size();
  const auto unrecorded = constant * constant + 1;
  CHECK(tape.size() == before);
  CHECK(equal(tape.gradients(sum(y + z))[x], tensor<double>({4})));
  CHECK_FALSE(tape.gradients(sum(y)).contains(constant));
}

TEST_CASE("A saved operand that is changed in place is an error", "[ops][arithmetic]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({2}));
  auto constant = tensor<double>({3});
  const auto y = x * constant, z = x + constant;
  constant.fill_(4);
  CHECK_THAT(error_of<TapeError>([&] { tape.gradients(y); }), ContainsSubstring("[mul] "));
  CHECK(equal(tape.gradients(z)[x], tensor<double>({1})));
}

TEST_CASE("Equal operands of maximum and minimum share the gradient", "[ops][arithmetic]") {
  Tape tape;
  const auto a = tape.watch(tensor<double>({1, 2, 3})), b = tape.watch(tensor<double>({2, 2, 2}));
  const auto up = tape.gradients(sum(maximum(a, b)));
  CHECK(equal(up[a], tensor<double>({0, 0.5, 1})));
  CHECK(equal(up[b], tensor<double>({1, 0.5, 0})));
  const auto down = tape.gradients(sum(minimum(a, b)));
  CHECK(equal(down[a], tensor<double>({1, 0.5, 0})));
  CHECK(equal(down[b], tensor<double>({0, 0.5, 1})));
}

TEST_CASE("Gradients of powers are finite where the base is zero", "[ops][arithmetic]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({0, 0, 0}));
  CHECK(equal(tape.gradients(sum(pow(x, 0)))[x], tensor<double>({0, 0, 0})));
  CHECK(equal(tape.gradients(sum(pow(x, 1)))[x], tensor<double>({1, 1, 1})));
  CHECK(equal(tape.gradients(sum(pow(x, 2)))[x], tensor<double>({0, 0, 0})));
  const auto y = tape.watch(tensor<double>({0, 1, 2}));
  const auto g = tape.gradients(sum(pow(x, y)));
  CHECK(equal(g[x], tensor<double>({0, 1, 0})));
  CHECK(equal(g[y], tensor<double>({0, 0, 0})));
}

TEST_CASE("Operands that do not fit give errors that say so", "[ops][arithmetic]") {
  const Tensor a = zeros({2, 3}), b = zeros({4});
  CHECK(error_of<ShapeError>([&] { a + b; }) ==
        "[add] shapes (2, 3) and (4) do not broadcast: counted from the end, axis -1 has sizes 3 "
        "and 4; hint: sizes must be equal or one of them 1, so reshape or unsqueeze the operand "
        "that should be repeated");
  CHECK_THAT(error_of<ShapeError>([&] { a - b; }), ContainsSubstring("[sub] "));
  CHECK_THAT(error_of<ShapeError>([&] { a* b; }), ContainsSubstring("[mul] "));
  CHECK_THAT(error_of<ShapeError>([&] { a / b; }), ContainsSubstring("[div] "));
  CHECK_THAT(error_of<ShapeError>([&] { maximum(a, b); }), ContainsSubstring("[maximum] "));
  CHECK_THAT(error_of<ShapeError>([&] { minimum(a, b); }), ContainsSubstring("[minimum] "));
  CHECK_THAT(error_of<ShapeError>([&] { pow(a, b); }), ContainsSubstring("[pow] "));
  const Tensor undefined;
  for (const auto& message :
       {error_of<ValueError>([&] { a + undefined; }), error_of<ValueError>([&] { undefined + a; }),
        error_of<ValueError>([&] { undefined + 1; }), error_of<ValueError>([&] { 1 / undefined; }),
        error_of<ValueError>([&] { -undefined; }), error_of<ValueError>([&] { pow(undefined, 2); }),
        error_of<ValueError>([&] { undefined / 2; })}) {
    CHECK_THAT(message, ContainsSubstring("the tensor is undefined"));
  }
}

TEST_CASE("Arithmetic has the same bits at any number of threads", "[ops][arithmetic]") {
  const auto a = random_tensor<float>({331, 1027}, 18, 0.1, 2);
  const auto b = random_tensor<float>({1027}, 19, 0.1, 2);
  for (const Binary& binary : binaries) {
    INFO(binary.name);
    CHECK(same_bits_for_all_threads([&] { return binary.op32(a, b); }));
    CHECK(same_bits_for_all_threads([&] {
      Tape tape;
      const auto leaf = tape.watch(b);
      return tape.gradients(sum(binary.op32(a, leaf)))[leaf];
    }));
  }
}
