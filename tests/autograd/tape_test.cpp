#include "tenon/autograd/tape.hpp"

#include <thread>

#include "catch.hpp"
#include "tenon/autograd/custom.hpp"
#include "tenon/base/error.hpp"
#include "tenon/base/memory.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/tensor/factories.hpp"

using namespace tenon;
using Catch::Matchers::Contains;

namespace {

DoubleTensor leaf(const DoubleTensor& values) {
  DoubleTensor x = values.clone();
  x.impl()->is_leaf = true;
  return x;
}

}  // namespace

TEST_CASE("gradients of a leaf used twice add up", "[autograd][tape][tiny]") {
  const auto x = leaf(tensor<double>({1, 2, 3}));
  Tape tape;
  const Gradients g = tape.gradients(sum(x * x + 2 * x));
  REQUIRE(equal(g[x], tensor<double>({4, 6, 8})));
  REQUIRE(g.size() == 1);
}

TEST_CASE("without a tape, or with constants alone, nothing is recorded",
          "[autograd][tape][tiny]") {
  const auto x = leaf(tensor<double>({1, 2}));
  REQUIRE_FALSE(Tape::is_recording());
  const auto y = x * x;
  Tape tape;
  REQUIRE(Tape::is_recording());
  const auto constant = tensor<double>({1, 2});
  const auto z = constant * constant + y;
  REQUIRE(tape.size() == 0);
  {
    NoTape guard;
    REQUIRE_FALSE(Tape::is_recording());
    const auto w = x * x;
    REQUIRE(tape.size() == 0);
  }
  REQUIRE(Tape::is_recording());
}

TEST_CASE("watch makes a leaf that shares its values", "[autograd][tape]") {
  const auto x = tensor<double>({1, 2, 3});
  Tape tape;
  const auto v = tape.watch(x);
  REQUIRE(v.shares_storage(x));
  const Gradients g = tape.gradients(sum(v * v * x));
  REQUIRE(equal(g[v], tensor<double>({2, 8, 18})));
  REQUIRE_FALSE(g.contains(x));
}

TEST_CASE("watching an intermediate keeps its gradient and its connection", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1, 2}));
  Tape tape;
  const auto h = tape.watch(x * x);
  const Gradients g = tape.gradients(sum(h * h));
  REQUIRE(equal(g[h], tensor<double>({2, 8})));
  REQUIRE(equal(g[x], tensor<double>({4, 32})));
}

TEST_CASE("gradients may be taken twice from one tape", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1, 2}));
  Tape tape;
  const auto a = sum(x * x);
  const auto b = sum(x * x * x);
  REQUIRE(equal(tape.gradients(a)[x], tensor<double>({2, 4})));
  REQUIRE(equal(tape.gradients(b)[x], tensor<double>({3, 12})));
  REQUIRE(equal(tape.gradients(a)[x], tensor<double>({2, 4})));
}

TEST_CASE("a cotangent gives the vector-Jacobian product", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1, 2, 3}));
  Tape tape;
  const auto y = x * x;
  REQUIRE(equal(tape.gradients(y, tensor<double>({1, 10, 100}))[x], tensor<double>({2, 40, 600})));
  REQUIRE_THROWS_WITH(tape.gradients(y, tensor<double>({1})),
                      Contains("dy has shape (1) but y has (3)"));
  REQUIRE_THROWS_WITH(tape.gradients(y), Contains("must have one element, not shape (3)"));
}

TEST_CASE("nested tapes give second and third derivatives", "[autograd][tape]") {
  const auto x = tensor<double>({0.5, 2});
  Tape outer;
  const auto v = outer.watch(x);
  DoubleTensor second;
  {
    Tape middle;
    DoubleTensor first;
    {
      Tape inner;
      first = inner.gradients(sum(v * v * v * v))[v];
    }
    REQUIRE(allclose(first, tensor<double>({0.5, 32})));
    second = middle.gradients(sum(first))[v];
    REQUIRE(allclose(second, tensor<double>({3, 48})));
  }
  const Gradients third = outer.gradients(sum(second));
  REQUIRE(allclose(third[v], tensor<double>({12, 48})));
}

TEST_CASE("what was made before an inner tape is its independent variable", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({3}));
  Tape outer;
  const auto h = x * x;
  Tape inner;
  const Gradients g = inner.gradients(sum(h * h));
  REQUIRE(equal(g[h], tensor<double>({18})));
  REQUIRE_FALSE(g.contains(x));
}

TEST_CASE("a view of a leaf is followed, wherever it was made", "[autograd][view]") {
  const auto x = leaf(arange<double>(6).reshape({2, 3}));
  const auto outside = x.t().narrow(0, 1, 2);  // (2, 2): columns 1 and 2
  for (int round = 0; round < 2; ++round) {    // under two tapes, one after the other
    Tape tape;
    const auto inside = x.reshape({6}).slice(0, {0, Slice::end, 2});
    const Gradients g = tape.gradients(sum(outside * outside) + sum(inside));
    REQUIRE(equal(g[x], tensor<double>({{1, 2, 5}, {0, 9, 10}})));
  }
}

TEST_CASE("views of views, expanded views and copies stay connected", "[autograd][view]") {
  const auto x = leaf(tensor<double>({1, 2, 3}));
  Tape tape;
  const auto rows = x.expand({4, 3});
  const auto part = rows.narrow(0, 1, 2);
  REQUIRE(equal(tape.gradients(sum(rows * rows))[x], tensor<double>({8, 16, 24})));
  REQUIRE(equal(tape.gradients(sum(part * part))[x], tensor<double>({4, 8, 12})));
  const auto copy = x.unsqueeze(1).expand({3, 2}).t().contiguous();
  REQUIRE(equal(tape.gradients(sum(copy * copy))[x], tensor<double>({4, 8, 12})));
  REQUIRE(equal(tape.gradients(sum(x.clone() * x))[x], tensor<double>({2, 4, 6})));
}

TEST_CASE("a view of a watched strided tensor gives its gradient", "[autograd][view]") {
  const auto x = arange<double>(12).reshape({3, 4});
  Tape tape;
  const auto v = tape.watch(x.t().slice(0, {0, Slice::end, 2}));  // (2, 3), strides (2, 4)
  const auto part = v.select(1, 2);                               // 8, 10
  const Gradients g = tape.gradients(sum(part * part));
  REQUIRE(equal(g[v], tensor<double>({{0, 0, 16}, {0, 0, 20}})));
}

TEST_CASE("second derivatives pass through views", "[autograd][view]") {
  const auto x = arange<double>(6).reshape({2, 3});
  Tape outer;
  const auto v = outer.watch(x);
  DoubleTensor first;
  {
    Tape inner;
    const auto part = v.t().narrow(0, 0, 2);
    first = inner.gradients(sum(part * part * part))[v];
  }
  const Gradients g = outer.gradients(sum(first * first));  // sum of 9 x^4 over two columns
  REQUIRE(allclose(g[v], tensor<double>({{0, 36, 0}, {36 * 27, 36 * 64, 0}})));
}

TEST_CASE("detach cuts the connection", "[autograd][view]") {
  const auto x = leaf(tensor<double>({1, 2}));
  Tape tape;
  const auto y = x * x.detach() + x.detach().narrow(0, 0, 2);
  REQUIRE(equal(tape.gradients(sum(y))[x], tensor<double>({1, 2})));
}

TEST_CASE("a saved tensor that changed in place is an error, not a wrong gradient",
          "[autograd][tape]") {
  auto x = leaf(tensor<double>({1, 2}));
  Tape tape;
  const auto loss = sum(x * x);
  const Gradients before = tape.gradients(loss);
  x.fill_(5);  // what an optimiser's step does
  REQUIRE_THROWS_WITH(tape.gradients(loss),
                      Contains("[mul]") && Contains("changed in place") && Contains("hint:"));
  x.copy_(tensor<double>({1, 2}));
  REQUIRE_THROWS_AS(tape.gradients(loss), TapeError);
}

TEST_CASE("a value of an ended tape can be read, and is an error under the next one",
          "[autograd][tape]") {
  const auto x = leaf(tensor<double>({2}));
  DoubleTensor y;
  {
    Tape tape;
    y = x * x;
  }
  REQUIRE(y.item() == 4);
  REQUIRE((y + y).item() == 8);
  Tape tape;
  REQUIRE_THROWS_WITH(x * y, Contains("tape that has ended") && Contains("detach()"));
  REQUIRE_THROWS_AS(x * y.reshape({1, 1}), TapeError);
  REQUIRE(equal(tape.gradients(sum(x * y.detach()))[x], tensor<double>({4})));
}

TEST_CASE("asking for what has no gradient says why", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1})), other = leaf(tensor<double>({1}));
  const auto constant = tensor<double>({1});
  Tape tape;
  const auto h = x * constant;
  const Gradients g = tape.gradients(sum(h));
  REQUIRE_THROWS_WITH(g[other], Contains("does not depend on this parameter"));
  REQUIRE_THROWS_WITH(g[constant], Contains("was a constant for the tape"));
  REQUIRE_THROWS_WITH(g[h], Contains("intermediate") && Contains("watch"));
  REQUIRE_FALSE(g.find(other).defined());
}

TEST_CASE("a loss that was not recorded here names every way that can happen", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1}));
  const auto before = sum(x);
  Tape tape;
  REQUIRE_THROWS_WITH(tape.gradients(before), Contains("before the tape was opened") &&
                                                  Contains("another thread") && Contains("NoTape"));
  DoubleTensor elsewhere;
  std::thread([&] { elsewhere = sum(x * x); }).join();
  REQUIRE_THROWS_AS(tape.gradients(elsewhere), TapeError);
}

TEST_CASE("a tape outside of the loop is found out", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1}));
  Tape tape;
  const auto train = [&] {
    for (int step = 0; step < 2000; ++step) tape.gradients(sum(x * x));
  };
  REQUIRE_THROWS_WITH(train(), Contains("declare the Tape inside the training loop"));
}

TEST_CASE("an exception inside a sweep leaves the tape usable", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1, 2}));
  const auto live = memory_stats().live_bytes;
  {
    Tape tape;
    bool broken = true;
    const auto y = custom_function("brittle", {x}, x.detach().clone(), [&](const DoubleTensor& dy) {
      if (broken) throw ValueError("broken");
      return std::vector<DoubleTensor>{dy};
    });
    const auto loss = sum(y * x + x);
    REQUIRE_THROWS_AS(tape.gradients(loss), ValueError);
    broken = false;
    REQUIRE(equal(tape.gradients(loss)[x], tensor<double>({3, 5})));
  }
  REQUIRE(memory_stats().live_bytes == live);
}

TEST_CASE("a custom function's rule is held to its word", "[autograd][custom]") {
  const auto x = leaf(tensor<double>({1, 2}));
  Tape tape;
  const auto few = custom_function("few", {x}, x.detach().clone(),
                                   [](const DoubleTensor&) { return std::vector<DoubleTensor>{}; });
  REQUIRE_THROWS_WITH(tape.gradients(sum(few)),
                      Contains("[few]") && Contains("returned 0 gradients for 1 inputs"));
  const auto misshapen = custom_function(
      "misshapen", {x}, x.detach().clone(),
      [](const DoubleTensor&) { return std::vector<DoubleTensor>{tensor<double>({1})}; });
  REQUIRE_THROWS_WITH(tape.gradients(sum(misshapen)),
                      Contains("[misshapen]") && Contains("shape (1)") && Contains("shape (2)"));
}

TEST_CASE("a million nodes need no stack", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({1}));
  Tape tape;
  DoubleTensor y = x * 1.0;
  for (int i = 0; i < 1'000'000; ++i) y = y + 1e-6;
  REQUIRE(tape.size() > 1'000'000);
  REQUIRE(equal(tape.gradients(y)[x], tensor<double>({1})));
}

TEST_CASE("threads have tapes of their own", "[autograd][tape][threads]") {
  const auto x = leaf(tensor<double>({1, 2}));
  const auto work = [&](double factor, bool& right) {
    for (int step = 0; step < 200; ++step) {
      Tape tape;
      const auto g = tape.gradients(sum(factor * x * x));
      right &= equal(g[x], tensor<double>({2 * factor, 4 * factor}));
    }
  };
  bool first = true, second = true;
  std::thread one(work, 1.0, std::ref(first)), two(work, 3.0, std::ref(second));
  one.join();
  two.join();
  REQUIRE(first);
  REQUIRE(second);
}

TEST_CASE("an inner tape under NoTape leaves the outer one as it was", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({2}));
  Tape outer;
  const auto y = x * x;
  const Index size = outer.size();
  {
    NoTape guard;
    {
      Tape independent;
      REQUIRE(equal(independent.gradients(sum(x * x * x))[x], tensor<double>({12})));
    }
    REQUIRE(outer.size() == size);
    REQUIRE_FALSE(Tape::is_recording());
  }
  REQUIRE(equal(outer.gradients(sum(y))[x], tensor<double>({4})));
}

TEST_CASE("a rule may run a tape of its own", "[autograd][tape]") {
  const auto x = leaf(tensor<double>({2}));
  Tape tape;
  // Recomputes the forward pass in the backward one, as activation checkpointing does.
  const auto y =
      custom_function("recomputed", {x}, (x.detach() * x.detach()), [&](const DoubleTensor& dy) {
        Tape again;
        const auto v = again.watch(x.detach());
        return std::vector<DoubleTensor>{again.gradients(v * v, dy)[v]};
      });
  const Gradients g = tape.gradients(sum(y + x));
  REQUIRE(equal(g[x], tensor<double>({5})));
}

TEST_CASE("views of an empty tensor without a stride are followed", "[autograd][tape]") {
  Tape tape;
  const auto x = tape.watch(zeros<double>({3, 0}).t());  // a stride of 0, but nothing to repeat
  REQUIRE(tape.gradients(x.unsqueeze(-1), zeros<double>({0, 3, 1}))[x].shape() == Shape{0, 3});
}
