// The code of docs/profiling.md: each region between [name] and [/name] is quoted there, and runs
// here.

#include <tenon/tenon.hpp>

#include "catch.hpp"
#include "temporary_folder.hpp"

using namespace tenon;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Residual : nn::Module {
  nn::Conv2d conv{32, 32, 3, {.padding = 1}};

  Tensor forward(const Tensor& x) override { return relu(conv(x)) + x; }
  void visit(nn::Visitor& v) override { v("conv", conv); }
};

}  // namespace

TEST_CASE("the guide's profile", "[docs]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("trace.json");
  manual_seed(1);
  data::DataLoader loader(data::TensorDataset(rand({256, 1, 28, 28}), randint(0, 10, {256})),
                          {.batch_size = 64, .shuffle = true});
  nn::Sequential net{nn::Conv2d(1, 32, 3), nn::ReLU(),    nn::MaxPool2d(2),    Residual(),
                     nn::MaxPool2d(2),     nn::Flatten(), nn::Linear(1152, 10)};
  optim::Adam adam(net);
  std::string table;
  // [profile]
  Profiler profiler;  // listens to this thread until the scope ends, or stop()
  for (auto& [images, labels] : loader) {
    Tape tape;
    Tensor loss = cross_entropy(net(images), labels);
    adam.step(tape.gradients(loss));
  }
  profiler.stop();
  table = profiler.table(net);              // text; nothing is printed
  profiler.export_chrome_trace(path, net);  // a file for ui.perfetto.dev or chrome://tracing
  // [/profile]
  CHECK_THAT(table, ContainsSubstring("3.conv  Conv2d(32 -> 32, kernel 3, padding 1): conv2d"));
  CHECK(std::filesystem::file_size(path) > 1000);

  std::vector<std::string> slow;
  // [profile-entries]
  for (const ProfileEntry& e : profiler.entries(net)) {
    if (e.kind != ProfileEntry::Kind::layer) continue;
    if (e.total().share_of_peak() < 0.1) slow.push_back(e.layer + " " + e.description);
  }
  // [/profile-entries]
  CHECK_FALSE(slow.empty());  // nothing in Flatten takes the time that it takes
}

TEST_CASE("the guide's named range", "[docs]") {
  const Tensor images = rand({4, 1, 8, 8});
  Profiler profiler({.measure_peak = false});
  Tensor augmented;
  // [profile-scope]
  {
    ProfileScope scope("augment");
    augmented = images + 0.1 * randn(images.shape());
  }
  // [/profile-scope]
  profiler.stop();
  CHECK_THAT(profiler.table(), ContainsSubstring("augment"));
}
