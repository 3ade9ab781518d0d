#include "tenon/ops/index.hpp"

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("index_select and take read positions of any axis and layout", "[ops][index]") {
  const Tensor x = random_tensor<float>({3, 4, 2}, 1);
  const LongTensor index = tensor<std::int64_t>({3, 0, -1, 3, -4});
  for (const auto& layout : layouts_of(x)) {
    for (const auto& i : layouts_of(index)) {
      const Tensor y = index_select(layout, -2, i);
      REQUIRE(y.shape() == Shape{3, 5, 2});
      for_each_position(y.shape(), [&](const Shape& p) {
        const Index at = (index(p[1]) + 4) % 4;
        CHECK(value_at(y, p) == value_at(x, {p[0], at, p[2]}));
      });
    }
  }
  const LongTensor square_of = tensor<std::int64_t>({{0, 2, 1}, {-1, 0, 0}});
  const Tensor y = take(x, transposed_storage(square_of), 0);
  REQUIRE(y.shape() == Shape{2, 3, 4, 2});
  CHECK(same_bits(y[0][1], x[2]));
  CHECK(same_bits(y[1][0], x[2]));
  CHECK(same_bits(take(x, tensor<std::int64_t>(1), 1), x.select(1, 1)));
  CHECK(equal(take(index, square_of, 0), tensor<std::int64_t>({{3, -1, 0}, {-4, 3, 3}})));
}

TEST_CASE("gather reads a position for each element, scatter_add adds to one", "[ops][index]") {
  const DoubleTensor x = random_tensor({3, 4, 2}, 1);
  const LongTensor index = random_integers({3, 5, 2}, 2, -4, 4);
  const DoubleTensor source = random_tensor({3, 5, 2}, 3);
  DoubleTensor added = x.clone();
  for_each_position(index.shape(), [&](const Shape& p) {
    added(p[0], value_at(index, p), p[2]) += value_at(source, p);
  });
  for (const auto& layout : layouts_of(x)) {
    const DoubleTensor y = gather(layout, 1, transposed_storage(index));
    for_each_position(index.shape(), [&](const Shape& p) {
      CHECK(value_at(y, p) == x(p[0], value_at(index, p), p[2]));
    });
    for (const auto& s : layouts_of(source)) {
      CHECK(same_bits(scatter_add(layout, 1, sliced_storage(index), s), added));
    }
  }
  const LongTensor ids = tensor<std::int64_t>({2, 2, 0});
  CHECK(equal(scatter_add(zeros<std::int64_t>({3}), 0, ids, ones<std::int64_t>({3})),
              tensor<std::int64_t>({1, 0, 2})));
}

TEST_CASE("masked_select keeps the true places, nonzero names them", "[ops][index]") {
  const Tensor x = tensor({{1, 2, 3}, {4, 5, 6}});
  const BoolTensor mask = tensor<bool>({{1, 0, 1}, {0, 0, 1}});
  for (const auto& layout : layouts_of(x)) {
    CHECK(equal(masked_select(layout, transposed_storage(mask)), tensor({1, 3, 6})));
    CHECK(equal(masked_select(layout, tensor<bool>({0, 1, 0})), tensor({2, 5})));
  }
  CHECK(equal(masked_select(tensor({7, 8}), tensor<bool>({{1, 0}, {1, 1}})), tensor({7, 7, 8})));
  CHECK(equal(nonzero(sliced_storage(mask)), tensor<std::int64_t>({{0, 0}, {0, 2}, {1, 2}})));
  CHECK(nonzero(full<bool>({2, 3}, false)).shape() == Shape{0, 2});
  CHECK(nonzero(full<bool>({}, true)).shape() == Shape{1, 0});
}

TEST_CASE("empty tensors and indices give empty results", "[ops][index]") {
  const LongTensor none = LongTensor::empty({0});
  CHECK(index_select(ones({3, 2}), 1, none).shape() == Shape{3, 0});
  CHECK(index_select(ones({3, 0}), 1, none).shape() == Shape{3, 0});
  CHECK(take(ones({3, 2}), LongTensor::empty({2, 0}), 0).shape() == Shape{2, 0, 2});
  CHECK(gather(ones({0, 2}), 1, LongTensor::empty({0, 5})).shape() == Shape{0, 5});
  CHECK(equal(scatter_add(ones({2}), 0, none, Tensor::empty({0})), ones({2})));
  CHECK(masked_select(ones({0, 3}), full<bool>({3}, true)).shape() == Shape{0});
}

TEST_CASE("indexing passes gradient checks of first and second order", "[ops][index]") {
  const LongTensor index = tensor<std::int64_t>({3, 0, 3, -2});
  const LongTensor each = random_integers({3, 5, 2}, 2, -4, 4);
  const BoolTensor mask = tensor<bool>({{0, 1}, {1, 1}, {0, 0}, {1, 0}});
  const DoubleTensor x = random_tensor({3, 4, 2}, 1), source = random_tensor({3, 5, 2}, 3);
  check_gradients_in_all_layouts(
      "index_select", [&](auto& in) { return square(index_select(in[0], 1, index)); }, {x});
  check_gradients_in_all_layouts("take", [&](auto& in) { return square(take(in[0], each, 1)); },
                                 {random_tensor({2, 4}, 4)});
  check_gradients_in_all_layouts("gather", [&](auto& in) { return square(gather(in[0], 1, each)); },
                                 {x});
  check_gradients_in_all_layouts(
      "scatter_add", [&](auto& in) { return square(scatter_add(in[0], 1, each, in[1])); },
      {x, source});
  check_gradients_in_all_layouts("masked_select",
                                 [&](auto& in) { return square(masked_select(in[0], mask)); }, {x});
  check_gradients("gather, third derivative",
                  [&](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto leaf = tape.watch(in[0]);
                    const auto y = gather(leaf, 1, each);
                    return tape.gradients(sum(y * y * y))[leaf];
                  },
                  {x});
}

TEST_CASE("gradients of indexing have the same bits for every number of threads", "[ops][index]") {
  const LongTensor index = random_integers({4000}, 1, 0, 300);
  const Tensor x = random_tensor<float>({20, 300, 70}, 2);
  const Tensor dy = random_tensor<float>({20, 4000, 70}, 3);
  CHECK(same_bits_for_all_threads([&] {
    Tape tape;
    const auto leaf = tape.watch(x);
    return tape.gradients(index_select(leaf, 1, index), dy)[leaf];
  }));
}

TEST_CASE("positions changed after they were used make the gradient an error", "[ops][index]") {
  LongTensor index = tensor<std::int64_t>({0, 1});
  Tape tape;
  const auto x = tape.watch(ones({2, 2}));
  const Tensor loss = sum(index_select(x, 0, index));
  index.fill_(1);
  CHECK_THROWS_AS(tape.gradients(loss), TapeError);
}

TEST_CASE("indexing names the position that does not exist", "[ops][index][errors]") {
  const Tensor x = ones({2, 5});
  CHECK(error_of<IndexError>([&] {
          index_select(x, 1, tensor<std::int64_t>({0, 5}));
        }) ==
        "[index_select] index(1) is 5 but axis 1 of shape (2, 5) has the positions 0 to 4, or -5 "
        "to -1 from its end; hint: positions count from 0");
  CHECK(error_of<IndexError>([&] {
          take(x, tensor<std::int64_t>({{0, 1}, {-3, 0}}), 0);
        }) ==
        "[take] index(1, 0) is -3 but axis 0 of shape (2, 5) has the positions 0 to 1, or -2 to -1 "
        "from its end; hint: is this the right axis?");
  CHECK(error_of<IndexError>([&] {
          take(ones({0, 2}), tensor<std::int64_t>({0}), 0);
        }) ==
        "[take] index(0) is 0 but axis 0 of shape (0, 2) is empty; hint: an empty axis can only be "
        "indexed by an empty index");
  CHECK_THROWS_AS(gather(x, 1, full<std::int64_t>({2, 1}, 9)), IndexError);
  CHECK_THROWS_AS(scatter_add(x, 1, full<std::int64_t>({2, 1}, INT64_MIN), ones({2, 1})),
                  IndexError);
  CHECK_THROWS_AS(take(x, tensor<std::int64_t>({0}), 2), IndexError);
}

TEST_CASE("indexing refuses shapes that do not fit", "[ops][index][errors]") {
  const Tensor x = ones({2, 5});
  CHECK(error_of<ShapeError>([&] {
          index_select(x, 0, zeros<std::int64_t>({1, 1}));
        }) ==
        "[index_select] index must have shape (K) but has (1, 1); hint: take() allows positions of "
        "any shape");
  CHECK(error_of<ShapeError>([&] {
          gather(x, 1, zeros<std::int64_t>({1, 3}));
        }) ==
        "[gather] x has shape (2, 5) and index (1, 3), but they must have the same sizes along all "
        "axes but 1; hint: narrow() x to the index, or expand() the index; index_select() takes "
        "one list of positions for all");
  CHECK(
      error_of<ShapeError>([&] {
        scatter_add(x, 1, zeros<std::int64_t>({2, 3}), ones({2, 2}));
      }) ==
      "[scatter_add] source has shape (2, 2) and index (2, 3) but they must have one shape; hint: "
      "each element of source goes to the position that index names at its place");
  CHECK(error_of<ShapeError>([&] { take(x, zeros<std::int64_t>(Shape::filled(8, 1)), 0); }) ==
        "[take] the result of positions (1, 1, 1, 1, 1, 1, 1, 1) in x (2, 5) would have more than "
        "8 axes; hint: flatten() the positions");
  CHECK_THROWS_AS(gather(x, 0, zeros<std::int64_t>({5})), ShapeError);
  CHECK_THROWS_AS(masked_select(x, full<bool>({3}, true)), ShapeError);
  CHECK_THROWS_AS(take(Tensor(), zeros<std::int64_t>({1}), 0), ValueError);
  CHECK_THROWS_AS(take(x, LongTensor(), 0), ValueError);
  CHECK_THROWS_AS(nonzero(BoolTensor()), ValueError);
}
