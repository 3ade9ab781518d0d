#include <array>

#include "tensor_support.hpp"

using namespace tenon_test;

TEST_CASE("index mixes positions and slices as NumPy does", "[tensor][indexing]") {
  const LongTensor x = counting({4, 3, 5});
  const LongTensor y = x.index({Slice{1, -1}, 0, Slice{.step = 2}});
  REQUIRE(y.shape() == Shape{2, 3});
  for (Index i = 0; i < 2; ++i) {
    for (Index k = 0; k < 3; ++k) CHECK(y(i, k) == x(i + 1, 0, 2 * k));
  }
  CHECK(x.index({}).shape() == x.shape());
  CHECK(x.index({-1, -1, -1}).item() == 59);
  CHECK(x.index({all, 1}).shape() == Shape{4, 5});
  CHECK(x.index({all, all, Slice{4}}).shape() == Shape{4, 3, 1});
  CHECK(x.index({Slice{2, 2}}).shape() == Shape{0, 3, 5});
  CHECK(x.index({std::size_t{2}}).shape() == Shape{3, 5});
}

TEST_CASE("index takes ellipsis and newaxis as NumPy does", "[tensor][indexing]") {
  const LongTensor x = counting({4, 3, 5});
  CHECK(x.index({ellipsis}).shape() == x.shape());
  CHECK(x.index({ellipsis, 2}).shape() == Shape{4, 3});
  CHECK(x.index({ellipsis, 2})(3, 1) == x(3, 1, 2));
  CHECK(x.index({1, ellipsis, Slice{2}})(2, 0) == x(1, 2, 2));
  CHECK(x.index({0, 1, ellipsis, 2}).item() == x(0, 1, 2));  // the ellipsis stands for no axis
  CHECK(x.index({newaxis}).shape() == Shape{1, 4, 3, 5});
  CHECK(x.index({all, newaxis, 1}).shape() == Shape{4, 1, 5});
  CHECK(x.index({ellipsis, newaxis}).shape() == Shape{4, 3, 5, 1});
  CHECK(x.index({newaxis, 3, newaxis, ellipsis, newaxis, -1, newaxis}).shape() ==
        Shape{1, 1, 3, 1, 1});
  CHECK(x.index({newaxis, 3, newaxis, ellipsis, newaxis, -1, newaxis})(0, 0, 2, 0, 0) ==
        x(3, 2, 4));
  CHECK(tensor(7).index({ellipsis, newaxis, newaxis}).shape() == Shape{1, 1});
  CHECK(x.index({newaxis}).is_contiguous());
  CHECK(x.index({ellipsis, newaxis, 0}).shares_storage(x));
  // Positions may drop as many axes as new ones come in.
  const LongTensor deep = counting({1, 1, 1, 1, 1, 1, 1, 2});
  CHECK(deep.index({newaxis, newaxis, 0, 0, ellipsis}).rank() == max_rank);
}

TEST_CASE("what is assigned through an index lands in the tensor", "[tensor][indexing]") {
  LongTensor x = counting({2, 3});
  x.index({ellipsis, 1}).fill_(9);
  x.index({newaxis, 1, Slice{1}}).copy_(tensor<std::int64_t>({7, 8}));
  CHECK(values_of(x) == std::vector<std::int64_t>{0, 9, 2, 3, 7, 8});
}

TEST_CASE("index agrees with one slice or select after another", "[tensor][indexing]") {
  Random random(2);
  for (int round = 0; round < 500; ++round) {
    const LongTensor x = counting({random.pick(1, 4), random.pick(1, 4), random.pick(1, 4)});
    const auto slice = [&] {
      return Slice{random.pick(-5, 5), random.pick(-5, 5), random.pick(1, 3)};
    };
    const Slice a = slice();
    const Slice b = slice();
    const Index position = random.pick(-x.size(1), x.size(1) - 1);
    const LongTensor expected = x.slice(0, a).slice(2, b).select(1, position);
    const LongTensor y = x.index({a, position, b});
    REQUIRE(y.shape() == expected.shape());
    REQUIRE(values_of(y) == values_of(expected));
  }
}

TEST_CASE("Slices are clipped and count from the end", "[tensor][indexing]") {
  const LongTensor x = counting({10});
  CHECK(values_of(x.slice(0, {-3})) == std::vector<std::int64_t>{7, 8, 9});
  CHECK(values_of(x.slice(0, {0, -8})) == std::vector<std::int64_t>{0, 1});
  CHECK(values_of(x.slice(0, {8, 100})) == std::vector<std::int64_t>{8, 9});
  CHECK(x.slice(0, {100}).numel() == 0);
  CHECK(x.slice(0, {-100, -50}).numel() == 0);
  CHECK(values_of(x.slice(0, {2, 9, 3})) == std::vector<std::int64_t>{2, 5, 8});
  CHECK(values_of(x.slice(0, {3, Slice::end, Slice::end})) == std::vector<std::int64_t>{3});
  const Index lowest = std::numeric_limits<Index>::min();
  CHECK(x.slice(0, {lowest, lowest}).numel() == 0);
  CHECK(x.slice(0, {lowest}).numel() == 10);
  CHECK(counting({0}).slice(0, {-1, 1}).numel() == 0);
}

TEST_CASE("Slices of a slice keep their steps", "[tensor][indexing]") {
  const LongTensor x = counting({4, 20}).slice(1, {1, 20, 3});
  CHECK(x.strides() == Shape{20, 3});
  CHECK(values_of(x.select(0, 1).slice(0, {1, Slice::end, 2})) ==
        std::vector<std::int64_t>{24, 30, 36});
}

TEST_CASE("Indexing says what is outside", "[tensor][indexing][error]") {
  const Tensor x = empty({2, 3});
  CHECK(message<IndexError>([&] { x.select(1, 5); }) ==
        "[select] position 5 is outside axis 1 of shape (2, 3); hint: positions run from 0 to 2, "
        "or from -1 (the last) to -3");
  CHECK(message<IndexError>([&] { x[-3]; }) ==
        "[select] position -3 is outside axis 0 of shape (2, 3); hint: positions run from 0 to 1, "
        "or from -1 (the last) to -2");
  CHECK(message<IndexError>([&] {
          empty({0, 3})[0];
        }) == "[select] position 0 is outside axis 0 of shape (0, 3); hint: that axis is empty");
  CHECK(message<IndexError>([&] {
          x.index({0, 3});
        }) ==
        "[index] position 3 is outside axis 1 of shape (2, 3); hint: positions run from 0 to 2, "
        "or from -1 (the last) to -3");
  CHECK(message<IndexError>([&] {
          x.index({0, 0, all});
        }) ==
        "[index] 3 axes were indexed in shape (2, 3); hint: at most one entry an axis, besides "
        "ellipsis and newaxis");
  CHECK(message<IndexError>([&] {
          x.index({ellipsis, 0, ellipsis});
        }) ==
        "[index] ellipsis was given 2 times for shape (2, 3); hint: with two of them it is not "
        "known which axes each one means; write all for single axes");
  CHECK(message<IndexError>([&] {
          x.index({newaxis, ellipsis, 3});
        }) ==
        "[index] position 3 is outside axis 1 of shape (2, 3); hint: positions run from 0 to 2, "
        "or from -1 (the last) to -3");
  CHECK(message<ShapeError>([&] {
          x.index({newaxis, newaxis, newaxis, newaxis, newaxis, newaxis, newaxis, newaxis, 0});
        }) ==
        "[index] the result of shape (2, 3) would have 9 axes, more than 8; hint: fewer entries "
        "newaxis");
  CHECK(message<IndexError>([&] { x.narrow(1, 2, 5); }) ==
        "[narrow] start 2 and length 5 reach outside axis 1 of shape (2, 3); hint: start + length "
        "can be at most 3; slice() clips to the axis");
  CHECK_THROWS_AS(x.narrow(0, 0, -1), IndexError);
  CHECK_THROWS_AS(x.narrow(0, -3, 1), IndexError);
  CHECK_THROWS_AS(x.narrow(0, 1, std::numeric_limits<Index>::max()), IndexError);
  CHECK_THROWS_AS(x.select(2, 0), IndexError);
  CHECK_THROWS_AS(tensor(1)[0], IndexError);
}

TEST_CASE("A slice's step must be at least 1", "[tensor][indexing][error]") {
  const Tensor x = empty({4});
  CHECK(message<ValueError>([&] {
          x.slice(0, {0, 4, -1});
        }) ==
        "[slice] the step of a slice must be at least 1 but -1 was given; hint: slices only walk "
        "forward");
  CHECK(message<ValueError>([&] { x.index({Slice{.step = 0}}); }) ==
        "[index] the step of a slice must be at least 1 but 0 was given; hint: slices only walk "
        "forward");
}
