#include "tenon/ops/ctc_loss.hpp"

#include "allocation_counter.hpp"
#include "ops_support.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/softmax.hpp"

using namespace tenon;
using namespace tenon::test;

namespace {

LongTensor longs(std::initializer_list<detail::Nested<std::int64_t>> values) {
  return tensor<std::int64_t>(values);
}

const LongTensor targets = longs({{1, 1, 3}, {2, 3, 0}, {4, 0, 0}});
const LongTensor steps = longs({7, 5, 6}), lengths = longs({3, 2, 0});

}  // namespace

TEST_CASE("ctc_loss passes the gradient check as it is, and behind a softmax", "[ops][ctc_loss]") {
  const auto x = random_tensor({7, 3, 5}, 1);
  for (Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    check_first_gradients("ctc_loss",
                          [&](auto& in) {
                            return ctc_loss(in[0], targets, steps, lengths,
                                            {.reduction = reduction});
                          },
                          {x});
    check_first_gradients("ctc_loss",
                          [&](auto& in) {
                            return ctc_loss(log_softmax(in[0], 2), targets, steps, lengths,
                                            {.blank = 0, .reduction = reduction});
                          },
                          {x});
  }
}

TEST_CASE("ctc_loss says that it has no second derivative", "[ops][ctc_loss]") {
  Tape outer;
  const auto x = outer.watch(random_tensor({7, 3, 5}, 1));
  Tape inner;
  const auto dx = inner.gradients(ctc_loss(x, targets, steps, lengths))[x];
  CHECK(error_of<TapeError>([&] { outer.gradients(sum(dx * dx)); }).find("second derivative") !=
        std::string::npos);
}

TEST_CASE("ctc_loss of a batch is that of its samples alone", "[ops][ctc_loss]") {
  const auto x = random_tensor<float>({7, 3, 5}, 2);
  const auto losses = ctc_loss(x, targets, steps, lengths, {.reduction = Reduction::none});
  for (Index n = 0; n < 3; ++n) {
    const auto alone = ctc_loss(
        x.narrow(0, 0, steps(n)).narrow(1, n, 1), targets.narrow(0, n, 1).narrow(1, 0, lengths(n)),
        steps.narrow(0, n, 1), lengths.narrow(0, n, 1), {.reduction = Reduction::none});
    CHECK(alone(0) == losses(n));
  }
  const auto joined = longs({1, 1, 3, 2, 3});
  CHECK(same_bits(ctc_loss(x, joined, steps, lengths, {.reduction = Reduction::none}), losses));
  for (const auto& layout : layouts_of(x)) {
    CHECK(same_bits(ctc_loss(layout, transposed_storage(targets), sliced_storage(steps),
                             sliced_storage(lengths), {.reduction = Reduction::none}),
                    losses));
  }
}

TEST_CASE("ctc_loss never reads what lies behind a sample's steps and labels", "[ops][ctc_loss]") {
  auto x = random_tensor<float>({7, 3, 5}, 2);
  const auto clean = ctc_loss(x, targets, steps, lengths);
  x.narrow(0, 5, 2).select(1, 1).fill_(std::nanf(""));
  auto dirty = targets.clone();
  dirty(1, 2) = 99;
  dirty(2, 0) = -7;
  Tape tape;
  const auto leaf = tape.watch(x);
  const auto loss = ctc_loss(leaf, dirty, steps, lengths);
  CHECK(loss.item() == clean.item());
  const auto dx = tape.gradients(loss)[leaf];
  CHECK(equal(dx.narrow(0, 5, 2).select(1, 1), zeros({2, 5})));
}

TEST_CASE("ctc_loss of a target without a path is infinite, or 0 where asked", "[ops][ctc_loss]") {
  const auto x = random_tensor<float>({3, 2, 4}, 3);
  const auto t = longs({{1, 1, 1}, {1, 2, 3}});
  const auto l = longs({3, 3}), s = longs({3, 3});
  for (bool zero : {false, true}) {
    Tape tape;
    const auto leaf = tape.watch(x);
    const auto losses =
        ctc_loss(leaf, t, s, l, {.reduction = Reduction::none, .zero_infinity = zero});
    CHECK(losses(0) == (zero ? 0 : std::numeric_limits<float>::infinity()));
    CHECK(std::isfinite(losses(1)));
    const auto dx = tape.gradients(sum(losses))[leaf];
    for (Index i = 0; i < 3; ++i) {
      for (Index c = 0; c < 4; ++c) {
        CHECK((zero ? dx(i, 0, c) == 0 : std::isnan(dx(i, 0, c))));
        CHECK(std::isfinite(dx(i, 1, c)));
      }
    }
  }
}

TEST_CASE("ctc_loss of no steps, no labels and no samples", "[ops][ctc_loss]") {
  const auto x = random_tensor<float>({3, 2, 4}, 3);
  const auto none =
      ctc_loss(x, longs({{1}, {1}}), longs({0, 0}), longs({0, 1}), {.reduction = Reduction::none});
  CHECK(none(0) == 0);
  CHECK(none(1) == std::numeric_limits<float>::infinity());
  const auto empty = LongTensor::empty({0});
  CHECK(ctc_loss(zeros({3, 0, 4}), LongTensor::empty({0, 2}), empty, empty,
                 {.reduction = Reduction::sum})
            .item() == 0);
  CHECK(std::isnan(ctc_loss(zeros({3, 0, 4}), LongTensor::empty({0, 2}), empty, empty).item()));
}

TEST_CASE("ctc_loss stays right where probabilities underflow", "[ops][ctc_loss]") {
  // 2,000 steps of probability e^-20 a step and symbol: e^-40000 in all.
  const auto x = full({2000, 1, 3}, -20);
  const auto loss = ctc_loss(x, longs({{1, 2}}), longs({2000}), longs({2}));
  CHECK(std::isfinite(loss.item()));
  CHECK(loss.item() > 19900);
  Tape tape;
  const auto leaf = tape.watch(x);
  const auto dx = tape.gradients(ctc_loss(leaf, longs({{1, 2}}), longs({2000}), longs({2}),
                                          {.reduction = Reduction::sum}))[leaf];
  // Each step has one symbol.
  CHECK(max_error(sum(dx, {2}), full({2000, 1}, -1)) < 1e-6);
}

TEST_CASE("ctc_loss has the same bits at any number of threads and allocates nothing warm",
          "[ops][ctc_loss]") {
  const auto x = random_tensor<float>({40, 9, 6}, 4);
  const auto t = random_integers({9, 7}, 5, 1, 6);
  const auto s = full<std::int64_t>({9}, 40), l = full<std::int64_t>({9}, 7);
  const auto run = [&] {
    Tape tape;
    const auto leaf = tape.watch(x);
    return tape.gradients(ctc_loss(leaf, t, s, l))[leaf];
  };
  CHECK(same_bits_for_all_threads(run));
  if (!can_count_allocations()) return;
  for (int i = 0; i < 3; ++i) run();
  AllocationCounter counter;
  run();
  CHECK(counter.count() == 0);
}

TEST_CASE("ctc_loss explains what does not fit", "[ops][ctc_loss]") {
  const auto x = zeros({7, 3, 5});
  const auto error = [&](const Tensor& p, const LongTensor& t, const LongTensor& s,
                         const LongTensor& l, const CTCLossOptions& options = {}) {
    return error_of([&] { ctc_loss(p, t, s, l, options); });
  };
  CHECK(error(zeros({7, 5}), targets, steps, lengths) ==
        "[ctc_loss] log_probabilities must have shape (T, N, C) but have (7, 5); hint: "
        "unsqueeze(1) makes a batch of one; transpose(0, 1) puts steps first");
  CHECK(error(x, targets, steps, lengths, {.blank = 5}) ==
        "[ctc_loss] blank must be in [0, C=5) but is 5; hint: 0 is usual");
  CHECK(error(x, longs({{1, 2}}), steps, lengths) ==
        "[ctc_loss] log_probabilities (T=7, N=3, C=5) want targets of shape (N, S), or of one "
        "axis, but they have (1, 2); hint: data::pad_sequences makes (N, S)");
  CHECK(error(x, targets, longs({7, 7}), lengths) ==
        "[ctc_loss] input_lengths must have shape (N=3) but has (2); hint: one length for each "
        "sample");
  CHECK(error(x, targets, longs({7, 8, 7}), lengths) ==
        "[ctc_loss] input_lengths(1) is 8 but must be in [0, T=7]; hint: lengths count steps and "
        "labels before padding");
  CHECK(error(x, targets, steps, longs({3, 2, -1})) ==
        "[ctc_loss] target_lengths(2) is -1 but must be in [0, S=3]; hint: lengths count steps and "
        "labels before padding");
  CHECK(error(x, longs({1, 2, 3, 4}), steps, lengths) ==
        "[ctc_loss] target_lengths add up to 5 but targets hold 4 labels; hint: without padding, "
        "targets stand one behind the other");
  CHECK(error(x, longs({{1, 0, 3}, {2, 3, 0}, {4, 0, 0}}), steps, lengths) ==
        "[ctc_loss] targets(0, 1) is 0 but must be in [0, C=5) and not the blank (0); hint: shift "
        "the labels by 1 to make room for blank 0");
  CHECK(error(x, longs({{1, 2, 3}, {2, 5, 0}, {4, 0, 0}}), steps, lengths)
            .find("targets(1, 1) is 5") != std::string::npos);
}
