#include "tenon/train/tensorboard.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "allocation_counter.hpp"
#include "catch.hpp"
#include "fit_support.hpp"
#include "temporary_folder.hpp"
#include "train/event_file.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Json = nlohmann::json;

namespace {

bool has_python() { return std::system("python3 -c pass >/dev/null 2>&1") == 0; }

/// What another reader finds in a folder of event files; null where it cannot read them.
Json read_events(const std::string& folder) {
  const std::string command =
      "python3 '" TENON_TEST_DATA_DIR "/../train/read_events.py' '" + folder + "'";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[4096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe))
    text.append(buffer, got);
  return ::pclose(pipe) == 0 ? Json::parse(text) : Json();
}

/// The values of a tag, whose steps must be first, first + stride, ...
std::vector<double> series(const Json& events, const std::string& tag, int first = 1,
                           int stride = 1) {
  std::vector<double> values;
  for (const auto& entry : events.at("values").at(tag)) {
    CHECK(entry[0] == first + stride * static_cast<int>(values.size()));
    values.push_back(entry[1]);
  }
  return values;
}

std::vector<double> as_floats(std::vector<double> values) {
  for (double& value : values) value = static_cast<double>(static_cast<float>(value));
  return values;
}

}  // namespace

TEST_CASE("The checksum is RFC 3720's", "[train][tensorboard]") {
  CHECK(detail::crc32c("123456789") == 0xe3069283u);
  CHECK(detail::crc32c("") == 0);
  CHECK(detail::crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(detail::crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  CHECK(detail::crc32c(ascending) == 0x46dd794eu);
}

TEST_CASE("Another reader finds what the training wrote", "[train][tensorboard]") {
  if (!has_python()) TENON_TEST_SKIP("python3 is missing");
  const TemporaryFolder folder;
  manual_seed(4);
  nn::Sequential net{nn::Linear(5, 3), nn::BatchNorm1d(3)};
  const auto points = random_points(48), held_out = random_points(16);
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
  const std::string log_dir = folder.file("logs/run");
  FitOptions<data::Dataset> options{.epochs = 4, .batch_size = 16, .verbose = Verbose::silent};
  options.validation = &held_out;
  options.callbacks = {TensorBoard(log_dir, {.histogram_freq = 2, .update_freq = 3}),
                       // The files can be read at any moment.
                       on_epoch_end([&](FitState& fit) {
                         CHECK(series(read_events(log_dir + "/train"), "epoch_loss") ==
                               as_floats(fit.history["loss"]));
                       })};
  const History history = trainer.fit(points, options);

  const Json train = read_events(log_dir + "/train");
  CHECK(train.at("files") == 1);
  for (const char* name : {"loss", "seconds", "samples_per_second", "learning_rate"}) {
    CHECK(series(train, "epoch_" + std::string(name)) == as_floats(history[name]));
  }
  CHECK_FALSE(train.at("values").contains("epoch_val_loss"));
  const Json validation = read_events(log_dir + "/validation");
  CHECK(series(validation, "epoch_loss") == as_floats(history["val_loss"]));
  CHECK(validation.at("values").size() == 1);
  const Json steps = read_events(log_dir + "/steps");
  const auto losses = history.steps["loss"];
  CHECK(series(steps, "batch_loss", 3, 3) ==
        as_floats({losses[2], losses[5], losses[8], losses[11]}));
  CHECK(series(steps, "batch_learning_rate", 3, 3) == as_floats({0.1, 0.1, 0.1, 0.1}));
  const std::vector<double> times = train.at("wall_times");
  CHECK(std::ranges::is_sorted(times));
  CHECK(std::fabs(times.back() - static_cast<double>(std::time(nullptr))) < 100);

  // The histograms of epochs 2 and 4, of weights and buffers that are numbers with a point.
  const Json histograms = train.at("values").at("0.weight");
  REQUIRE(histograms.size() == 2);
  CHECK(histograms[0][0] == 2);
  const Json& last = histograms[1][1];
  const Tensor& weight = *nn::parameters(net)[0];
  double sum = 0, low = INFINITY, high = -INFINITY;
  for (Index i = 0; i < weight.numel(); ++i) {
    const double w = static_cast<double>(weight.data()[i]);
    sum += w;
    low = std::min(low, w);
    high = std::max(high, w);
  }
  CHECK(last.at("num") == 15);
  CHECK(last.at("sum").get<double>() == Approx(sum));
  CHECK(last.at("min") == low);
  CHECK(last.at("max") == high);
  CHECK(train.at("values").contains("1.running_mean"));
}

TEST_CASE("Histograms count every finite value in its bin", "[train][tensorboard]") {
  if (!has_python()) TENON_TEST_SKIP("python3 is missing");
  const TemporaryFolder folder;
  const double inf = INFINITY, huge = std::numeric_limits<double>::max();
  const std::vector<std::vector<double>> sets{{0, 1, 2, 3, 29, 30, 30, 15.5}, {-7.25, -7.25},
                                              {NAN, inf, 1, -inf, 2},         {-huge, 0, huge},
                                              {1, 1 + 1e-16, 1 + 3e-16},      {5e-324, 0}};
  {
    detail::EventFile file(folder.path());
    Index step = 1;
    for (const auto& set : sets) file.histogram("h", step++, set.data(), std::ssize(set));
    const double nothing[] = {NAN, inf};
    file.histogram("none", 1, nothing, 2);
    file.histogram("empty", 1, nothing, 0);
    const float floats[] = {1, 2};
    file.histogram("floats", 1, floats, 2);
  }
  const Json values = read_events(folder.path()).at("values");
  CHECK_FALSE(values.contains("none"));
  CHECK_FALSE(values.contains("empty"));
  CHECK(values.at("floats")[0][1].at("sum") == 3);
  for (std::size_t s = 0; s < sets.size(); ++s) {
    INFO("set " << s);
    const Json& found = values.at("h")[s][1];
    const std::vector<double> limits = found.at("limits"), counts = found.at("counts");
    REQUIRE(limits.size() == counts.size());
    CHECK(std::ranges::is_sorted(limits));
    CHECK(limits.back() == found.at("max").get<double>());
    double total = 0;
    for (double count : counts) total += count;
    double finite = 0;
    for (double value : sets[s]) finite += std::isfinite(value) ? 1 : 0;
    CHECK(total == finite);
    CHECK(found.at("num") == finite);
  }
  const std::vector<double> counts = values.at("h")[0][1].at("counts");
  REQUIRE(counts.size() == 30);
  CHECK(counts[0] == 1);
  CHECK(counts[15] == 1);
  CHECK(counts[29] == 3);
  CHECK(values.at("h")[5][1].at("counts")[29] == 1);
}

TEST_CASE("A training that is resumed takes back what it trains again", "[train][tensorboard]") {
  if (!has_python()) TENON_TEST_SKIP("python3 is missing");
  const TemporaryFolder folder;
  const auto train = [&](Index killed_at) {
    manual_seed(4);
    nn::Sequential net = point_net();
    const auto points = random_points(48), held_out = random_points(16);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
    FitOptions<data::Dataset> options{.epochs = 6,
                                      .batch_size = 16,
                                      .seed = 1,
                                      .validation = &held_out,
                                      .verbose = Verbose::silent,
                                      .checkpoint = folder.file("run.ckpt"),
                                      .checkpoint_every = 4};
    options.callbacks = {TensorBoard(folder.path(), {.update_freq = 1}), kill_at_step(killed_at)};
    return trainer.fit(points, options);
  };
  CHECK_THROWS_AS(train(11), Killed);
  CHECK_THROWS_AS(train(16), Killed);
  const History history = train(-1);
  REQUIRE(history.resumed_from_step == 12);
  const Json events = read_events(folder.file("train"));
  CHECK(events.at("files") == 3);
  CHECK(series(events, "epoch_loss") == as_floats(history["loss"]));
  CHECK(series(read_events(folder.file("validation")), "epoch_loss") ==
        as_floats(history["val_loss"]));
  CHECK(series(read_events(folder.file("steps")), "batch_loss") ==
        as_floats(history.steps["loss"]));
}

TEST_CASE("Tags of any length and steps of any size are read back", "[train][tensorboard]") {
  if (!has_python()) TENON_TEST_SKIP("python3 is missing");
  const TemporaryFolder folder;
  const std::string long_tag(20000, 'x');
  {
    detail::EventFile file(folder.path());
    file.scalar(long_tag, 1, 0.5);
    file.scalar("Größe", Index{1} << 40, -1e30);
    file.scalar("zero", 0, 0);
    file.scalar("nan", 127, NAN);
    file.scalar("huge", 128, 1e300);
  }
  const Json values = read_events(folder.path()).at("values");
  CHECK(values.at(long_tag)[0] == Json{1, 0.5});
  CHECK(values.at("Größe")[0][0] == std::int64_t{1} << 40);
  CHECK(values.at("Größe")[0][1].get<double>() == static_cast<double>(-1e30f));
  CHECK(values.at("zero")[0] == Json{0, 0.0});
  CHECK(values.at("nan")[0] == Json{127, "nan"});
  CHECK(values.at("huge")[0] == Json{128, "inf"});
}

TEST_CASE("A warm step of TensorBoard allocates nothing", "[train][tensorboard]") {
  if (!can_count_allocations()) TENON_TEST_SKIP("allocations are not counted under a sanitizer");
  const TemporaryFolder folder;
  TensorBoard board(folder.path(), {.update_freq = 1});
  FakeFit fit;
  board.on_fit_begin(fit);
  const auto step = [&] {
    ++fit.step;
    board.on_step_end(fit);
  };
  for (int i = 0; i < 3; ++i) step();
  const AllocationCounter counter;
  for (int i = 0; i < 100; ++i) step();
  CHECK(counter.count() == 0);
}

TEST_CASE("TensorBoard refuses what it cannot write", "[train][tensorboard]") {
  CHECK_THAT(message_of<ValueError>([] { TensorBoard(""); }),
             ContainsSubstring("[TensorBoard] log_dir is empty"));
  CHECK_THAT(message_of<ValueError>([] { TensorBoard("logs", {.histogram_freq = -1}); }),
             ContainsSubstring("histogram_freq -1 and update_freq 0 must not be negative"));
  const TemporaryFolder folder;
  write_bytes(folder.file("file"), "x");
  FakeFit fit;
  CHECK_THAT(message_of<IoError>([&] { TensorBoard(folder.file("file")).on_fit_begin(fit); }),
             ContainsSubstring("[TensorBoard]") && ContainsSubstring("its folder cannot be made"));
}
