#include "tenon/train/checkpoint.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "invariants/training_support.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using namespace tenon::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// All that a run consists of.
struct Run {
  nn::Sequential net;
  optim::Adam adam;
  data::DataLoader<Tensor, LongTensor> loader;
  Index step = 0;
  double best = 0;

  explicit Run(std::uint64_t seed, Index features = 5)
      : net(make_net(seed, features)),
        adam(net, {.lr = 1e-2}),
        loader(same_points(features), {.batch_size = 8, .shuffle = true, .seed = seed}) {}

  static data::TensorDataset<Tensor, LongTensor> same_points(Index features) {
    const RandomKey generator = default_generator().state();
    manual_seed(100);
    data::TensorDataset<Tensor, LongTensor> points(randn({40, features}), randint(0, 3, {40}));
    default_generator().set_state(generator);
    return points;
  }

  static nn::Sequential make_net(std::uint64_t seed, Index features) {
    manual_seed(seed);
    return nn::Sequential{nn::Linear(features, 6), nn::BatchNorm1d(6), nn::ReLU(), nn::Dropout(0.4),
                          nn::Linear(6, 3)};
  }

  void add_to(Checkpoint& checkpoint) {
    checkpoint.add("net", net);
    checkpoint.add("optimizer", adam);
    checkpoint.add("loader", loader);
    checkpoint.add("step", step);
    checkpoint.add("best", best);
  }

  /// Up to `last` steps in all, from wherever the run stands.
  void train_until(Index last) {
    while (step < last) {
      for (auto& [x, labels] : loader) {
        Tape tape;
        const Tensor loss = cross_entropy(net(x), labels);
        adam.step(tape.gradients(loss));
        best = std::max(best, static_cast<double>(loss.item()));
        if (++step == last) break;
      }
    }
  }
};

std::string saved_file(const TemporaryFolder& folder) {
  const std::string path = folder.file("run.ckpt");
  Run run(1);
  run.train_until(7);
  Checkpoint checkpoint(path);
  run.add_to(checkpoint);
  checkpoint.save();
  return path;
}

}  // namespace

TEST_CASE("A run goes on from a checkpoint with the bits of one that was never stopped",
          "[train][checkpoint]") {
  TemporaryFolder folder;
  Run whole(1);
  whole.train_until(17);
  // In the middle of the second epoch, which has five batches.
  const std::string path = saved_file(folder);

  Run resumed(2);  // other weights, another order, another generator: all of it must be replaced
  rand({3});
  Checkpoint checkpoint(path);
  resumed.add_to(checkpoint);
  REQUIRE(checkpoint.resume());
  CHECK(resumed.step == 7);
  resumed.train_until(17);
  CHECK(weights_hash(resumed.net) == weights_hash(whole.net));
  CHECK(resumed.best == whole.best);
  CHECK(default_generator().state().stream > 0);
}

TEST_CASE("Without a file there is nothing to resume", "[train][checkpoint]") {
  TemporaryFolder folder;
  Run run(1);
  const std::uint64_t before = weights_hash(run.net);
  Checkpoint checkpoint(folder.file("none"));
  run.add_to(checkpoint);
  CHECK_FALSE(checkpoint.exists());
  CHECK_FALSE(checkpoint.resume());
  CHECK(weights_hash(run.net) == before);
  CHECK_THAT(message_of<IoError>([&] { checkpoint.load(); }),
             ContainsSubstring("cannot be opened"));
}

TEST_CASE("A checkpoint can be read as a safetensors file", "[train][checkpoint]") {
  TemporaryFolder folder;
  const io::TensorDict found = io::load_safetensors(saved_file(folder));
  CHECK(found.metadata.at("tenon_checkpoint") == "1");
  CHECK(found.metadata.at("crc32").size() == 8);
  CHECK(found.get<float>("net/0.weight").shape() == Shape{6, 5});
  CHECK(found.contains("optimizer/0.weight.exp_avg"));
  CHECK(found.get<std::int64_t>("step/value").item() == 7);
}

TEST_CASE("A checkpoint of another run changes nothing", "[train][checkpoint]") {
  TemporaryFolder folder;
  const std::string path = saved_file(folder);
  const auto said = [&](Run& run, const auto& add) {
    const std::uint64_t before = weights_hash(run.net);
    const RandomKey generator = default_generator().state();
    const Index step = run.step;
    Checkpoint checkpoint(path);
    add(checkpoint);
    const std::string message = message_of<Error>([&] { checkpoint.load(); });
    CHECK(weights_hash(run.net) == before);
    CHECK(run.step == step);
    CHECK(run.adam.learning_rate() == 1e-2);
    CHECK(default_generator().state().stream == generator.stream);
    return message;
  };
  {
    Run wide(1, 6);
    CHECK_THAT(said(wide, [&](Checkpoint& c) { wide.add_to(c); }),
               ContainsSubstring("0.weight: the module has (6, 6), the file (6, 5)"));
  }
  {
    // The net comes before the part that does not fit.
    Run run(1);
    optim::SGD sgd(run.net, {.lr = 0.1});
    CHECK_THAT(said(run,
                    [&](Checkpoint& c) {
                      c.add("step", run.step);
                      c.add("net", run.net);
                      c.add("optimizer", sgd);
                      c.add("loader", run.loader);
                      c.add("best", run.best);
                    }),
               ContainsSubstring("[SGD] the state holds"));
  }
  {
    Run run(1);
    CHECK_THAT(said(run, [&](Checkpoint& c) { c.add("net", run.net); }),
               ContainsSubstring("but no part of that name was added"));
  }
  {
    Run run(1);
    Index more = 0;
    CHECK_THAT(said(run,
                    [&](Checkpoint& c) {
                      run.add_to(c);
                      c.add("more", more);
                    }),
               ContainsSubstring("value"));
  }
}

TEST_CASE("A file that is no checkpoint is refused", "[train][checkpoint]") {
  TemporaryFolder folder;
  Run run(1);
  const std::string path = folder.file("weights");
  Checkpoint checkpoint(path);
  run.add_to(checkpoint);
  io::save(run.net, path);
  CHECK_THAT(message_of<IoError>([&] { checkpoint.load(); }),
             ContainsSubstring("is a safetensors file, but no checkpoint of Tenon"));
  io::save_safetensors(path, {}, {{"tenon_checkpoint", "2"}}, {.checksum = true});
  CHECK_THAT(message_of<IoError>([&] { checkpoint.load(); }),
             ContainsSubstring("has version 2 of the format; this library reads version 1"));
  write_bytes(path, "");
  CHECK_THAT(message_of<IoError>([&] { checkpoint.load(); }),
             ContainsSubstring("has only 0 bytes"));
  write_bytes(path, std::string(5000, 'x'));
  CHECK_THAT(message_of<IoError>([&] { checkpoint.load(); }), ContainsSubstring(path));
}

TEST_CASE("Parts need names of their own", "[train][checkpoint]") {
  Index a = 0, b = 0;
  Checkpoint checkpoint("x");
  checkpoint.add("a", a);
  CHECK_THAT(message_of<ValueError>([&] { checkpoint.add("a", b); }),
             ContainsSubstring("there is a part called 'a' already"));
  for (const char* name : {"", "a/b", "random_generator"}) {
    CHECK_THAT(message_of<ValueError>([&] { checkpoint.add(name, b); }),
               ContainsSubstring("cannot name a part"));
  }
  CHECK_THAT(message_of<ValueError>([] { Checkpoint(""); }),
             ContainsSubstring("the path of the file is empty"));
}

TEST_CASE("resume() removes what processes that are gone left behind", "[train][checkpoint]") {
  TemporaryFolder folder;
  const std::string path = saved_file(folder);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  REQUIRE(child > 0);
  ::waitpid(child, nullptr, 0);
  const std::string dead = path + ".tmp-" + std::to_string(child) + "-0";
  const std::string alive = path + ".tmp-" + std::to_string(::getpid()) + "-77";
  const std::string other = path + ".tmp-notes";
  for (const std::string& file : {dead, alive, other}) write_bytes(file, "x");
  Run run(1);
  Checkpoint checkpoint(path);
  run.add_to(checkpoint);
  CHECK(checkpoint.resume());
  CHECK_FALSE(std::filesystem::exists(dead));
  CHECK(std::filesystem::exists(alive));
  CHECK(std::filesystem::exists(other));
}

TEST_CASE("Ten thousand damaged checkpoints give ten thousand errors and change nothing",
          "[train][checkpoint]") {
  TemporaryFolder folder;
  const std::string good = read_bytes(saved_file(folder));
  const std::string path = folder.file("damaged");
  Run run(1);
  Checkpoint checkpoint(path);
  run.add_to(checkpoint);
  const std::uint64_t before = weights_hash(run.net);
  const RandomKey generator = default_generator().state();

  std::mt19937 random(5);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int errors = 0, unchanged = 0;
  for (int i = 0; i < 10000; ++i) {
    std::string bytes = good;
    switch (i % 5) {
      case 0:  // one bit
        bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
        break;
      case 1:  // one bit of what describes the rest
        bytes[below(std::min<std::size_t>(bytes.size(), 2500))] ^= static_cast<char>(1 << below(8));
        break;
      case 2:
        bytes.resize(below(bytes.size()));
        break;
      case 3:
        bytes.insert(below(bytes.size() + 1), 1 + below(40), static_cast<char>(random()));
        break;
      default: {  // a run of bytes from elsewhere in the file
        const std::size_t length = 1 + below(64), to = below(bytes.size() - length);
        bytes.replace(to, length, good.substr(below(bytes.size() - length), length));
        if (bytes == good) bytes[to] ^= 1;
      }
    }
    std::filesystem::remove(path);  // some file systems flush a file that is written over
    write_bytes(path, bytes);
    const std::string message = message_of<Error>([&] { checkpoint.load(); });
    errors += message.find(path) != std::string::npos ? 1 : 0;
    if (message.empty()) WARN("damage " << i << " went unnoticed");
  }
  unchanged += weights_hash(run.net) == before ? 1 : 0;
  unchanged += default_generator().state().stream == generator.stream ? 1 : 0;
  CHECK(errors == 10000);
  CHECK(unchanged == 2);
}

TEST_CASE("Saving into a folder that is not there leaves no file and says so",
          "[train][checkpoint]") {
  TemporaryFolder folder;
  Run run(1);
  Checkpoint checkpoint(folder.file("no/where"));
  run.add_to(checkpoint);
  CHECK_THAT(message_of<IoError>([&] { checkpoint.save(); }),
             ContainsSubstring("its folder does not exist"));
}
