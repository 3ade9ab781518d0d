#include "tenon/ops/masked.hpp"

#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/bce_loss.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

const LongTensor lengths = tensor<std::int64_t>({3, 1, 4});

/// Real steps in the middle, as no lengths could say it.
BoolTensor holes() {
  return tensor<bool>({{false, true, false, true}, {true, true, true, true}, {0, 0, 1, 0}});
}

template <class T>
BasicTensor<T> gradient_of_sum(const BasicTensor<T>& x,
                               BasicTensor<T> (*f)(const BasicTensor<T>&, const BoolTensor&),
                               const BoolTensor& mask) {
  Tape tape;
  const auto leaf = tape.watch(x);
  return tape.gradients(sum(f(leaf, mask)))[leaf];
}

}  // namespace

TEST_CASE("sequence_mask is true at the real steps", "[ops][masked]") {
  const BoolTensor expected = tensor<bool>({{1, 1, 1, 0}, {1, 0, 0, 0}, {1, 1, 1, 1}});
  CHECK(equal(sequence_mask(lengths), expected));
  CHECK(equal(sequence_mask(sliced_storage(lengths), 4), expected));
  CHECK(equal(sequence_mask(lengths, 6).narrow(1, 0, 4), expected));
  CHECK(equal(sequence_mask(lengths, 6).narrow(1, 4, 2), full<bool>({3, 2}, false)));
  CHECK(sequence_mask(LongTensor::empty({0})).shape() == Shape{0, 0});
  CHECK(sequence_mask(tensor<std::int64_t>({0, 0})).shape() == Shape{2, 0});
}

TEST_CASE("masked reductions are those of each sequence alone", "[ops][masked]") {
  const Tensor x = random_tensor<float>({3, 4, 2, 3}, 1);
  for (const auto& layout : layouts_of(x)) {
    const Tensor total = masked_sum(layout, lengths), average = masked_mean(layout, lengths),
                 largest = masked_max(layout, lengths);
    for (Index n = 0; n < 3; ++n) {
      const Tensor real = x[n].narrow(0, 0, lengths(n));
      CHECK(same_bits(total[n], sum(real, {0})));
      CHECK(same_bits(average[n], mean(real, {0})));
      CHECK(same_bits(largest[n], max(real, 0).values));
    }
  }
  CHECK(same_bits(masked_mean(x, holes())[0], (x[0][1] + x[0][3]) / 2));
  CHECK(same_bits(masked_max(x, transposed_storage(holes()))[2], x[2][2]));
}

TEST_CASE("what stands behind a sequence never counts", "[ops][masked]") {
  Tensor x = random_tensor<float>({3, 4, 2}, 1), dirty = x.clone();
  const BoolTensor mask = sequence_mask(lengths);
  const Tensor is_real = where(mask.unsqueeze(-1), ones({3, 4, 2}), 0);
  dirty = where(mask.unsqueeze(-1), dirty, std::nan(""));
  CHECK(same_bits(masked_sum(dirty, lengths), masked_sum(x, lengths)));
  CHECK(same_bits(masked_mean(dirty, lengths), masked_mean(x, lengths)));
  CHECK(same_bits(masked_max(dirty, lengths), masked_max(x, lengths)));
  CHECK(same_bits(masked_loss(dirty, lengths), masked_loss(x, lengths)));
  CHECK(same_bits(masked_loss(dirty, lengths, Reduction::none), x * is_real + 0));
  CHECK(same_bits(gradient_of_sum<float>(dirty, masked_sum, mask), is_real));
}

TEST_CASE("masked reductions pass gradient checks of first and second order", "[ops][masked]") {
  const DoubleTensor x = distinct_tensor({3, 4, 2}, 1);
  const BoolTensor mask = holes();
  check_gradients_in_all_layouts("masked_sum",
                                 [&](auto& in) { return masked_sum(square(in[0]), mask); }, {x});
  check_gradients_in_all_layouts(
      "masked_mean", [&](auto& in) { return masked_mean(square(in[0]), lengths); }, {x});
  check_gradients_in_all_layouts("masked_max",
                                 [&](auto& in) { return square(masked_max(in[0], mask)); }, {x});
  for (const Reduction reduction : {Reduction::none, Reduction::sum, Reduction::mean}) {
    check_gradients("masked_loss",
                    [&](auto& in) { return masked_loss(square(in[0]), mask, reduction); }, {x});
  }
}

TEST_CASE("masked reductions have a third derivative", "[ops][masked]") {
  check_gradients("masked_mean, third derivative",
                  [](const std::vector<DoubleTensor>& in) {
                    Tape tape;
                    const auto x = tape.watch(in[0]);
                    const auto y = masked_mean(x * x * x, lengths);
                    return tape.gradients(sum(y * y))[x];
                  },
                  {random_tensor({3, 4, 2}, 1)});
}

TEST_CASE("an empty sequence has the mean 0 and no gradient", "[ops][masked]") {
  const LongTensor some = tensor<std::int64_t>({0, 2});
  const Tensor x = random_tensor<float>({2, 3, 2}, 1);
  CHECK(equal(masked_mean(x, some)[0], zeros({2})));
  Tape tape;
  const auto leaf = tape.watch(x);
  const Tensor dx = tape.gradients(sum(masked_mean(leaf, some)))[leaf];
  CHECK(equal(dx[0], zeros({3, 2})));
  CHECK(masked_mean(ones({2, 0, 3}), tensor<std::int64_t>({0, 0})).shape() == Shape{2, 3});
  CHECK(masked_sum(ones({0, 4, 3}), LongTensor::empty({0})).shape() == Shape{0, 3});
}

TEST_CASE("the first of equal steps gets the gradient of masked_max", "[ops][masked]") {
  const Tensor x = tensor({{9, 2, 2, 1}});
  const BoolTensor mask = tensor<bool>({{0, 1, 1, 1}});
  CHECK(equal(gradient_of_sum<float>(x, masked_max, mask), tensor({{0, 1, 0, 0}})));
}

TEST_CASE("masked_loss is the loss of the real steps alone", "[ops][masked]") {
  const Tensor logits = random_tensor<float>({3, 5, 4}, 1);  // (N, C, L)
  const LongTensor labels = random_integers({3, 4}, 2, 0, 5);
  const CrossEntropyOptions one_by_one{.reduction = Reduction::none};
  std::vector<Tensor> real_logits;
  std::vector<LongTensor> real_labels;
  for (Index n = 0; n < 3; ++n) {
    for (Index l = 0; l < lengths(n); ++l) {
      real_logits.push_back(logits[n].select(1, l));
      real_labels.push_back(labels[n][l]);
    }
  }
  const Tensor expected = cross_entropy(stack(real_logits), stack(real_labels));
  const Tensor loss = masked_loss(cross_entropy(logits, labels, one_by_one), lengths);
  CHECK(loss.item() == Approx(expected.item()).epsilon(1e-6));

  const Tensor target = random_tensor<float>({3, 4}, 3, 0, 1), x = random_tensor<float>({3, 4}, 4);
  const Tensor losses = binary_cross_entropy_with_logits(x, target, Reduction::none);
  CHECK(masked_loss(losses, lengths, Reduction::sum).item() ==
        Approx(8 * masked_loss(losses, lengths).item()).epsilon(1e-6));
  CHECK(std::isnan(masked_loss(losses, tensor<std::int64_t>({0, 0, 0})).item()));
  CHECK(masked_loss(losses, tensor<std::int64_t>({0, 0, 0}), Reduction::sum).item() == 0);
}

TEST_CASE("masked reductions have the same bits for every number of threads", "[ops][masked]") {
  const Tensor x = random_tensor<float>({20, 90, 33}, 1);
  const LongTensor random_lengths = random_integers({20}, 2, 1, 91);
  const BoolTensor mask = sequence_mask(random_lengths, 90);
  CHECK(same_bits_for_all_threads([&] { return masked_mean(x, mask); }));
  CHECK(same_bits_for_all_threads([&] { return masked_max(x, mask); }));
  CHECK(same_bits_for_all_threads([&] { return gradient_of_sum<float>(x, masked_mean, mask); }));
}

TEST_CASE("a mask or lengths that do not fit are refused", "[ops][masked][errors]") {
  const Tensor x = ones({3, 4, 2});
  CHECK(error_of<ShapeError>([&] {
          masked_mean(x, tensor<bool>({true, false}));
        }) ==
        "[masked_mean] sequences (N=3, L=4, 2) want a mask of shape (3, 4) but it has (2); hint: "
        "sequence_mask(lengths, L) makes one");
  CHECK(
      error_of<ShapeError>([&] {
        masked_max(x, tensor<std::int64_t>({1, 2}));
      }) ==
      "[masked_max] sequences (N=3, L=4, 2) want lengths of shape (3) but they have (2); hint: one "
      "length for each sequence");
  CHECK(error_of<ValueError>([&] {
          masked_sum(x, tensor<std::int64_t>({1, 2, 5}));
        }) ==
        "[sequence_mask] lengths(2) is 5 but must be in [0, L=4]; hint: a length counts the steps "
        "of its sequence before padding");
  CHECK_THROWS_AS(masked_sum(x, tensor<std::int64_t>({1, -1, 4})), ValueError);
  CHECK_THROWS_AS(sequence_mask(lengths, -1), ValueError);
  CHECK(error_of<ShapeError>([&] {
          sequence_mask(zeros<std::int64_t>({2, 2}));
        }) ==
        "[sequence_mask] lengths must have shape (N) but have (2, 2); hint: one length for each "
        "sequence");
  CHECK(
      error_of<ShapeError>([&] { masked_loss(ones({3}), lengths); }) ==
      "[masked_loss] losses must have shape (N, L, ...), L steps in each of N sequences, not (3); "
      "hint: unsqueeze(0) makes a batch of one sequence");
  CHECK(error_of<ValueError>([&] {
          masked_max(x, tensor<std::int64_t>({1, 0, 4}));
        }) ==
        "[masked_max] sequence 1 of x (N=3, L=4, 2) has no real step, and there is no largest of "
        "no elements; hint: leave empty sequences out of the batch");
  CHECK_THROWS_AS(masked_sum(Tensor(), lengths), ValueError);
  CHECK_THROWS_AS(masked_sum(x, BoolTensor()), ValueError);
  CHECK_THROWS_AS(masked_sum(x, LongTensor()), ValueError);
}
