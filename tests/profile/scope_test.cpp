// When a profiler listens: scopes, errors on their way out, nesting, threads, limits of memory.

#include <array>
#include <optional>
#include <stdexcept>
#include <thread>

#include "allocation_counter.hpp"
#include "base/profile_recorder.hpp"
#include "profile_support.hpp"
#include "temporary_folder.hpp"
#include "tenon/autograd/custom.hpp"
#include "tenon/nn/lambda.hpp"
#include "tenon/nn/tanh.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/optim/adam.hpp"
#include "tenon/profile/machine_limits.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Kind = ProfileEntry::Kind;

namespace {

Index calls(const Profiler& profiler, const std::string& name) {
  Index sum = 0;
  for (const ProfileEntry& e : profiler.entries()) {
    if (e.name == name) sum += e.forward.calls;
  }
  return sum;
}

}  // namespace

TEST_CASE("a profiler listens from its beginning to stop()", "[profile][scope][tiny]") {
  const Tensor x = rand({4});
  exp(x);
  Profiler profiler(no_peak);
  exp(x);
  exp(x);
  profiler.stop();
  const double seconds = profiler.seconds();
  exp(x);
  profiler.stop();  // nothing more to stop
  CHECK(profiler.seconds() == seconds);
  CHECK(calls(profiler, "exp") == 2);
  { Profiler unused(no_peak); }
  Profiler empty(no_peak);
  empty.stop();
  REQUIRE(empty.entries().size() == 1);
  CHECK(empty.entries()[0].kind == Kind::elsewhere);
}

TEST_CASE("figures can be read while the profiler goes on", "[profile][scope]") {
  nn::Sequential net{nn::Linear(3, 3), nn::Tanh()};
  std::vector<ProfileEntry> during;
  double least = 0, most = 0;
  Profiler profiler(no_peak);
  net.append(nn::Lambda([&](const Tensor& x) {
    least = profiler.seconds();
    during = profiler.entries();
    most = profiler.seconds();
    return x;
  }));
  net(rand({2, 3}));
  net(rand({2, 3}));
  const auto after = profiler.entries(net);
  CHECK(line(after, "0", "linear").forward.calls == 2);
  double sum = 0;
  for (const auto& e : during) {
    if (e.kind == Kind::layer || e.depth == 0) sum += e.self_seconds;
  }
  CHECK(sum >= least - 1e-6);
  CHECK(sum <= most + 1e-6);
}

TEST_CASE("errors that leave layers and operations leave the profile in order",
          "[profile][scope]") {
  struct Guarded : nn::Module {
    nn::Sequential inner{nn::Linear(3, 3), nn::Linear(5, 5)};
    Tensor forward(const Tensor& x) override {
      try {
        inner(x);
      } catch (const ShapeError&) {
      }
      return x * 2;
    }
    void visit(nn::Visitor& v) override { v("inner", inner); }
  };
  Guarded net;
  Profiler profiler(no_peak);
  net(rand({2, 3}));
  CHECK_THROWS_AS(net.inner(rand({2, 3})), ShapeError);
  exp(rand({3}));
  nn::Lambda fails([](const Tensor&) -> Tensor { throw 7; });
  CHECK_THROWS_AS(fails(rand({3})), int);
  exp(rand({3}));
  profiler.stop();
  const auto entries = profiler.entries(net);
  check_sums(entries, profiler.seconds(), false);
  CHECK(line(entries, "inner.0", "linear").forward.calls == 2);
  CHECK(line(entries, "inner.1", "linear").forward.calls == 2);
  CHECK(line(entries, "inner.1", "linear").forward.flops == 0);
  CHECK(line(entries, "", "mul").depth == 1);
  CHECK(line(entries, "", "exp").depth == 0);
  CHECK(line(entries, "", "exp").forward.calls == 2);
}

TEST_CASE("an error in a rule leaves the profile in order", "[profile][scope]") {
  const Tensor x = rand({3});
  Profiler profiler(no_peak);
  {
    Tape tape;
    const auto v = tape.watch(x);
    const Tensor y = custom_function(
        "broken", {v}, v * 2,
        [](const Tensor&) -> std::vector<Tensor> { throw std::runtime_error("no gradient"); });
    for (int i = 0; i < 2; ++i) CHECK_THROWS_AS(tape.gradients(sum(y)), std::runtime_error);
  }
  exp(x);
  profiler.stop();
  const auto entries = profiler.entries();
  check_sums(entries, profiler.seconds());
  CHECK(line(entries, "", "broken").backward.calls == 2);
  CHECK(line(entries, "", "exp").depth == 0);
}

TEST_CASE("named ranges hold what runs inside them, and own nothing", "[profile][scope]") {
  nn::Linear net(3, 2);
  const Tensor x = rand({4, 3});
  Profiler profiler(no_peak);
  for (int i = 0; i < 2; ++i) {
    const ProfileScope step("step");
    Tape tape;
    Tensor loss;
    {
      const ProfileScope forward(std::string("for") + "ward");
      loss = sum(net(x));
    }
    tape.gradients(loss);
  }
  profiler.stop();
  const auto entries = profiler.entries(net);
  check_sums(entries, profiler.seconds());
  const ProfileEntry step = line(entries, "", "step"), forward = line(entries, "", "forward");
  const ProfileEntry linear = line(entries, "", "linear");
  CHECK(step.kind == Kind::range);
  CHECK(step.forward.calls == 2);
  CHECK(forward.forward.calls == 2);
  CHECK(step.forward.seconds >= forward.forward.seconds);
  CHECK(forward.forward.seconds >= linear.forward.seconds);
  CHECK(step.forward.seconds >= linear.total().seconds + forward.self_seconds);
  CHECK(step.backward.seconds == 0);
  CHECK(linear.backward.calls == 2);
  { const ProfileScope nobody_listens("idle"); }
  CHECK(calls(profiler, "idle") == 0);
}

TEST_CASE("a range inside itself takes no more time than it takes", "[profile][scope]") {
  const Tensor x = rand({1000});
  Profiler profiler(no_peak);
  {
    const ProfileScope outer("again");
    exp(x);
    const ProfileScope inner("again");
    exp(x);
    const ProfileEntry open = line(profiler.entries(), "", "again");
    CHECK(open.forward.seconds <= profiler.seconds());
  }
  profiler.stop();
  const ProfileEntry range = line(profiler.entries(), "", "again");
  CHECK(range.forward.calls == 2);
  CHECK(range.forward.seconds <= profiler.seconds());
  CHECK(range.forward.seconds >= line(profiler.entries(), "", "exp").forward.seconds);
  check_sums(profiler.entries(), profiler.seconds());
}

TEST_CASE("a range inside a layer is a line of that layer", "[profile][scope]") {
  nn::Lambda layer([](const Tensor& x) {
    const ProfileScope scope("mixing");
    return x * 2;
  });
  Profiler profiler(no_peak);
  layer(rand({3}));
  profiler.stop();
  const auto entries = profiler.entries();
  check_sums(entries, profiler.seconds());
  CHECK(line(entries, "", "mixing").depth == 1);
  CHECK(line(entries, "", "mul").depth == 1);
}

TEST_CASE("an inner profiler listens alone, then the outer one goes on", "[profile][scope]") {
  const Tensor x = rand({3});
  Profiler outer(no_peak);
  exp(x);
  {
    Profiler inner(no_peak);
    exp(x);
    exp(x);
    inner.stop();
    exp(x);
    CHECK(calls(inner, "exp") == 2);
  }
  exp(x);
  outer.stop();
  CHECK(calls(outer, "exp") == 3);
  check_sums(outer.entries(), outer.seconds());
}

TEST_CASE("profilers may stop in any order", "[profile][scope]") {
  const Tensor x = rand({3});
  std::optional<Profiler> first(no_peak), second(no_peak), third(no_peak);
  second.reset();
  exp(x);
  CHECK(calls(*third, "exp") == 1);
  first->stop();
  third.reset();
  exp(x);  // nobody listens any more
  CHECK(calls(*first, "exp") == 0);
  Profiler last(no_peak);
  exp(x);
  CHECK(calls(last, "exp") == 1);
}

TEST_CASE("a profiler may begin and end inside of a layer", "[profile][scope]") {
  std::optional<Profiler> profiler;
  nn::Lambda begins([&](const Tensor& x) {
    profiler.emplace(no_peak);
    return exp(x);
  });
  nn::Lambda ends([&](const Tensor& x) {
    const Tensor y = exp(x);
    profiler->stop();
    return exp(y);
  });
  nn::Lambda goes([&](const Tensor& x) {
    profiler.reset();
    return exp(x);
  });
  const Tensor x = rand({3});
  begins(x);
  exp(x);
  ends(x);
  const auto entries = profiler->entries();
  check_sums(entries, profiler->seconds());
  CHECK(calls(*profiler, "exp") == 3);
  CHECK(entries[0].depth == 0);  // the layer had begun before
  CHECK(entries[0].name == "exp");
  CHECK(entries[1].kind == Kind::layer);
  profiler.emplace(no_peak);
  goes(x);
  CHECK_FALSE(profiler.has_value());
}

TEST_CASE("profilers in several threads see their own thread", "[profile][scope]") {
  nn::Linear net(3, 2);
  std::array<std::vector<ProfileEntry>, 3> entries;
  std::array<double, 3> seconds{};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    threads.emplace_back([&, i] {
      const Tensor x = rand({4, 3});
      Profiler profiler(no_peak);
      for (std::size_t k = 0; k < 50 * (i + 1); ++k) {
        Tape tape;
        tape.gradients(sum(net(x)));
      }
      profiler.stop();
      entries[i] = profiler.entries(net);
      seconds[i] = profiler.seconds();
    });
  }
  Profiler idle(no_peak);
  for (auto& thread : threads) thread.join();
  idle.stop();
  CHECK(idle.entries().size() == 1);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    CHECK(line(entries[i], "", "linear").forward.calls == static_cast<Index>(50 * (i + 1)));
    CHECK(line(entries[i], "", "linear").backward.calls == static_cast<Index>(50 * (i + 1)));
    check_sums(entries[i], seconds[i]);
  }
}

TEST_CASE("mistakes with profilers are explained", "[profile][scope]") {
  const std::string events = message_of<ValueError>([] { const Profiler p({.max_events = -1}); });
  CHECK(events ==
        "[Profiler] max_events must not be negative but is -1; hint: 0 keeps no events for a "
        "trace");
  const std::string threads = message_of<ValueError>([] { machine_limits(0); });
  CHECK(threads ==
        "[machine_limits] the number of threads must be at least 1 but is 0; hint: num_threads() "
        "is what operations use");

  std::optional<Profiler> profiler(no_peak);
  std::string stopped;
  std::thread([&] { stopped = message_of<ValueError>([&] { profiler->stop(); }); }).join();
  CHECK(stopped ==
        "[Profiler] stop() was called in another thread than the profiler was made in; hint: a "
        "profiler belongs to its thread, make one in each");
  exp(rand({3}));
  CHECK(calls(*profiler, "exp") == 1);
  // Destroyed in another thread it stays where this one listens, and does no harm.
  std::thread([&] { profiler.reset(); }).join();
  exp(rand({3}));
}

TEST_CASE("events are kept up to a maximum, figures go on", "[profile][scope]") {
  const Tensor x = rand({3});
  for (const Index most : {0, 1, 5000}) {
    Profiler profiler({.max_events = most, .measure_peak = false});
    for (int i = 0; i < 6000; ++i) exp(x);
    profiler.stop();
    CHECK(profiler.dropped_events() == 6000 - most);
    CHECK(calls(profiler, "exp") == 6000);
    check_sums(profiler.entries(), profiler.seconds());
  }
}

TEST_CASE("what is different each time does not fill memory", "[profile][scope]") {
  detail::ProfileRecorder recorder(0, 10);
  for (int i = 0; i < 100; ++i) {
    const ProfileScope scope("epoch " + std::to_string(i));
    const detail::OpScope op("step");
  }
  Index steps = 0;
  recorder.stop();
  CHECK(recorder.contexts().size() == 10);
  std::int64_t sum = 0;
  for (const auto& c : recorder.contexts()) {
    sum += c.nanoseconds;
    if (c.label == "step") steps += c.calls;
  }
  CHECK(sum == recorder.nanoseconds());
  CHECK(steps == 100);
}

TEST_CASE("a warm profiled training loop allocates nothing but its events", "[profile][scope]") {
  if (!can_count_allocations()) return;
  manual_seed(1);
  nn::Sequential net{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Flatten(), nn::Linear(144, 10)};
  optim::Adam adam(net);
  const Tensor images = rand({5, 1, 8, 8});
  const LongTensor labels = random_integers({5}, 1, 0, 10);
  const auto step = [&] {
    Tape tape;
    adam.step(tape.gradients(cross_entropy(net(images), labels)));
  };
  for (const Index most : {0, 100000}) {
    Profiler profiler({.max_events = most, .measure_peak = false});
    for (int i = 0; i < 5; ++i) step();
    const AllocationCounter counter;
    for (int i = 0; i < 50; ++i) step();
    const std::size_t allocations = counter.count();
    CAPTURE(most, allocations);
    // 50 steps are some 3000 events, a chunk holds 4096; the list of chunks may grow as well.
    CHECK(allocations <= (most == 0 ? 0U : 2U));
  }
}
