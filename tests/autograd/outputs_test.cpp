// Operations with several outputs that share one rule.

#include "ops_support.hpp"
#include "tenon/autograd/record.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::Contains;

namespace {

/// a = 2 x, b = 3 x, c = 5 x by one rule, which notes what it was given.
struct Multiples {
  DoubleTensor a, b, c;
};
struct Seen {
  int runs = 0;
  bool a = false, b = false, c = false;
};

Multiples multiples(const DoubleTensor& x, Seen& seen) {
  Multiples y;
  {
    const NoTape values_only;
    y = {x * 2.0, x * 3.0, x * 5.0};
  }
  if (detail::Recording recording{"multiples", x}) {
    const DoubleTensor* const ys[] = {&y.a, &y.b, &y.c};
    recording.rule(ys, 3, [&seen](detail::Sweep<double>& sweep) {
      const DoubleTensor da = sweep.dy(0), db = sweep.dy(1), dc = sweep.dy(2);
      ++seen.runs;
      seen.a |= da.defined();
      seen.b |= db.defined();
      seen.c |= dc.defined();
      if (da.defined()) sweep.add(0, da * 2.0);
      if (db.defined()) sweep.add(0, db * 3.0);
      if (dc.defined()) sweep.add(0, dc * 5.0);
    });
  }
  return y;
}

}  // namespace

TEST_CASE("a rule of several outputs runs once with all their gradients", "[autograd][outputs]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({1, 2}));
  Seen seen;
  const Multiples y = multiples(x, seen);
  const auto loss = sum(y.a * y.b + y.c + y.c);
  CHECK(equal(tape.gradients(loss)[x], tensor<double>({22, 34})));  // 12 x + 10
  CHECK(seen.runs == 1);
  CHECK((seen.a && seen.b && seen.c));
  CHECK(equal(tape.gradients(loss)[x], tensor<double>({22, 34})));
}

TEST_CASE("an output that the loss does not depend on has no gradient", "[autograd][outputs]") {
  for (int which = 0; which < 3; ++which) {
    CAPTURE(which);
    Tape tape;
    const auto x = tape.watch(tensor<double>({1, 2}));
    Seen seen;
    const Multiples y = multiples(x, seen);
    const DoubleTensor& used = which == 0 ? y.a : which == 1 ? y.b : y.c;
    const double factor = which == 0 ? 2 : which == 1 ? 3 : 5;
    CHECK(equal(tape.gradients(sum(used))[x], full<double>({2}, factor)));
    CHECK(seen.runs == 1);
    CHECK(seen.a == (which == 0));
    CHECK(seen.b == (which == 1));
    CHECK(seen.c == (which == 2));
  }
  Tape tape;
  const auto x = tape.watch(tensor<double>({1, 2}));
  Seen seen;
  const Multiples y = multiples(x, seen);
  CHECK(equal(tape.gradients(sum(x * x))[x], tensor<double>({2, 4})));
  CHECK(seen.runs == 0);
}

TEST_CASE("an output may itself be the loss, or be watched", "[autograd][outputs]") {
  Tape tape;
  const auto x = tape.watch(tensor<double>({4}));
  Seen seen;
  const Multiples y = multiples(x, seen);
  CHECK(equal(tape.gradients(y.b)[x], tensor<double>({3})));
  const auto watched = tape.watch(y.c);
  const Gradients g = tape.gradients(sum(y.c * y.c + y.a));
  CHECK(equal(g[watched], tensor<double>({40})));
  CHECK(equal(g[x], tensor<double>({202})));
  const Gradients without = tape.gradients(sum(y.a));
  CHECK_FALSE(without.contains(watched));
  CHECK(equal(without[x], tensor<double>({2})));
}

TEST_CASE("several outputs and an inner tape that starts behind them", "[autograd][outputs]") {
  Tape outer;
  const auto x = outer.watch(tensor<double>({4}));
  Seen seen;
  const Multiples y = multiples(x, seen);
  {
    Tape inner;
    const auto loss = sum(y.b * y.b * y.b);
    const Gradients g = inner.gradients(loss);  // y.b is independent here
    CHECK(equal(g[y.b], tensor<double>({3 * 12 * 12})));
    CHECK(seen.runs == 0);
    // And differentiated once more through the outer tape: 6 y.b, y.b = 3 x.
    CHECK(equal(outer.gradients(sum(g[y.b]))[x], tensor<double>({6 * 12 * 3})));
  }
}

TEST_CASE("an error in a rule of several outputs leaks nothing", "[autograd][outputs]") {
  const auto live = memory_stats().live_bytes;
  {
    Tape tape;
    const auto x = tape.watch(tensor<double>({1, 2}));
    DoubleTensor a, b;
    {
      const NoTape values_only;
      a = x * 2.0;
      b = x * 3.0;
    }
    detail::Recording recording{"broken", x};
    const DoubleTensor* const ys[] = {&a, &b};
    recording.rule(ys, 2, [](detail::Sweep<double>& sweep) { sweep.add(0, tensor<double>({1})); });
    REQUIRE_THROWS_WITH(tape.gradients(sum(a + b)), Contains("[broken]"));
  }
  CHECK(memory_stats().live_bytes == live);
}

TEST_CASE("what is carried from an ended tape is a constant", "[autograd][outputs]") {
  const auto x = tensor<double>({2});
  DoubleTensor kept, view;
  {
    Tape tape;
    kept = tape.watch(x) * 3.0;
    view = kept.narrow(0, 0, 1);
    CHECK(detail::carried(kept).is_same(kept));
    CHECK(detail::carried(view).is_same(view));
  }
  CHECK(detail::carried(kept).is_same(kept));  // nothing records
  Tape tape;
  CHECK_THROWS_WITH(kept * 2.0, Contains("detach()"));
  const auto y = tape.watch(x) * detail::carried(kept) * detail::carried(view);
  CHECK(y.item() == 72);
  CHECK(detail::carried(x).is_same(x));
  CHECK_FALSE(detail::carried(DoubleTensor()).defined());
}
