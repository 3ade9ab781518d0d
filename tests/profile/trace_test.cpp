// The file for chrome://tracing and Perfetto.

#include <nlohmann/json.hpp>
#include <set>

#include "profile_support.hpp"
#include "temporary_folder.hpp"
#include "tenon/nn/lambda.hpp"
#include "tenon/ops/cross_entropy.hpp"
#include "tenon/ops/elementwise.hpp"
#include "tenon/optim/adam.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using nlohmann::json;

namespace {

/// The events of one run of something, without the metadata.
std::vector<json> events_of(const json& trace) {
  std::vector<json> events;
  for (const json& event : trace.at("traceEvents")) {
    if (event.at("ph") == "X") events.push_back(event);
  }
  return events;
}

/// Nanoseconds, exactly.
std::int64_t nanoseconds(const json& microseconds) {
  return std::llround(microseconds.get<double>() * 1000);
}

/// The names of the events around each event, outermost first; fails where two overlap without one
/// containing the other.
std::vector<std::vector<std::string>> nesting(const std::vector<json>& events) {
  struct Open {
    std::int64_t end;
    std::string name;
  };
  std::vector<Open> open;
  std::vector<std::vector<std::string>> result;
  std::int64_t last_start = 0;
  for (const json& event : events) {
    const std::int64_t start = nanoseconds(event.at("ts"));
    const std::int64_t end = start + nanoseconds(event.at("dur"));
    CHECK(start >= last_start);
    last_start = start;
    while (!open.empty() && open.back().end <= start && open.back().end < end) open.pop_back();
    if (!open.empty()) CHECK(end <= open.back().end);
    result.emplace_back();
    for (const Open& o : open) result.back().push_back(o.name);
    open.push_back({end, event.at("name")});
  }
  return result;
}

}  // namespace

TEST_CASE("the trace is JSON whose events nest", "[profile][trace][tiny]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("trace.json");
  nn::Sequential net{nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Flatten(), nn::Linear(144, 10)};
  optim::Adam adam(net);
  const Tensor images = rand({5, 1, 8, 8});
  const LongTensor labels = random_integers({5}, 1, 0, 10);
  Profiler profiler(no_peak);
  for (int i = 0; i < 3; ++i) {
    const ProfileScope scope("step");
    Tape tape;
    adam.step(tape.gradients(cross_entropy(net(images), labels)));
  }
  profiler.stop();
  profiler.export_chrome_trace(path, net);

  const json trace = json::parse(read_bytes(path));
  CHECK(trace.at("otherData").at("dropped events") == "0");
  const std::vector<json> events = events_of(trace);
  const auto around = nesting(events);
  std::map<std::string, int> counts;
  std::set<std::string> categories;
  const std::string conv = "0  Conv2d(1 -> 4, kernel 3)";
  for (std::size_t i = 0; i < events.size(); ++i) {
    const std::string name = events[i].at("name");
    ++counts[name];
    categories.insert(events[i].at("cat").get<std::string>());
    CHECK(events[i].at("pid") == 1);
    CHECK(events[i].at("tid") == 1);
    if (name == "conv2d_relu") {
      CHECK(around[i] == std::vector<std::string>{"step", "Sequential()", conv});
      CHECK(events[i].at("args").at("layer") == conv);
      CHECK(events[i].at("args").at("flops per call") == 2 * 5 * 4 * 36 * 9);
    }
    if (name == "conv2d_relu backward") {
      CHECK(around[i] == std::vector<std::string>{"step", "gradients"});
      CHECK(events[i].at("args").at("layer") == conv);
    }
    if (name == "conv2d_backward_weight") CHECK(around[i].back() == "conv2d_relu backward");
    if (name == "Adam.step") CHECK(around[i] == std::vector<std::string>{"step"});
  }
  for (const char* name :
       {"step", "Sequential()", "conv2d_relu", "conv2d_relu backward", "linear", "Adam.step"}) {
    INFO(name);
    CHECK(counts[name] == 3);
  }
  CHECK(categories ==
        std::set<std::string>{"backward", "layer", "operation", "optimizer", "range"});
}

TEST_CASE("without a net the trace has descriptions only", "[profile][trace]") {
  const TemporaryFolder folder;
  nn::Linear layer(3, 2);
  const Tensor x = rand({1, 3});
  Profiler profiler(no_peak);
  layer(x);
  profiler.stop();
  profiler.export_chrome_trace(folder.file("trace.json"));
  const auto events = events_of(json::parse(read_bytes(folder.file("trace.json"))));
  REQUIRE(events.size() == 2);
  CHECK(events[0].at("name") == "Linear(3 -> 2)");
  CHECK(events[1].at("name") == "linear");
}

TEST_CASE("any name can stand in a trace", "[profile][trace]") {
  const TemporaryFolder folder;
  const std::vector<std::string> names{"\"quoted\" \\ and\n\t\x01 control",
                                       "Größe \xF0\x9F\x8E\xB2", "no \xff UTF-8", ""};
  Profiler profiler(no_peak);
  for (const std::string& name : names) const ProfileScope scope(name);
  profiler.stop();
  profiler.export_chrome_trace(folder.file("trace.json"));
  const auto events = events_of(json::parse(read_bytes(folder.file("trace.json"))));
  REQUIRE(events.size() == 4);
  CHECK(events[0].at("name") == names[0]);
  CHECK(events[1].at("name") == names[1]);
  CHECK_THAT(events[2].at("name").get<std::string>(), ContainsSubstring("UTF-8"));
  CHECK(events[3].at("name") == "");
}

TEST_CASE("a trace says what is missing from it", "[profile][trace]") {
  const TemporaryFolder folder;
  Profiler profiler({.max_events = 2, .measure_peak = false});
  for (int i = 0; i < 5; ++i) exp(ones({1}));  // two events each
  profiler.stop();
  profiler.export_chrome_trace(folder.file("trace.json"));
  const json trace = json::parse(read_bytes(folder.file("trace.json")));
  CHECK(trace.at("otherData").at("dropped events") == "8");
  CHECK(events_of(trace).size() == 2);
}

TEST_CASE("long traces are written in pieces", "[profile][trace]") {
  const TemporaryFolder folder;
  const Tensor x = ones({1});
  Profiler profiler(no_peak);
  for (int i = 0; i < 10000; ++i) exp(x);
  profiler.stop();
  profiler.export_chrome_trace(folder.file("trace.json"));
  const auto events = events_of(json::parse(read_bytes(folder.file("trace.json"))));
  CHECK(events.size() == 10000);
  nesting(events);
}

TEST_CASE("a trace that cannot be written leaves nothing", "[profile][trace]") {
  const TemporaryFolder folder;
  Profiler profiler(no_peak);
  exp(ones({1}));
  profiler.stop();
  const std::string missing = folder.file("no/trace.json");
  const std::string said = message_of<IoError>([&] { profiler.export_chrome_trace(missing); });
  CHECK_THAT(said, ContainsSubstring("[export_chrome_trace] " + missing));
  CHECK_THAT(said, ContainsSubstring("hint: its folder does not exist"));
  CHECK_THROWS_AS(profiler.export_chrome_trace(folder.path()), IoError);
}

TEST_CASE("what is still open is not in the trace yet", "[profile][trace]") {
  const TemporaryFolder folder;
  Profiler profiler(no_peak);
  nn::Lambda layer([&](const Tensor& x) {
    exp(x);
    profiler.export_chrome_trace(folder.file("trace.json"));
    return x;
  });
  layer(ones({1}));
  const auto events = events_of(json::parse(read_bytes(folder.file("trace.json"))));
  for (const json& event : events) CHECK(event.at("cat") == "operation");
}
