#include "tenon/base/shape.hpp"

#include <string>

#include "catch.hpp"
#include "tenon/base/error.hpp"

using namespace tenon;

namespace {

template <class E, class F>
std::string message_of(const F& f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "no such error";
}

}  // namespace

TEST_CASE("a shape holds what the braces say, in any integer type", "[base][shape]") {
  const std::size_t n = 3;
  const Shape s{2, n, std::int8_t{4}};
  CHECK(s.rank() == 3);
  CHECK(s[1] == 3);
  CHECK(s.numel() == 24);
  CHECK(s.at(-1) == 4);
  CHECK(s == Shape{2, 3, 4});
  CHECK_FALSE(s == Shape{2, 3});
  CHECK_FALSE(s == Shape{2, 3, 5});
}

TEST_CASE("a scalar's shape is empty and has one element", "[base][shape]") {
  CHECK(Shape{}.empty());
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{3, 0, 2}.numel() == 0);
  CHECK(to_string(Shape{}) == "()");
}

TEST_CASE("insert, push_back and erase keep the other entries in order", "[base][shape]") {
  Shape s{1, 2, 3};
  s.insert(0, 9);
  CHECK(s == Shape{9, 1, 2, 3});
  s.insert(4, 8);
  CHECK(s == Shape{9, 1, 2, 3, 8});
  s.erase(0);
  s.erase(3);
  CHECK(s == Shape{1, 2, 3});
  s.push_back(4);
  CHECK(s == Shape{1, 2, 3, 4});
  CHECK(Shape::filled(3, 7) == Shape{7, 7, 7});
}

TEST_CASE("copying a shape over a longer one leaves nothing of it", "[base][shape]") {
  Shape s{1, 2, 3, 4};
  s = Shape{5};
  CHECK(s == Shape{5});
  s.push_back(6);
  CHECK(s == Shape{5, 6});
}

TEST_CASE("a shape prints with and without letters", "[base][shape]") {
  CHECK(to_string(Shape{2, 3}) == "(2, 3)");
  CHECK(to_string(Shape{2, 3}, "NC") == "(N=2, C=3)");
  CHECK(to_string(Shape{2, 3}, "N") == "(N=2, 3)");
  CHECK(to_string(Shape{2}, "NCHW") == "(N=2)");
}

TEST_CASE("contiguous strides are those of C order", "[base][shape]") {
  CHECK(contiguous_strides(Shape{2, 3, 4}) == Shape{12, 4, 1});
  CHECK(contiguous_strides(Shape{}) == Shape{});
  CHECK(contiguous_strides(Shape{5, 0, 2}) == Shape{0, 2, 1});
}

TEST_CASE("shapes broadcast as NumPy's do", "[base][shape]") {
  CHECK(broadcast_shapes("add", Shape{2, 3}, Shape{2, 3}) == Shape{2, 3});
  CHECK(broadcast_shapes("add", Shape{2, 3}, Shape{3}) == Shape{2, 3});
  CHECK(broadcast_shapes("add", Shape{3}, Shape{2, 3}) == Shape{2, 3});
  CHECK(broadcast_shapes("add", Shape{4, 1, 3}, Shape{2, 1}) == Shape{4, 2, 3});
  CHECK(broadcast_shapes("add", Shape{}, Shape{2, 0}) == Shape{2, 0});
  CHECK(broadcast_shapes("add", Shape{1}, Shape{0}) == Shape{0});
  CHECK(broadcast_shapes("add", Shape{0}, Shape{1}) == Shape{0});
}

TEST_CASE("shapes that do not broadcast name the axis and both sizes", "[base][shape]") {
  CHECK(
      message_of<ShapeError>([] {
        broadcast_shapes("add", Shape{2, 3}, Shape{4, 3});
      }) ==
      "[add] shapes (2, 3) and (4, 3) do not broadcast: counted from the end, axis -2 has sizes 2 "
      "and 4; hint: sizes must be equal or one of them 1, so reshape or unsqueeze the operand "
      "that should be repeated");
  const std::string swapped = message_of<ShapeError>([] {
    broadcast_shapes("mul", Shape{4}, Shape{2, 3});
  });
  CHECK(swapped.rfind("[mul] shapes (4) and (2, 3) do not broadcast", 0) == 0);
  CHECK(swapped.find("axis -1 has sizes 4 and 3") != std::string::npos);
  CHECK_THROWS_AS(broadcast_shapes("add", Shape{2, 0}, Shape{2, 3}), ShapeError);
}

TEST_CASE("a ninth dimension is refused with a remedy", "[base][shape]") {
  CHECK(
      message_of<ShapeError>([] { Shape s{1, 1, 1, 1, 1, 1, 1, 1, 1}; }) ==
      "[shape] a tensor has at most 8 dimensions but 9 were asked for; hint: merge dimensions with "
      "reshape");
  Shape full = Shape::filled(max_rank, 2);
  CHECK_THROWS_AS(full.push_back(1), ShapeError);
  CHECK_THROWS_AS(full.insert(0, 1), ShapeError);
  CHECK(full == Shape::filled(max_rank, 2));
}

TEST_CASE("an axis out of range names the range", "[base][shape]") {
  CHECK(
      message_of<IndexError>([] {
        Shape{2, 3}.axis(2);
      }) ==
      "[shape] axis 2 is out of range for a tensor of 2 dimensions; hint: axes run from 0 to 1, or "
      "from -1 (the last) to -2");
  CHECK_THROWS_AS((Shape{2, 3}.at(-3)), IndexError);
  CHECK(message_of<IndexError>([] { Shape{}.axis(0); }) ==
        "[shape] axis 0 was asked for but the tensor is a scalar, which has no axes; hint: reshape "
        "it "
        "to (1) first");
  CHECK(Shape{2, 3}.axis(-2) == 0);
}
