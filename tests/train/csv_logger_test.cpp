#include "tenon/train/csv_logger.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "fit_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("CsvLogger writes a row an epoch, which is there at once", "[train][csv_logger]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("new/folder/log.csv");
  CsvLogger logger(path);
  FakeFit fit;
  logger.on_fit_begin(fit);
  CHECK(read_bytes(path).empty());
  fit.run_epoch(logger, {{"loss", 0.1}, {"a \"b\", c", 2}});
  CHECK(read_bytes(path) == "epoch,loss,\"a \"\"b\"\", c\"\n1,0.1,2\n");
  fit.run_epoch(logger, {{"loss", NAN}, {"a \"b\", c", INFINITY}});
  CHECK(read_bytes(path) == "epoch,loss,\"a \"\"b\"\", c\"\n1,0.1,2\n2,,inf\n");
  // A column that comes later.
  fit.run_epoch(logger, {{"loss", 1e-20}, {"val_loss", 0.25}});
  const std::string whole =
      "epoch,loss,\"a \"\"b\"\", c\",val_loss\n1,0.1,2,\n2,,inf,\n3,1e-20,,0.25\n";
  CHECK(read_bytes(path) == whole);
  logger.on_fit_end(fit);

  FakeFit other;
  CsvLogger appending(path, {.append = true});
  appending.on_fit_begin(other);
  other.run_epoch(appending, {{"loss", 5}, {"new", 6}});
  CHECK(read_bytes(path) == whole + "1,5,,\n");
  other.run_epoch(appending, {{"loss", 4}, {"val_loss", 3}});
  CHECK(read_bytes(path) == whole + "1,5,,\n2,4,,3\n");
  REQUIRE(other.history.warnings.size() == 1);
  CHECK(other.history.warnings[0] == path + " has no column for: new");

  // The next training without append begins anew.
  FakeFit last;
  logger.on_fit_begin(last);
  last.run_epoch(logger, {{"loss", 1}});
  CHECK(read_bytes(path) == "epoch,loss\n1,1\n");
}

TEST_CASE("CsvLogger appends whole rows to what it finds", "[train][csv_logger]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("log.csv");
  const auto appended = [&](const std::string& before) {
    write_bytes(path, before);
    CsvLogger logger(path, {.append = true});
    FakeFit fit;
    logger.on_fit_begin(fit);
    fit.run_epoch(logger, {{"loss", 1}});
    return read_bytes(path);
  };
  CHECK(appended("") == "epoch,loss\n1,1\n");
  CHECK(appended("epoch,loss\n1,3\n2,2") == "epoch,loss\n1,3\n2,2\n1,1\n");
  CHECK(appended("epoch,x,loss\r\n1,2,3\r\n") == "epoch,x,loss\r\n1,2,3\r\n1,,1\n");
  CHECK(appended("epoch,\"x\"\"y\",\"loss\"\n") == "epoch,\"x\"\"y\",\"loss\"\n1,,1\n");
  CHECK_THAT(message_of<IoError>([&] { appended("time,loss\n"); }),
             ContainsSubstring("log.csv: its first column is 'time', not 'epoch'"));
  CHECK(read_bytes(path) == "time,loss\n");
}

TEST_CASE("Epochs that are trained again after a kill are in the file once",
          "[train][csv_logger]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("log.csv");
  const auto train = [&](const std::string& checkpoint, Index killed_at, bool append) {
    manual_seed(4);
    nn::Sequential net = point_net();
    const auto points = random_points(48), held_out = random_points(16);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::SGD(net, {.lr = 0.1}));
    FitOptions<data::Dataset> options{.epochs = 6,
                                      .batch_size = 16,
                                      .seed = 1,
                                      .validation = &held_out,
                                      .validate_every = 4,
                                      .verbose = Verbose::silent,
                                      .checkpoint = checkpoint,
                                      .checkpoint_every = 4};
    options.callbacks = {CsvLogger(path, {.append = append}), kill_at_step(killed_at)};
    return trainer.fit(points, options);
  };
  const auto csv_of = [&](const History& history) {
    history.save_csv(folder.file("expected.csv"));
    return read_bytes(folder.file("expected.csv"));
  };
  // The last checkpoint is from the middle of epoch 2, 3 or 5; rows of later epochs are there.
  for (Index killed_at : {Index{7}, Index{11}, Index{17}}) {
    INFO("killed at step " << killed_at);
    const std::string checkpoint = folder.file("run" + std::to_string(killed_at));
    CHECK_THROWS_AS(train(checkpoint, killed_at, false), Killed);
    // Such as a machine that lost its power leaves behind.
    if (killed_at == 11) write_bytes(path, "epoch,lo");
    const History history = train(checkpoint, -1, false);
    REQUIRE(history.resumed_from_step > 0);
    CHECK(read_bytes(path) == csv_of(history));
  }
  // Rows of an earlier run stay, once.
  const std::string earlier = "epoch,loss,learning_rate\n1,9,9\n";
  write_bytes(path, earlier);
  CHECK_THROWS_AS(train(folder.file("appending"), 17, true), Killed);
  const History history = train(folder.file("appending"), -1, true);
  // Numbers are compared as such: the file has the shortest text of each.
  const std::string found = read_bytes(path);
  CHECK(std::count(found.begin(), found.end(), '\n') == 8);
  CHECK(found.starts_with(earlier + "1,"));
  for (std::size_t i = 0; i < 6; ++i) {
    const std::size_t at = found.find("\n" + std::to_string(i + 1) + ",", earlier.size() - 1);
    REQUIRE(at != std::string::npos);
    CHECK(std::stod(found.substr(at + 3)) == history["loss"][i]);
  }
}

TEST_CASE("CsvLogger says which file it cannot write", "[train][csv_logger]") {
  const TemporaryFolder folder;
  CHECK_THAT(message_of<ValueError>([] { CsvLogger(""); }),
             ContainsSubstring("[CsvLogger] the path of the file is empty"));
  FakeFit fit;
  CHECK_THAT(message_of<IoError>([&] { CsvLogger(folder.path()).on_fit_begin(fit); }),
             ContainsSubstring("cannot be opened for writing"));
  write_bytes(folder.file("file"), "x");
  CHECK_THAT(message_of<IoError>([&] { CsvLogger(folder.file("file/log.csv")).on_fit_begin(fit); }),
             ContainsSubstring("its folder cannot be made"));
}
