#include "tenon/ops/einsum.hpp"

#include <array>

#include "ops_support.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

/// The definition, letter by letter: for every value of all letters, add a product.
DoubleTensor by_definition(const std::string& a_letters, const std::string& b_letters,
                           const std::string& result, const DoubleTensor& a,
                           const DoubleTensor& b) {
  std::string letters;
  Shape sizes;
  for (const auto& [own, x] : {std::pair(a_letters, a), std::pair(b_letters, b)}) {
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (letters.find(own[i]) != std::string::npos) continue;
      letters += own[i];
      sizes.push_back(x.shape()[static_cast<Index>(i)]);
    }
  }
  const auto at = [&](const std::string& own, const Shape& p) {
    Shape position;
    for (char c : own) position.push_back(p[static_cast<Index>(letters.find(c))]);
    return position;
  };
  DoubleTensor y = zeros<double>(at(result, sizes));
  for_each_position(sizes, [&](const Shape& p) {
    const Shape to = at(result, p);
    Index offset = 0;
    for (int i = 0; i < to.rank(); ++i) offset += to[i] * y.strides()[i];
    y.data()[offset] += value_at(a, at(a_letters, p)) * value_at(b, at(b_letters, p));
  });
  return y;
}

DoubleTensor operand_for(const std::string& letters, std::uint64_t seed) {
  Shape shape;
  for (char c : letters) shape.push_back(c - 'i' + 2);  // i 2, j 3, k 4 ...
  return random_tensor(shape, seed);
}

}  // namespace

TEST_CASE("einsum of two operands is the sum of products that its letters say", "[ops][einsum]") {
  for (const auto& [a, b, y] : {std::array<const char*, 3>{"ij", "jk", "ik"},
                                {"ij", "jk", "ki"},
                                {"ijk", "ilk", "ijl"},
                                {"i", "j", "ji"},
                                {"i", "i", ""},
                                {"ij", "ij", "ij"},
                                {"ijk", "kl", "lji"},
                                {"ijk", "il", "l"},
                                {"ij", "kl", ""},
                                {"iij", "jk", "ik"},
                                {"ii", "ii", "i"},
                                {"", "ij", "ji"}}) {
    const std::string text = std::string(a) + ", " + b + " -> " + y;
    INFO(text);
    const DoubleTensor p = operand_for(a, 1), q = operand_for(b, 2);
    const DoubleTensor expected = by_definition(a, b, y, p, q);
    for (const auto& left : layouts_of(p)) {
      for (const auto& right : layouts_of(q)) {
        CHECK(max_error(einsum(text, left, right), expected) < 1e-13);
      }
    }
  }
  const DoubleTensor a = operand_for("ij", 1), b = operand_for("jk", 2);
  CHECK(same_bits(einsum("ij,jk", a, b), einsum("ij,jk->ik", a, b)));
  const DoubleTensor c = operand_for("ki", 1);
  CHECK(same_bits(einsum("ki,ij", c, a), einsum("ki,ij->jk", c, a)));
}

TEST_CASE("einsum of one operand permutes, sums and takes diagonals", "[ops][einsum]") {
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}, {7, 8, 9}});
  for (const auto& layout : layouts_of(x)) {
    CHECK(equal(einsum("ij->ji", layout), x.t()));
    CHECK(equal(einsum("ij->j", layout), tensor({12, 15, 18})));
    CHECK(equal(einsum("ij->", layout), tensor(45)));
    CHECK(equal(einsum("ii->i", layout), tensor({1, 5, 9})));
    CHECK(equal(einsum("ii", layout), tensor(15)));
    CHECK(equal(einsum("ba", layout), x.t()));
  }
  CHECK(equal(einsum("iii->", ones({4, 4, 4})), tensor(4)));
  CHECK(einsum("ij->i", ones({2, 0})).shape() == Shape{2});
  CHECK(equal(einsum("ij,jk->ik", ones({2, 0}), ones({0, 3})), zeros({2, 3})));
}

TEST_CASE("einsum passes gradient checks of first and second order", "[ops][einsum]") {
  check_gradients_in_all_layouts("einsum",
                                 [](auto& in) { return einsum("bij,kbj->ikb", in[0], in[1]); },
                                 {random_tensor({2, 3, 2}, 1), random_tensor({2, 2, 2}, 2)});
  check_gradients_in_all_layouts("einsum, diagonal",
                                 [](auto& in) { return einsum("iij,i->j", in[0], in[1]); },
                                 {random_tensor({3, 3, 2}, 1), random_tensor({3}, 2)});
}

TEST_CASE("einsum says what is wrong with an equation", "[ops][einsum][errors]") {
  const Tensor x = ones({2, 3});
  CHECK(
      error_of<ValueError>([&] { einsum("ij,jk->ik", x); }) ==
      "[einsum] \"ij,jk->ik\" does not name as many operands as there are, 1; hint: a comma stands "
      "between two operands, and one or two are possible");
  CHECK_THROWS_AS(einsum("ij->ij", x, x), ValueError);
  CHECK(error_of<ValueError>([&] { einsum("...j->j", x); }) ==
        "[einsum] \"...j->j\" contains '.'; hint: an axis is a letter, as in \"ij,jk->ik\"; name "
        "all axes, there is no ...");
  CHECK(error_of<ValueError>([&] { einsum("ij->ii", x); }) ==
        "[einsum] \"ij->ii\" has 'i' twice in its result; hint: a letter behind -> names one axis");
  CHECK(error_of<ValueError>([&] { einsum("ij->ik", x); }) ==
        "[einsum] \"ij->ik\" has 'k' in its result but in no operand; hint: unsqueeze() and "
        "expand() make new axes");
  CHECK(error_of<ShapeError>([&] { einsum("ijk->i", x); }) ==
        "[einsum] operand 0 of \"ijk->i\" has shape (2, 3) but the letters ijk; hint: a letter for "
        "each axis");
  CHECK(error_of<ShapeError>([&] { einsum("ii->i", x); }) ==
        "[einsum] the letter 'i' of \"ii->i\" has the sizes 2 and 3 in operand 0; hint: a diagonal "
        "has axes of one size");
  CHECK(
      error_of<ShapeError>([&] { einsum("ij,jk->ik", x, x); }) ==
      "[einsum] the letter 'j' of \"ij,jk->ik\" has size 3 in operand 0 and 2 in operand 1; hint: "
      "a letter has one size wherever it stands");
  CHECK_THROWS_AS(einsum("ij", Tensor()), ValueError);
}
