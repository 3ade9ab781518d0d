#include "tenon/train/model_checkpoint.hpp"

#include <cmath>
#include <filesystem>
#include <set>
#include <string>

#include "catch.hpp"
#include "fit_support.hpp"
#include "invariants/training_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::set<std::string> files_of(const TemporaryFolder& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

}  // namespace

TEST_CASE("ModelCheckpoint fills in the epoch and figures of its path",
          "[train][model_checkpoint]") {
  const TemporaryFolder folder;
  const auto name_of = [&](const std::string& path) {
    ModelCheckpoint checkpoint(folder.file(path));
    FakeFit fit;
    fit.epoch = 6;
    fit.run_epoch(checkpoint, {{"loss", 0.123456}, {"accuracy", 12345.678}});
    return checkpoint.last_path().substr(folder.path().size() + 1);
  };
  CHECK(name_of("plain") == "plain");
  CHECK(name_of("{epoch}") == "7");
  CHECK(name_of("a{epoch:03d}b") == "a007b");
  CHECK(name_of("{epoch:02}-{epoch:d}") == "07-7");
  CHECK(name_of("{loss}") == "0.1235");
  CHECK(name_of("{loss:.2f}_{accuracy:.0f}") == "0.12_12346");
  CHECK(name_of("{loss:08.3f}") == "0000.123");
  CHECK(name_of("{accuracy:.3e}") == "1.235e+04");
  CHECK(name_of("at-{epoch}/w.safetensors") == "at-7/w.safetensors");
  CHECK_FALSE(std::filesystem::exists(folder.file("at-{epoch}")));
}

TEST_CASE("ModelCheckpoint saves what it is asked to", "[train][model_checkpoint]") {
  const auto saved = [](const ModelCheckpointOptions& options) {
    const TemporaryFolder folder;
    ModelCheckpoint checkpoint(folder.file("{epoch}"), options);
    FakeFit fit;
    fit.has_validation = true;
    checkpoint.on_fit_begin(fit);
    for (double loss : {double{NAN}, 3.0, 2.0, 2.0, 2.5, 1.0}) {
      fit.is_validated = fit.epoch != 5;
      fit.run_epoch(checkpoint, {{"val_loss", loss}, {"val_accuracy", -loss}});
    }
    return files_of(folder);
  };
  using Names = std::set<std::string>;
  CHECK(saved({}) == Names{"1", "2", "3", "4", "5", "6"});
  CHECK(saved({.save_every = 2}) == Names{"2", "4", "6"});
  CHECK(saved({.save_best_only = true}) == Names{"2", "3"});
  CHECK(saved({.monitor = "val_accuracy", .save_best_only = true}) == Names{"2", "3"});
  CHECK(saved({.save_best_only = true, .mode = MonitorMode::max}) == Names{"2"});
  CHECK(saved({.save_best_only = true, .save_every = 4}) == Names{"4"});
}

TEST_CASE("The best net of a training is in its file, also after a kill",
          "[train][model_checkpoint]") {
  const TemporaryFolder folder;
  const std::string best_path = folder.file("best.safetensors");
  const auto train = [&](const std::string& checkpoint, Index killed_at) {
    manual_seed(4);
    nn::Sequential net = point_net();
    const auto points = random_points(60), held_out = random_points(20);
    Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 0.05}));
    const auto saving = std::make_shared<ModelCheckpoint>(
        best_path, ModelCheckpointOptions{.save_best_only = true});
    FitOptions<data::Dataset> options{.epochs = 12,
                                      .batch_size = 16,
                                      .seed = 1,
                                      .validation = &held_out,
                                      .callbacks = {saving, kill_at_step(killed_at)},
                                      .verbose = Verbose::silent,
                                      .checkpoint = checkpoint,
                                      .checkpoint_every = 3};
    const History history = trainer.fit(points, options);
    CHECK(saving->best() == *std::ranges::min_element(history["val_loss"]));
    CHECK(saving->last_path() == best_path);
    io::load(net, best_path);
    CHECK(trainer.evaluate(held_out)["loss"] == Approx(saving->best()).epsilon(1e-6));
    const auto epoch = std::ranges::min_element(history["val_loss"]) - history["val_loss"].begin();
    CHECK(io::load_safetensors(best_path).metadata.at("epoch") == std::to_string(epoch + 1));
    return weights_hash(net);
  };
  const std::uint64_t whole = train("", -1);
  CHECK_THROWS_AS(train(folder.file("run"), 40), Killed);
  CHECK(train(folder.file("run"), -1) == whole);
}

TEST_CASE("ModelCheckpoint says what is wrong with a path", "[train][model_checkpoint]") {
  const auto said = [](const std::string& path, const ModelCheckpointOptions& options = {}) {
    return message_of<ValueError>([&] { ModelCheckpoint(path, options); });
  };
  CHECK_THAT(said(""), ContainsSubstring("[ModelCheckpoint] the path of the file is empty"));
  for (const char* path : {"a{epoch", "a}b", "{{epoch}}", "{loss}}", "{"}) {
    INFO(path);
    CHECK_THAT(said(path), ContainsSubstring("has a brace without its partner"));
  }
  for (const char* path :
       {"{epoch:.2f}", "{epoch:f}", "{epoch:x}", "{epoch: d}", "{epoch:0000000d}"}) {
    INFO(path);
    CHECK_THAT(said(path), ContainsSubstring("is no format of an integer; hint: {epoch:03d}"));
  }
  for (const char* path : {"{loss:d}", "{loss:s}", "{loss:%n}", "{loss:*.2f}", "{loss:.2fs}"}) {
    INFO(path);
    CHECK_THAT(said(path), ContainsSubstring("is no format of a number; hint: {val_loss:.4f}"));
  }
  CHECK_THAT(said("x", {.save_every = 0}),
             ContainsSubstring("save_every must be at least 1, not 0"));

  const TemporaryFolder folder;
  FakeFit fit;
  ModelCheckpoint unknown(folder.file("{acc}"));
  CHECK_THAT(message_of<ValueError>([&] {
               fit.run_epoch(unknown, {{"loss", 1}});
             }),
             ContainsSubstring("[ModelCheckpoint] there is no 'acc' to monitor; there are 'loss'"));
  ModelCheckpoint best(folder.file("best"), {.save_best_only = true});
  CHECK_THAT(message_of<ValueError>([&] {
               fit.run_epoch(best, {{"loss", 1}});
             }),
             ContainsSubstring("there is no 'val_loss'"));
  CHECK(files_of(folder).empty());
}
