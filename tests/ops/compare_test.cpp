#include "tenon/ops/compare.hpp"

#include <limits>

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

template <class T>
struct Comparison {
  const char* name;
  BoolTensor (*tensors)(const BasicTensor<T>&, const BasicTensor<T>&);
  BoolTensor (*number)(const BasicTensor<T>&, T);
  bool (*plain)(T, T);
};

template <class T>
std::vector<Comparison<T>> comparisons() {
  return {{"eq", eq<T>, eq<T, T>, [](T a, T b) { return a == b; }},
          {"ne", ne<T>, ne<T, T>, [](T a, T b) { return a != b; }},
          {"lt", lt<T>, lt<T, T>, [](T a, T b) { return a < b; }},
          {"le", le<T>, le<T, T>, [](T a, T b) { return a <= b; }},
          {"gt", gt<T>, gt<T, T>, [](T a, T b) { return a > b; }},
          {"ge", ge<T>, ge<T, T>, [](T a, T b) { return a >= b; }}};
}

template <class T>
void check_all() {
  const std::pair<Shape, Shape> pairs[] = {{{}, {}},
                                           {{1}, {5}},
                                           {{3, 4}, {3, 4}},
                                           {{3, 1}, {1, 4}},
                                           {{4}, {2, 3, 4}},
                                           {{0, 2}, {1, 2}},
                                           {{2, 1, 2, 1, 2, 1, 2, 3}, {2, 1, 3}}};
  for (const auto& c : comparisons<T>()) {
    for (const auto& [p, q] : pairs) {
      const auto x = random_integers(p, 1, 0, 3).template to<T>();
      const auto y = random_integers(q, 2, 0, 3).template to<T>();
      for (const auto& a : layouts_of(x)) {
        for (const auto& b : layouts_of(y)) {
          const BoolTensor result = c.tensors(a, b);
          REQUIRE(result.shape() == broadcast_shapes("test", p, q));
          bool right = true;
          Index i = 0;
          for_each_position(result.shape(), [&](const Shape& at) {
            right &= result.data()[i++] == c.plain(value_at(a, at), value_at(b, at));
          });
          INFO(c.name << " of " << to_string(p) << " and " << to_string(q));
          CHECK(right);
        }
        const BoolTensor result = c.number(a, T(1));
        REQUIRE(result.shape() == p);
        Index i = 0;
        bool right = true;
        for_each_position(p, [&](const Shape& at) {
          right &= result.data()[i++] == c.plain(value_at(a, at), T(1));
        });
        INFO(c.name << " of " << to_string(p) << " and a number");
        CHECK(right);
      }
    }
  }
}

}  // namespace

TEST_CASE("Comparisons agree with plain loops for every scalar type", "[ops][compare]") {
  check_all<float>();
  check_all<double>();
  check_all<std::int64_t>();
  check_all<std::int32_t>();
  check_all<std::uint8_t>();
  check_all<bool>();
}

TEST_CASE("Every comparison with NaN is false except ne", "[ops][compare]") {
  constexpr double quiet_nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto& c : comparisons<double>()) {
    for (const double other : {quiet_nan, 0.0}) {
      const bool expected = std::string(c.name) == "ne";
      CHECK(c.number(full<double>({2}, quiet_nan), other)(1) == expected);
      CHECK(c.number(full<double>({2}, other), quiet_nan)(1) == expected);
    }
  }
}

TEST_CASE("Large integers are compared exactly", "[ops][compare]") {
  const Index large = (Index{1} << 53) + 1;
  const auto x = full<std::int64_t>({1}, large);
  CHECK(eq(x, large).item());
  CHECK_FALSE(eq(x, large - 1).item());
  CHECK(gt(x, large - 1).item());
}

TEST_CASE("Numbers of other types are converted where that changes nothing", "[ops][compare]") {
  CHECK(eq(tensor({2}), 2).item());
  CHECK(lt(tensor({2}), 2.5).item());
  CHECK(eq(full<std::int64_t>({}, 3), 3).item());
  CHECK(eq(full<std::uint8_t>({}, 200), 200).item());
  const std::string message =
      "the number is outside the range of the tensor's type uint8; hint: convert the tensor with "
      "to<>() first";
  const auto bytes = full<std::uint8_t>({}, 44);
  CHECK(error_of<ValueError>([&] { eq(bytes, 300); }) == "[eq] " + message);
  CHECK(error_of<ValueError>([&] { ne(bytes, -1); }) == "[ne] " + message);
  CHECK(error_of<ValueError>([&] { lt(bytes, 256); }) == "[lt] " + message);
  CHECK_THAT(error_of<ValueError>([] { ge(full<std::int32_t>({}, 1), Index{1} << 40); }),
             ContainsSubstring("[ge] "));
  CHECK_THAT(error_of<ValueError>([] { gt(full<std::int64_t>({}, 1), ~std::uint64_t{0}); }),
             ContainsSubstring("[gt] "));
}

TEST_CASE("Comparisons are constants for the tape", "[ops][compare]") {
  Tape tape;
  const auto x = tape.watch(tensor({1, 2}));
  const Index before = tape.size();
  const auto y = gt(x, 1);
  const auto z = eq(x, x);
  CHECK(tape.size() == before);
  CHECK(equal(z, full<bool>({2}, true)));
}

TEST_CASE("Comparisons say what does not fit", "[ops][compare]") {
  for (const auto& c : comparisons<float>()) {
    CHECK_THAT(
        error_of<ShapeError>([&] { c.tensors(zeros({2}), zeros({3})); }),
        ContainsSubstring(std::string("[") + c.name + "] shapes (2) and (3) do not broadcast"));
    CHECK_THAT(error_of<ValueError>([&] { c.tensors({}, zeros({3})); }),
               ContainsSubstring(std::string("[") + c.name + "] the tensor is undefined"));
    CHECK_THAT(error_of<ValueError>([&] { c.number({}, 1); }),
               ContainsSubstring(std::string("[") + c.name + "] the tensor is undefined"));
  }
}

TEST_CASE("Comparisons have the same bits at any number of threads", "[ops][compare]") {
  const auto a = random_tensor<float>({700, 500}, 3), b = random_tensor<float>({500, 700}, 4).t();
  CHECK(same_bits_for_all_threads([&] { return lt(a, b); }));
  CHECK(same_bits_for_all_threads([&] { return ge(b, 0.5); }));
}
