#include "train/interrupt.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "catch.hpp"
#include "child_program.hpp"
#include "fit_support.hpp"
#include "invariants/training_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Output = ChildProgram::Output;

namespace {

volatile std::sig_atomic_t calls_of_host = 0;
void on_host_interrupt(int) { calls_of_host = calls_of_host + 1; }

void set_handler(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  ::sigaction(SIGINT, &action, nullptr);
}

auto current_handler() {
  struct sigaction action {};
  ::sigaction(SIGINT, nullptr, &action);
  return action.sa_handler;
}

/// Catch2 has a handler of its own, which is back when the scope ends.
class DefaultHandler {
 public:
  DefaultHandler() {
    ::sigaction(SIGINT, nullptr, &before_);
    set_handler(SIG_DFL);
  }
  ~DefaultHandler() { ::sigaction(SIGINT, &before_, nullptr); }
  DefaultHandler(const DefaultHandler&) = delete;
  DefaultHandler& operator=(const DefaultHandler&) = delete;

 private:
  struct sigaction before_ {};
};

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

bool was_interrupted(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGINT; }
bool was_fine(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

/// Between "KEY=" and the end of the line.
std::string value_of(const std::string& output, const std::string& key) {
  const std::size_t at = output.find(key + "=");
  REQUIRE(at != std::string::npos);
  const std::size_t begin = at + key.size() + 1;
  return output.substr(begin, output.find_first_of("\r\n", begin) - begin);
}

}  // namespace

/// Run by the tests below.
TEST_CASE("a program that is interrupted", "[.][program]") {
  TENON_TEST_CHILD_ONLY();
  const std::string host = setting("FIT_HOST");
  set_handler(host == "handles" ? on_host_interrupt : host == "ignores" ? SIG_IGN : SIG_DFL);
  const auto before = current_handler();
  manual_seed(1);
  nn::Sequential net = point_net();
  const auto points = random_points(64), held_out = random_points(16);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 1e-2}));
  const auto pause = std::chrono::milliseconds(number_setting("FIT_PAUSE", 0));
  FitOptions<data::Dataset> options{.epochs = 3, .batch_size = 16, .seed = 1};
  options.verbose = Verbose::silent;
  options.checkpoint = setting("FIT_CHECKPOINT");
  options.callbacks = {on_step_end([&](FitState& fit) {
                         say("step " + std::to_string(fit.step) + ".");
                         std::this_thread::sleep_for(pause);
                       }),
                       on_fit_end([](FitState&) { say("fit_end"); })};
  const History history = trainer.fit(points, options);
  say("reason=" + history.stop_reason);
  say("steps=" + std::to_string(history.steps.size()));
  say("epochs=" + std::to_string(history.epochs.size()));
  say("resumed_from=" + std::to_string(history.resumed_from_step));
  say("weights=" + std::to_string(weights_hash(net)));
  say("handler=" + std::string(current_handler() == before ? "same" : "other"));
  say("host_calls=" + std::to_string(calls_of_host));
  say("done");
  if (setting("FIT_LINGER") == "1") std::this_thread::sleep_for(std::chrono::seconds(60));
  std::_Exit(0);
}

TEST_CASE("Ctrl-C ends the training after its step, and it can be resumed", "[train][interrupt]") {
  ChildProgram whole("a program that is interrupted", Output::pipe, {});
  const std::string weights = value_of(whole.read_all(), "weights");
  // In the middle of an epoch and in the last step of one.
  for (const std::string step : {"6", "4"}) {
    for (const Output output : {Output::pipe, Output::terminal}) {
      INFO("step " << step);
      const TemporaryFolder folder;
      const Settings settings{{"FIT_CHECKPOINT", folder.file("run")}, {"FIT_PAUSE", "200"}};
      ChildProgram child("a program that is interrupted", output, settings);
      child.wait_for("step " + step + ".");
      // On a terminal as a user does it.
      if (output == Output::terminal) child.type('\x03');
      if (output == Output::pipe) child.signal(SIGINT);
      const std::string& said = child.read_all();
      CHECK(was_fine(child.wait()));
      CHECK(value_of(said, "reason") == "interrupted");
      CHECK(value_of(said, "steps") == step);
      CHECK(value_of(said, "epochs") == "1");
      CHECK(value_of(said, "handler") == "same");
      CHECK_THAT(said, ContainsSubstring("fit_end"));

      ChildProgram resumed("a program that is interrupted", Output::pipe,
                           {{"FIT_CHECKPOINT", folder.file("run")}});
      const std::string& then = resumed.read_all();
      CHECK(value_of(then, "resumed_from") == step);
      CHECK(value_of(then, "reason").empty());
      CHECK(value_of(then, "steps") == "12");
      CHECK(value_of(then, "epochs") == "3");
      CHECK(value_of(then, "weights") == weights);
    }
  }
}

TEST_CASE("A second Ctrl-C ends the program", "[train][interrupt]") {
  ChildProgram child("a program that is interrupted", Output::terminal, {{"FIT_PAUSE", "20000"}});
  child.wait_for("step 1.");
  child.type('\x03');
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  child.type('\x03');
  CHECK_THAT(child.read_all(), !ContainsSubstring("step 2."));
  CHECK(was_interrupted(child.wait()));
}

TEST_CASE("After the training Ctrl-C does what it did before", "[train][interrupt]") {
  ChildProgram child("a program that is interrupted", Output::pipe, {{"FIT_LINGER", "1"}});
  child.wait_for("done");
  child.signal(SIGINT);
  child.read_all();
  CHECK(was_interrupted(child.wait()));
}

TEST_CASE("A program's own handler is left alone", "[train][interrupt]") {
  for (const std::string host : {"handles", "ignores"}) {
    INFO(host);
    ChildProgram child("a program that is interrupted", Output::pipe,
                       {{"FIT_HOST", host}, {"FIT_PAUSE", "40"}});
    child.wait_for("step 3.");
    child.signal(SIGINT);
    child.wait_for("step 5.");
    child.signal(SIGINT);
    const std::string& said = child.read_all();
    CHECK(was_fine(child.wait()));
    CHECK(value_of(said, "reason").empty());
    CHECK(value_of(said, "steps") == "12");
    CHECK(value_of(said, "handler") == "same");
    CHECK(value_of(said, "host_calls") == (host == "handles" ? "2" : "0"));
  }
}

TEST_CASE("Scopes may be nested and in several threads", "[train][interrupt]") {
  const DefaultHandler guard;
  {
    const detail::InterruptScope outer;
    CHECK_FALSE(outer.interrupted());
    {
      const detail::InterruptScope inner;
      std::raise(SIGINT);
      CHECK(inner.interrupted());
      CHECK(outer.interrupted());
    }
    bool seen = false;
    std::thread([&] {
      const detail::InterruptScope other;
      seen = other.interrupted();
    }).join();
    CHECK(seen);
    CHECK(outer.interrupted());
  }
  CHECK(current_handler() == SIG_DFL);
  // The next one begins anew.
  const detail::InterruptScope next;
  CHECK_FALSE(next.interrupted());
}

TEST_CASE("A handler that the program sets during a training stays", "[train][interrupt]") {
  const DefaultHandler guard;
  {
    const detail::InterruptScope scope;
    set_handler(on_host_interrupt);
  }
  CHECK(current_handler() == on_host_interrupt);
}
