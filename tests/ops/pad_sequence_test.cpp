#include "tenon/ops/pad_sequence.hpp"

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

TEST_CASE("pad_sequence puts sequences side by side and pads behind", "[ops][pad_sequence]") {
  const Tensor a = tensor({1, 2, 3}), b = tensor({4}), none = Tensor::empty({0});
  CHECK(equal(pad_sequence({a, b, none}), tensor({{1, 2, 3}, {4, 0, 0}, {0, 0, 0}})));
  CHECK(equal(pad_sequence({b, sliced_storage(a)}, -1.5), tensor({{4, -1.5, -1.5}, {1, 2, 3}})));
  CHECK(pad_sequence({ones({2, 3, 4}), ones({5, 3, 4})}).shape() == Shape{2, 5, 3, 4});
  const std::vector<LongTensor> ids{tensor<std::int64_t>({7}), tensor<std::int64_t>({8, 9})};
  CHECK(equal(pad_sequence(ids), tensor<std::int64_t>({{7, 0}, {8, 9}})));
  CHECK(equal(sequence_lengths(ids), tensor<std::int64_t>({1, 2})));
  CHECK(equal(sequence_lengths({a, none}), tensor<std::int64_t>({3, 0})));
  CHECK(pad_sequence({none}).shape() == Shape{1, 0});
}

TEST_CASE("pad_sequence passes gradient checks of first and second order", "[ops][pad_sequence]") {
  check_gradients_in_all_layouts(
      "pad_sequence",
      [](auto& in) {
        return square(pad_sequence({square(in[0]), in[1], in[2]}, 3));
      },
      {random_tensor({3, 2}, 1), random_tensor({1, 2}, 2), random_tensor({4, 2}, 3)});
  const auto x = random_tensor({2, 2}, 4);
  check_gradients("pad_sequence",
                  [](auto& in) {
                    return square(pad_sequence({in[0], in[0]}));
                  },
                  {x});
}

TEST_CASE("pad_sequence refuses what cannot stand side by side", "[ops][pad_sequence][errors]") {
  CHECK(error_of<ShapeError>([] {
          pad_sequence({ones({2, 3}), ones({2, 4})});
        }) ==
        "[pad_sequence] sequence 1 has shape (2, 4) but sequence 0 has shape (2, 3); hint: steps "
        "are the first axis, and all other sizes must be equal");
  CHECK_THROWS_AS(pad_sequence({ones({2, 3}), ones({2})}), ShapeError);
  CHECK_THROWS_AS(pad_sequence({ones({}), ones({})}), ShapeError);
  CHECK(error_of<ValueError>([] { pad_sequence(std::vector<Tensor>()); }) ==
        "[pad_sequence] there is nothing to pad; hint: give at least one sequence");
  CHECK_THROWS_AS(pad_sequence({ones({2}), Tensor()}), ValueError);
  CHECK_THROWS_AS(sequence_lengths(std::vector<Tensor>()), ValueError);
}
