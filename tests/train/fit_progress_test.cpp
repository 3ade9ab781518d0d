#include "train/fit_progress.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "child_program.hpp"
#include "fit_support.hpp"
#include "screen.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;
using Output = ChildProgram::Output;

namespace {

struct Constant {
  std::string text;
  double value = 0;
  std::string name() const { return text; }
  void reset() {}
  void update(const Tensor&, const LongTensor&) {}
  double result() const { return value; }
  std::vector<double> state() const { return {}; }
  void load_state(const std::vector<double>&) {}
};

const Settings utf8{{"LC_ALL", "C.UTF-8"}, {"TERM", "xterm"}};

Settings with(Settings settings, const Settings& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

/// What the training alone has printed.
std::string between_marks(const std::string& output) {
  const std::size_t begin = output.find("<begin>"), end = output.find("<end>");
  REQUIRE(begin != std::string::npos);
  REQUIRE(end != std::string::npos);
  const std::size_t first = output.find('\n', begin) + 1;
  return output.substr(first, end - first);
}

std::string printed(Output output, const Settings& settings, unsigned short columns = 80) {
  ChildProgram child("a program that trains", output, settings, columns);
  return between_marks(child.read_all());
}

}  // namespace

/// Run by the tests below.
TEST_CASE("a program that trains", "[.][program]") {
  TENON_TEST_CHILD_ONLY();
  manual_seed(1);
  nn::Sequential net{nn::Linear(5, 3)};
  const Index batches = number_setting("FIT_BATCHES", 3);
  const auto points = random_points(16 * batches), held_out = random_points(16);
  std::vector<Metric> metrics;
  for (long i = 0; i < number_setting("FIT_METRICS", 0); ++i) {
    metrics.push_back(Constant{"quite_a_long_name_of_metric_" + std::to_string(i), 0.5});
  }
  Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}),
                  {.metrics = std::move(metrics)});
  FitOptions<data::Dataset> options{
      .epochs = number_setting("FIT_EPOCHS", 3), .batch_size = 16, .shuffle = false};
  if (setting("FIT_VALIDATE") == "1") options.validation = &held_out;
  options.validate_every = number_setting("FIT_VALIDATE_EVERY", 1);
  if (setting("FIT_VERBOSE") == "silent") options.verbose = Verbose::silent;
  if (setting("FIT_VERBOSE") == "lines") options.verbose = Verbose::lines;
  const auto pause = std::chrono::milliseconds(number_setting("FIT_PAUSE", 0));
  const Index poisoned = number_setting("FIT_NAN_AT", -1);
  options.callbacks = {on_step_end([&](FitState& fit) {
    std::this_thread::sleep_for(pause);
    if (fit.step == poisoned) nn::parameters(net)[0]->data()[0] = NAN;
    if (fit.step == number_setting("FIT_STOP_AT", -1)) fit.stop("enough");
    if (fit.step == number_setting("FIT_THROW_AT", -1)) throw Killed();
  })};
  std::printf("<begin>\n");
  std::fflush(stdout);
  try {
    trainer.fit(points, options);
  } catch (const Killed&) {
  }
  std::printf("<end>\n");
  std::fflush(stdout);
  std::_Exit(0);
}

TEST_CASE("A terminal shows a moving line that stays when its epoch is over",
          "[train][fit_progress]") {
  const std::string text =
      printed(Output::terminal,
              with(utf8, {{"FIT_PAUSE", "60"}, {"FIT_BATCHES", "8"}, {"FIT_VALIDATE", "1"}}), 120);
  // Moving: drawn several times an epoch, with a bar, the batches and what is left.
  CHECK_THAT(text, ContainsSubstring("epoch 1/3  [") && ContainsSubstring("=>") &&
                       ContainsSubstring("/8  ETA  0 s  ") &&
                       ContainsSubstring(" samples/s  loss "));
  Screen screen(120);
  screen.write(text);
  CHECK(screen.wraps() == 0);
  const auto lines = screen.lines();
  REQUIRE(lines.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    INFO(lines[i]);
    CHECK(lines[i].starts_with("epoch " + std::to_string(i + 1) + "/3  "));
    CHECK(lines[i].find("samples/s  loss ") == lines[0].find("samples/s  loss "));
    CHECK(lines[i].find("  val_loss ") == lines[0].find("  val_loss "));
    CHECK(lines[i].find("ETA") == std::string::npos);
    // Losses of the steps; each block is three bytes that begin like this.
    CHECK(lines[i].find("\xe2\x96") != std::string::npos);
  }
  CHECK(std::count(text.begin(), text.end(), '\n') == 3);
}

TEST_CASE("Moving lines fit into any terminal", "[train][fit_progress]") {
  for (const int columns : {1, 2, 10, 24, 40, 60, 79}) {
    INFO(columns << " columns");
    const std::string text = printed(
        Output::terminal,
        with(
            utf8,
            {{"FIT_PAUSE", "70"}, {"FIT_BATCHES", "7"}, {"FIT_EPOCHS", "1"}, {"FIT_METRICS", "3"}}),
        static_cast<unsigned short>(columns));
    // Up to the last one, which may be as long as it must.
    const std::string moving = text.substr(0, text.rfind("\r\x1b[K"));
    Screen screen(static_cast<std::size_t>(columns));
    screen.write(moving);
    CHECK(screen.wraps() == 0);
    CHECK(screen.widest() < static_cast<std::size_t>(std::max(columns, 2)));
    CHECK(screen.lines().size() <= 1);
    CHECK_THAT(text.substr(moving.size()),
               ContainsSubstring("quite_a_long_name_of_metric_2 0.5000"));
  }
}

TEST_CASE("The line follows a terminal that changes its width", "[train][fit_progress]") {
  ChildProgram child("a program that trains", Output::terminal,
                     with(utf8, {{"FIT_PAUSE", "50"}, {"FIT_BATCHES", "40"}, {"FIT_EPOCHS", "1"}}),
                     120);
  child.wait_for("ETA");
  child.resize(30);
  const std::string text = between_marks(child.read_all());
  std::vector<std::size_t> widths;
  for (std::size_t at = 0; at != std::string::npos;) {
    const std::size_t next = text.find("\r\x1b[K", at + 1);
    Screen screen(1000);
    screen.write(text.substr(at, next - at));
    widths.push_back(screen.widest());
    at = next;
  }
  REQUIRE(widths.size() >= 4);
  CHECK(widths[0] > 60);
  // The last is the epoch's own.
  for (std::size_t i = 2; i + 1 < widths.size(); ++i) CHECK(widths[i] < 30);
}

TEST_CASE("Without a UTF-8 locale all is ASCII", "[train][fit_progress]") {
  const Settings running{{"FIT_PAUSE", "60"}, {"FIT_BATCHES", "8"}, {"FIT_EPOCHS", "1"}};
  for (const char* locale : {"C", "de_DE.ISO-8859-1", ""}) {
    INFO("'" << locale << "'");
    const std::string text = printed(
        Output::terminal,
        with(running, {{"LC_ALL", locale}, {"LC_CTYPE", ""}, {"LANG", ""}, {"TERM", "xterm"}}),
        120);
    CHECK(std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
    CHECK_THAT(text, ContainsSubstring("#"));
  }
}

TEST_CASE("A pipe gets a line an epoch and nothing else", "[train][fit_progress]") {
  const auto lines_of = [](const std::string& text) {
    CHECK(text.find_first_of("\r\x1b") == std::string::npos);
    Screen screen(1000);
    screen.write(text);
    CHECK(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) ==
          screen.lines().size());
    return screen.lines();
  };
  const auto lines = lines_of(printed(
      Output::pipe,
      with(utf8, {{"FIT_EPOCHS", "12"}, {"FIT_VALIDATE", "1"}, {"FIT_VALIDATE_EVERY", "5"}})));
  REQUIRE(lines.size() == 12);
  CHECK(lines[0].starts_with("epoch  1/12  "));
  CHECK(lines[11].starts_with("epoch 12/12  "));
  for (std::size_t i = 0; i < 12; ++i) {
    INFO(lines[i]);
    CHECK((lines[i].find("val_loss") != std::string::npos) == (i == 4 || i == 9 || i == 11));
    CHECK(lines[i].find("  loss ") == lines[0].find("  loss "));
  }
  // One batch, epochs of one step, many epochs; on a terminal as well where lines are asked for.
  CHECK(lines_of(printed(Output::pipe, {{"FIT_BATCHES", "1"}, {"FIT_EPOCHS", "1"}})).size() == 1);
  CHECK(lines_of(printed(Output::pipe, {{"FIT_BATCHES", "1"}, {"FIT_EPOCHS", "300"}})).size() ==
        300);
  const std::string on_terminal =
      printed(Output::terminal, with(utf8, {{"FIT_VERBOSE", "lines"}, {"FIT_PAUSE", "100"}}), 120);
  CHECK(on_terminal.find('\x1b') == std::string::npos);
  CHECK(std::count(on_terminal.begin(), on_terminal.end(), '\n') == 3);
  const std::string dumb = printed(Output::terminal, {{"TERM", "dumb"}, {"FIT_PAUSE", "100"}}, 120);
  CHECK(dumb.find('\x1b') == std::string::npos);
}

TEST_CASE("A training that is to be silent is silent", "[train][fit_progress]") {
  const Settings silent{{"FIT_VERBOSE", "silent"}, {"FIT_PAUSE", "120"}, {"FIT_STOP_AT", "4"}};
  CHECK(printed(Output::terminal, silent).empty());
  CHECK(printed(Output::pipe, silent).empty());
}

TEST_CASE("A loss that is no number is shown as such", "[train][fit_progress]") {
  const std::string text = printed(Output::terminal, with(utf8, {{"FIT_NAN_AT", "4"}}), 120);
  Screen screen(120);
  screen.write(text);
  const auto lines = screen.lines();
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[1], ContainsSubstring("loss    nan  ") && ContainsSubstring("!"));
  CHECK(lines[2].find("loss    nan") == lines[1].find("loss    nan"));
}

TEST_CASE("The end of a training that was stopped begins a line of its own",
          "[train][fit_progress]") {
  const Settings running = with(utf8, {{"FIT_PAUSE", "120"}, {"FIT_BATCHES", "8"}});
  const auto lines_of = [&](const Settings& more) {
    const std::string text = printed(Output::terminal, with(running, more), 120);
    CHECK(text.ends_with("\n"));
    Screen screen(120);
    screen.write(text);
    return screen.lines();
  };
  const auto stopped = lines_of({{"FIT_STOP_AT", "13"}});
  REQUIRE(stopped.size() == 2);
  CHECK(stopped[0].starts_with("epoch 1/3"));
  CHECK(stopped[1] == "stopped: enough");
  const auto thrown = lines_of({{"FIT_THROW_AT", "13"}});
  REQUIRE(thrown.size() == 2);
  CHECK(thrown[1].starts_with("epoch 2/3  ["));
}

TEST_CASE("Figures take six characters where they can", "[train][fit_progress]") {
  using detail::figure_text;
  CHECK(figure_text(0) == "0.0000");
  CHECK(figure_text(0.12345) == "0.1235");
  CHECK(figure_text(0.001) == "0.0010");
  CHECK(figure_text(1) == "1.0000");
  CHECK(figure_text(9.99994) == "9.9999");
  CHECK(figure_text(9.99996) == "10.000");
  CHECK(figure_text(99.9996) == "100.00");
  CHECK(figure_text(999.996) == "1000.0");
  CHECK(figure_text(9999.96) == "10000");
  CHECK(figure_text(99999.4) == "99999");
  CHECK(figure_text(99999.6) == "1.00e+05");
  CHECK(figure_text(0.000999) == "9.99e-04");
  CHECK(figure_text(-1.5) == "-1.5000");
  CHECK(figure_text(NAN) == "nan");
  CHECK(figure_text(-NAN) == "nan");
  CHECK(figure_text(-INFINITY) == "-inf");
}

TEST_CASE("Durations and rates are rounded for people", "[train][fit_progress]") {
  using detail::clock_text;
  using detail::duration_text;
  using detail::rate_text;
  CHECK(duration_text(0) == "<1 ms");
  CHECK(duration_text(0.0006) == "1 ms");
  CHECK(duration_text(0.0994) == "99 ms");
  CHECK(duration_text(0.0996) == "0.1 s");
  CHECK(duration_text(9.94) == "9.9 s");
  CHECK(duration_text(9.96) == "10 s");
  CHECK(duration_text(59.4) == "59 s");
  CHECK(duration_text(59.6) == "1:00");
  CHECK(duration_text(187) == "3:07");
  CHECK(duration_text(3599.6) == "1:00:00");
  CHECK(duration_text(3765) == "1:02:45");
  CHECK(duration_text(360000) == "100:00:00");
  CHECK(clock_text(0.4) == "0 s");
  CHECK(clock_text(-1) == "? s");
  CHECK(clock_text(INFINITY) == "? s");
  CHECK(clock_text(NAN) == "? s");
  CHECK(rate_text(0.123) == "0.12");
  CHECK(rate_text(9.996) == "10");
  CHECK(rate_text(9999) == "9999");
  CHECK(rate_text(9999.6) == "10.0k");
  CHECK(rate_text(99960) == "100k");
  CHECK(rate_text(999600) == "1.00M");
  CHECK(rate_text(INFINITY) == "?");
}

TEST_CASE("A sparkline draws means between the least and the greatest", "[train][fit_progress]") {
  using detail::sparkline;
  CHECK(sparkline({}, 16, true).empty());
  CHECK(sparkline({3}, 16, true) == "▁");
  CHECK(sparkline({2, 2, 2}, 16, true) == "▁▁▁");
  CHECK(sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 8, true) == "▁▂▃▄▅▆▇█");
  CHECK(sparkline({7, 0}, 8, false) == "#_");
  CHECK(sparkline({0, 1, 2, 3, 4, 5, 6, 7}, 8, false) == "_.-~=+*#");
  CHECK(sparkline({0, 2, 10, 12}, 2, false) == "_#");
  CHECK(sparkline({1, 2, 3, 100, 5, 6, 7}, 3, false) == "_#_");
  CHECK(sparkline({1, NAN, 3, INFINITY}, 4, false) == "_!#!");
  CHECK(sparkline({NAN, NAN}, 4, true) == "!!");
  CHECK(sparkline({-1.7e308, 1.7e308}, 2, false) == "_#");
  CHECK(sparkline({5e-324, 0}, 2, false) == "#_");
}

TEST_CASE("A line leaves out its least important parts", "[train][fit_progress]") {
  const std::vector<detail::LinePart> parts{{"epoch", 0},    {"bar", 5},    {"loss", 1},
                                            {"accuracy", 4}, {"recall", 4}, {"▁▂▃", 7}};
  const auto line = [&](std::size_t columns) { return detail::fitted_line(parts, columns); };
  CHECK(line(80) == "epoch  bar  loss  accuracy  recall  ▁▂▃");
  CHECK(line(39) == "epoch  bar  loss  accuracy  recall  ▁▂▃");
  CHECK(line(38) == "epoch  bar  loss  accuracy  recall");
  CHECK(line(33) == "epoch  loss  accuracy  recall");
  CHECK(line(28) == "epoch  loss  accuracy");
  CHECK(line(20) == "epoch  loss");
  CHECK(line(10) == "epoch");
  CHECK(line(3) == "epo");
  CHECK(line(0).empty());
  CHECK(detail::fitted_line({{"äöü", 0}}, 2) == "äö");
}
