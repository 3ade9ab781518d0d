#include "tenon/ops/rearrange.hpp"

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("split and chunk cut views that cat joins again", "[ops][rearrange]") {
  const Tensor x = random_tensor<float>({3, 7}, 1);
  for (const auto& layout : layouts_of(x)) {
    const auto parts = split(layout, 3, 1);
    REQUIRE(parts.size() == 3);
    CHECK(parts[2].shape() == Shape{3, 1});
    CHECK(parts[0].shares_storage(layout));
    CHECK(same_bits(cat(parts, 1), x));
    CHECK(same_bits(cat(split(layout, {0, 5, 2}, -1), -1), x));
    const auto chunks = chunk(layout, 4, 1);  // of 2, as PyTorch's
    REQUIRE(chunks.size() == 4);
    CHECK(chunks[3].shape() == Shape{3, 1});
    CHECK(same_bits(cat(chunks, 1), x));
  }
  CHECK(chunk(ones({6}), 4).size() == 3);
  CHECK(split(ones({0, 2}), 3).size() == 1);
  CHECK(chunk(ones({0, 2}), 3).size() == 1);
}

TEST_CASE("tile, repeat and repeat_interleave are NumPy's and PyTorch's", "[ops][rearrange]") {
  const Tensor x = tensor({{1, 2}, {3, 4}});
  for (const auto& layout : layouts_of(x)) {
    CHECK(equal(tile(layout, {2}), tensor({{1, 2, 1, 2}, {3, 4, 3, 4}})));
    CHECK(equal(repeat(layout, {2, 1}), tensor({{1, 2}, {3, 4}, {1, 2}, {3, 4}})));
    CHECK(repeat(layout, {3, 1, 2}).shape() == Shape{3, 2, 4});
    CHECK(equal(repeat(layout, {3, 1, 2})[2], tile(x, {2})));
    CHECK(equal(repeat_interleave(layout, 2, -1), tensor({{1, 1, 2, 2}, {3, 3, 4, 4}})));
  }
  CHECK(tile(x, {0}).shape() == Shape{2, 0});
  CHECK(equal(tile(x, {}), x));
  CHECK(equal(tile(tensor<std::int64_t>(5), {3}), tensor<std::int64_t>({5, 5, 5})));
}

TEST_CASE("flip and roll move positions", "[ops][rearrange]") {
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  for (const auto& layout : layouts_of(x)) {
    CHECK(equal(flip(layout, 1), tensor({{3, 2, 1}, {6, 5, 4}})));
    CHECK(equal(flip(layout, {0, -1}), tensor({{6, 5, 4}, {3, 2, 1}})));
    CHECK(equal(roll(layout, 1, 1), tensor({{3, 1, 2}, {6, 4, 5}})));
    CHECK(equal(roll(layout, -4, -1), roll(x, 2, 1)));
    CHECK(equal(roll(layout, 6, 1), x));
  }
  CHECK(roll(ones({0, 2}), 3, 0).shape() == Shape{0, 2});
  CHECK(flip(ones({2, 0}), {0, 1}).shape() == Shape{2, 0});
}

TEST_CASE("outer, meshgrid, tril and triu", "[ops][rearrange]") {
  CHECK(equal(outer(tensor({1, 2}), tensor({3, 4, 5})), tensor({{3, 4, 5}, {6, 8, 10}})));
  const auto grid = meshgrid({tensor({1, 2}), tensor({3, 4, 5})});
  CHECK(equal(grid[0], tensor({{1, 1, 1}, {2, 2, 2}})));
  CHECK(equal(grid[1], tensor({{3, 4, 5}, {3, 4, 5}})));
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  CHECK(equal(tril(x), tensor({{1, 0, 0}, {4, 5, 0}})));
  CHECK(equal(tril(transposed_storage(x), 1), tensor({{1, 2, 0}, {4, 5, 6}})));
  CHECK(equal(triu(x), tensor({{1, 2, 3}, {0, 5, 6}})));
  CHECK(equal(triu(x, -1), x));
  CHECK(equal(triu(full({2, 2}, std::nanf("")), 2), zeros({2, 2})));
  CHECK(tril(ones({2, 0, 3})).shape() == Shape{2, 0, 3});
}

TEST_CASE("rearrangements pass gradient checks of first and second order", "[ops][rearrange]") {
  const DoubleTensor x = random_tensor({3, 4}, 1);
  const auto check = [&](const char* op, const auto& f) {
    check_gradients_in_all_layouts(op, [&](auto& in) { return square(f(in[0])); }, {x});
  };
  check("split", [](const auto& v) { return split(v, 3, 1)[1]; });
  check("tile", [](const auto& v) { return tile(v, {2, 1, 3}); });
  check("repeat_interleave", [](const auto& v) { return repeat_interleave(v, 3, 0); });
  check("flip", [](const auto& v) { return flip(v, {0, 1}); });
  check("roll", [](const auto& v) { return roll(v, 3, 1); });
  check("tril", [](const auto& v) { return tril(v, -1); });
  check("triu", [](const auto& v) { return triu(v, 1); });
  check_gradients_in_all_layouts("outer", [](auto& in) { return outer(in[0], in[1]); },
                                 {random_tensor({3}, 2), random_tensor({2}, 3)});
  check_gradients_in_all_layouts("meshgrid",
                                 [](auto& in) {
                                   const auto grid = meshgrid({in[0], in[1]});
                                   return grid[0] * square(grid[1]);
                                 },
                                 {random_tensor({3}, 2), random_tensor({2}, 3)});
}

TEST_CASE("rearrangements say what cannot be", "[ops][rearrange][errors]") {
  const Tensor x = ones({2, 5});
  CHECK(error_of<ValueError>([&] { split(x, 0); }) ==
        "[split] parts must have at least 1 position but the size is 0; hint: chunk(x, n) makes n "
        "parts");
  CHECK(error_of<ValueError>([&] {
          split(x, {2, 2}, 1);
        }) ==
        "[split] the sizes add up to 4 but axis 1 of shape (2, 5) has 5 positions; hint: name the "
        "size of every part");
  CHECK(error_of<ValueError>([&] {
          split(x, {-1, 6}, 1);
        }) == "[split] size 0 is -1; hint: sizes are at least 0");
  CHECK(error_of<ValueError>([&] { chunk(x, 0); }) ==
        "[chunk] there must be at least 1 part but 0 were asked for; hint: split(x, size) cuts "
        "parts of a size");
  CHECK(error_of<ValueError>([&] { tile(x, {-1}); }) ==
        "[tile] a tensor cannot be repeated -1 times; hint: counts are at least 0");
  CHECK(error_of<ShapeError>([&] { repeat(x, {2}); }) ==
        "[repeat] x has shape (2, 5) but there are only the counts (2); hint: a count for each "
        "axis; tile() fills up with 1");
  CHECK(error_of<ValueError>([&] {
          flip(x, {0, -2});
        }) ==
        "[flip] axis 0 appears twice in the axes (0, -2) of shape (2, 5); hint: name every axis "
        "once");
  CHECK(error_of<ShapeError>([&] { outer(x, ones({2})); }) ==
        "[outer] a and b must have one axis each but have shapes (2, 5) and (2); hint: flatten() "
        "them; einsum() says other products");
  CHECK(error_of<ShapeError>([&] {
          meshgrid({ones({2}), x});
        }) == "[meshgrid] part 1 must have one axis but has shape (2, 5); hint: flatten() it");
  CHECK(error_of<ValueError>([&] { meshgrid<float>({}); }) ==
        "[meshgrid] a grid has 1 to 8 axes but 0 were given; hint: give a tensor for each axis");
  CHECK(error_of<ShapeError>([&] { tril(ones({2})); }) ==
        "[tril] x must have shape (..., M, N) but has (2); hint: unsqueeze() makes a matrix of a "
        "vector");
  CHECK_THROWS_AS(roll(x, 1, 2), IndexError);
  CHECK_THROWS_AS(repeat_interleave(x, -1, 0), ValueError);
  CHECK_THROWS_AS(triu(Tensor()), ValueError);
  CHECK_THROWS_AS(split(Tensor(), 1), ValueError);
}
