#include "tenon/ops/index_put.hpp"

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/index.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

LongTensor longs(std::initializer_list<std::int64_t> values) {
  auto x = LongTensor::empty({static_cast<Index>(values.size())});
  std::copy(values.begin(), values.end(), x.data());
  return x;
}

}  // namespace

TEST_CASE("index reads at lists of positions", "[ops][index_put]") {
  const Tensor x = random_tensor<float>({4, 3, 5}, 1);
  const LongTensor i = longs({3, -4, 3, 1}), j = longs({0, -1, 2, 0});
  for (const auto& layout : layouts_of(x)) {
    for (const auto& at : layouts_of(i)) {
      const Tensor y = index(layout, {at, j});
      REQUIRE(y.shape() == Shape{4, 5});
      for_each_position(y.shape(), [&](const Shape& p) {
        CHECK(value_at(y, p) == value_at(x, {(i(p[0]) + 4) % 4, (j(p[0]) + 3) % 3, p[1]}));
      });
    }
  }
  // Lists broadcast: an open grid as numpy.ix_ makes it.
  const Tensor grid = index(x, {i.unsqueeze(1), longs({2, 0, 1, 1, 0}), longs({4})});
  REQUIRE(grid.shape() == Shape{4, 5});
  CHECK(grid(2, 3) == x(3, 1, 4));
  CHECK(same_bits(index(x, {i}), take(x, i, 0)));
  CHECK(index(x, {longs({1}).squeeze(), longs({2}).squeeze(), longs({3}).squeeze()}).item() ==
        x(1, 2, 3));
  CHECK(index(x, {LongTensor::empty({0, 2})}).shape() == Shape{0, 2, 3, 5});
  CHECK(equal(index(i, {longs({0, 1})}), longs({3, -4})));
}

TEST_CASE("index_put writes where index reads", "[ops][index_put]") {
  const Tensor x = random_tensor<float>({4, 3, 5}, 1), before = x.clone();
  const LongTensor i = longs({3, -4, 2}), j = longs({0, -1, 2});
  const Tensor values = random_tensor<float>({3, 5}, 2);
  for (const auto& layout : layouts_of(x)) {
    for (const auto& v : layouts_of(values)) {
      const Tensor y = index_put(layout, {i, j}, v);
      CHECK(same_bits(index(y, {i, j}), values));
      for_each_position(y.shape(), [&](const Shape& p) {
        bool is_written = false;
        for (Index k = 0; k < 3; ++k) {
          is_written |= p[0] == (i(k) + 4) % 4 && p[1] == (j(k) + 3) % 3;
        }
        if (!is_written) CHECK(value_at(y, p) == value_at(x, p));
      });
    }
  }
  CHECK(same_bits(x, before));
  // Values broadcast, from one number up.
  CHECK(equal(index_put(zeros({2, 3}), {longs({1})}, tensor(7)), tensor({{0, 0, 0}, {7, 7, 7}})));
  CHECK(equal(index_put(zeros({2, 3}), {longs({0, 1})}, tensor({{1}, {2}})),
              tensor({{1, 1, 1}, {2, 2, 2}})));
}

TEST_CASE("where positions meet the last value stays, or all are added", "[ops][index_put]") {
  const LongTensor at = longs({2, 0, 2, -1});
  const Tensor values = tensor({1, 2, 3, 4});
  CHECK(equal(index_put(ones({3}), {at}, values), tensor({2, 1, 4})));
  CHECK(equal(index_put(ones({3}), {at}, values, true), tensor({3, 1, 9})));
  CHECK(equal(scatter(ones({3}), 0, at, values), tensor({2, 1, 4})));
  CHECK(equal(index_put(zeros<std::int64_t>({3}), {at}, longs({1, 2, 3, 4})), longs({2, 0, 4})));

  Tape tape;
  const auto x = tape.watch(ones({3})), v = tape.watch(values);
  const auto gradients = tape.gradients(sum(index_put(x, {at}, v) * tensor({10, 20, 30})));
  CHECK(equal(gradients[x], tensor({0, 20, 0})));
  CHECK(equal(gradients[v], tensor({0, 10, 0, 30})));
}

TEST_CASE("scatter writes a position for each element", "[ops][index_put]") {
  const DoubleTensor x = random_tensor({3, 4, 2}, 1), source = random_tensor({3, 5, 2}, 3);
  const LongTensor at = random_integers({3, 5, 2}, 2, -4, 4);
  DoubleTensor expected = x.clone();
  for_each_position(at.shape(), [&](const Shape& p) {
    expected(p[0], value_at(at, p), p[2]) = value_at(source, p);
  });
  for (const auto& layout : layouts_of(x)) {
    for (const auto& s : layouts_of(source)) {
      CHECK(same_bits(scatter(layout, -2, transposed_storage(at), s), expected));
    }
  }
}

TEST_CASE("masked_scatter fills the true places in order", "[ops][index_put]") {
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  const BoolTensor mask = tensor<bool>({{1, 0, 1}, {0, 0, 1}});
  const Tensor expected = tensor({{7, 2, 8}, {4, 5, 9}});
  for (const auto& layout : layouts_of(x)) {
    CHECK(equal(masked_scatter(layout, transposed_storage(mask), tensor({7, 8, 9})), expected));
    CHECK(equal(masked_scatter(layout, mask, masked_select(layout, mask)), x));
  }
  CHECK(equal(masked_scatter(x, tensor<bool>({0, 1, 0}), tensor({{7}, {8}})),
              tensor({{1, 7, 3}, {4, 8, 6}})));
  CHECK(equal(masked_scatter(tensor({0, 0}), tensor<bool>({{1, 0}, {0, 1}}), tensor({5, 6})),
              tensor({{5, 0}, {0, 6}})));
}

TEST_CASE("writing nothing, or into nothing, gives x", "[ops][index_put]") {
  const LongTensor none = LongTensor::empty({0});
  CHECK(equal(index_put(ones({2, 3}), {none}, Tensor::empty({0, 3})), ones({2, 3})));
  CHECK(equal(index_put(ones({2, 3}), {none, none}, tensor(5)), ones({2, 3})));
  CHECK(index_put(ones({0, 3}), {none}, tensor(5)).shape() == Shape{0, 3});
  CHECK(index_put(ones({2, 0}), {longs({1, 1})}, tensor(5)).shape() == Shape{2, 0});
  CHECK(equal(scatter(ones({2}), 0, none, Tensor::empty({0})), ones({2})));
  CHECK(equal(masked_scatter(ones({2}), full<bool>({2}, false), Tensor::empty({0})), ones({2})));
  CHECK(masked_scatter(ones({0, 2}), full<bool>({2}, true), Tensor::empty({0})).shape() ==
        Shape{0, 2});
}

TEST_CASE("writing passes gradient checks of first and second order", "[ops][index_put]") {
  const LongTensor i = longs({3, 0, 3, -2}), j = longs({1, 1, 1, 0});  // the first and third meet
  const LongTensor each = random_integers({4, 5}, 2, -3, 3);
  const BoolTensor mask = tensor<bool>({{0, 1, 1}, {1, 1, 0}, {0, 0, 0}, {1, 0, 1}});
  const DoubleTensor x = random_tensor({4, 3}, 1);
  check_gradients_in_all_layouts("index",
                                 [&](auto& in) {
                                   return square(index(in[0], {i, j}));
                                 },
                                 {x});
  for (const bool accumulate : {false, true}) {
    check_gradients_in_all_layouts("index_put",
                                   [&](auto& in) {
                                     return square(index_put(in[0], {i, j}, in[1], accumulate));
                                   },
                                   {x, random_tensor({4}, 2)});
    check_gradients_in_all_layouts(
        "index_put, broadcast",
        [&](auto& in) { return square(index_put(in[0], {i}, in[1], accumulate)); },
        {x, random_tensor({4, 1}, 2)});
  }
  check_gradients_in_all_layouts("scatter",
                                 [&](auto& in) { return square(scatter(in[0], 1, each, in[1])); },
                                 {x, random_tensor({4, 5}, 3)});
  check_gradients_in_all_layouts(
      "masked_scatter", [&](auto& in) { return square(masked_scatter(in[0], mask, in[1])); },
      {x, random_tensor({6}, 3)});
}

TEST_CASE("writing has the same bits for every number of threads", "[ops][index_put]") {
  const LongTensor at = random_integers({4000}, 1, 0, 3000);
  const Tensor x = random_tensor<float>({3000, 70}, 2),
               values = random_tensor<float>({4000, 70}, 3);
  for (const bool accumulate : {false, true}) {
    CHECK(same_bits_for_all_threads([&] { return index_put(x, {at}, values, accumulate); }));
  }
}

TEST_CASE("reading and writing at lists teaches by its errors", "[ops][index_put][errors]") {
  const Tensor x = ones({2, 5});
  const LongTensor i = longs({0, 1});
  CHECK(error_of<IndexError>([&] {
          index(x, {i, longs({4, 5})});
        }) ==
        "[index] index(1) is 5 but axis 1 of shape (2, 5) has the positions 0 to 4, or -5 to -1 "
        "from its end; hint: positions count from 0");
  CHECK(error_of<IndexError>([&] {
          index_put(x, {i, i, i}, tensor(1));
        }) ==
        "[index_put] 3 lists of positions were given for shape (2, 5); hint: one for each of the "
        "first axes, at least one");
  CHECK_THROWS_AS(index_put(x, {}, tensor(1)), IndexError);
  CHECK_THROWS_AS(index(x, {i, longs({0, 1, 2})}), ShapeError);
  CHECK_THROWS_AS(index(x, {LongTensor()}), ValueError);
  CHECK(error_of<ShapeError>([&] {
          index(ones({2, 5, 1, 1, 1, 1, 1}), {zeros<std::int64_t>({1, 1, 1})});
        }) ==
        "[index] positions of shape (1, 1, 1) in x (2, 5, 1, 1, 1, 1, 1) would give more than 8 "
        "axes; hint: flatten() the positions");
  CHECK(error_of<ShapeError>([&] {
          index_put(x, {i}, ones({5, 2}));
        }) ==
        "[index_put] values of shape (5, 2) do not broadcast to (2, 5), which the positions name "
        "in x (2, 5); hint: index(x, positions) has the shape that is wanted");
  CHECK(error_of<ShapeError>([&] {
          scatter(x, 1, zeros<std::int64_t>({2, 1}), ones({2, 2}));
        }) ==
        "[scatter] source has shape (2, 2) and index (2, 1) but they must have one shape; hint: "
        "each element of source goes to the position that index names at its place");
  CHECK_THROWS_AS(scatter(x, 1, zeros<std::int64_t>({1, 1}), ones({1, 1})), ShapeError);
  CHECK_THROWS_AS(scatter(x, 1, full<std::int64_t>({2, 1}, 9), ones({2, 1})), IndexError);
  CHECK(error_of<ShapeError>([&] { masked_scatter(x, full<bool>({5}, true), ones({5})); }) ==
        "[masked_scatter] the mask is true at 10 places but source has 5 elements; hint: one for "
        "each; where(mask, value, x) writes one value at all of them");
}

TEST_CASE("positions may change after the call", "[ops][index_put]") {
  LongTensor at = longs({0, 1});
  Tape tape;
  const auto x = tape.watch(ones({2}));
  const Tensor loss = sum(index(x, {at}) * tensor({3, 5}));
  at.fill_(1);
  CHECK(equal(tape.gradients(loss)[x], tensor({3, 5})));
}
