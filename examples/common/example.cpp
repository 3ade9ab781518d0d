#include "example.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <fstream>
#include <nlohmann/json.hpp>

namespace example {

namespace {

/// FNV-1a of the bytes of all parameters and buffers in the order of visit().
std::string weights_hash(tenon::nn::Module& net) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const auto& entry : tenon::io::state_dict(net)) {
    entry.tensor.visit([&hash](const auto& tensor) {
      const auto values = tensor.contiguous();
      const auto* bytes = reinterpret_cast<const unsigned char*>(values.data());
      const Index count = values.numel() * static_cast<Index>(sizeof(*values.data()));
      for (Index i = 0; i < count; ++i) hash = (hash ^ bytes[i]) * 0x100000001b3;
    });
  }
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

void finish(std::ofstream& file, const std::string& path) {
  if (!file.flush()) throw tenon::IoError("[example] cannot write " + path);
}

}  // namespace

int run(int argc, char** argv, const char* description, Options options,
        void (*program)(const Options&)) {
  CLI::App app(description);
  app.option_defaults()->always_capture_default();
  app.add_option("--data", options.data, "Folder with the data (TENON_DATA_DIR, or embedded)");
  app.add_option("--epochs", options.epochs, "Passes over the training data")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--batch-size", options.batch_size, "Samples a step")->check(CLI::PositiveNumber);
  app.add_option("--lr", options.lr, "Learning rate")->check(CLI::NonNegativeNumber);
  app.add_option("--seed", options.seed, "Of the initial weights and the order of the samples");
  app.add_option("--threads", options.threads, "Threads to use (0: all)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--limit", options.limit, "Train on the first N samples only (0: all)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--json", options.json, "Write the figures to this file");
  app.add_option("--predictions", options.predictions, "Write test predictions to this CSV file");
  app.add_option("--save", options.save, "Write the weights to this safetensors file");
  app.add_option("--checkpoint", options.checkpoint,
                 "Keep the state of the training in this file, and go on from it if it is there");
  app.add_option("--checkpoint-every", options.checkpoint_every,
                 "Steps between two checkpoints (0: after every epoch)")
      ->check(CLI::NonNegativeNumber);
  if (!options.init.empty()) {
    app.add_option("--init", options.init, "Initial weights as in pytorch or keras")
        ->check(CLI::IsMember({"pytorch", "keras"}));
  }
  if (options.folds > 0) {
    app.add_option("--folds", options.folds, "Parts of the cross-validation")
        ->check(CLI::Range(2, 1000));
  }
  if (*options.flag_name != '\0') {
    app.add_flag(options.flag_name, options.flag, options.flag_text);
  }
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.threads > 0) tenon::set_num_threads(options.threads);
    program(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

Progress::Progress(const Options& options, const std::string& name)
    : epochs_(options.epochs), every_(options.checkpoint_every) {
  if (options.checkpoint.empty()) return;
  checkpoint_.emplace(options.checkpoint + (name.empty() ? "" : "." + name));
  checkpoint_->add("progress", *this);
}

std::vector<double> Progress::state() const {
  const auto number = [](Index i) { return static_cast<double>(i); };
  return {number(done_), number(batches_), number(step_), loss_sum_, loss_, total_};
}

void Progress::load_state(const std::vector<double>& state) {
  const auto index = [&](std::size_t i) { return static_cast<Index>(state.at(i)); };
  done_ = index(0);
  batches_ = index(1);
  step_ = index(2);
  loss_sum_ = state.at(3);
  loss_ = state.at(4);
  total_ = state.at(5);
}

void Progress::resume_parts() {
  if (!checkpoint_->resume()) return;
  resumed_from_step_ = step_;
  std::printf("goes on after step %lld, from %s\n", static_cast<long long>(step_),
              checkpoint_->path().c_str());
}

bool Progress::next_epoch() {
  if (is_over_) {
    is_over_ = false;
    batches_ = 0;
    loss_sum_ = 0;
    if (is_due_ || every_ == 0 || done_ >= epochs_) save();
  }
  start_ = std::chrono::steady_clock::now();
  return done_ < epochs_;
}

void Progress::add_batch(double loss) {
  loss_sum_ += loss;
  ++batches_;
  ++step_;
  is_due_ = is_due_ || (every_ > 0 && step_ % every_ == 0);
  if (is_due_ && has_loader_) save();
}

void Progress::save() {
  is_due_ = false;
  if (checkpoint_) checkpoint_->save();
}

void Progress::end_epoch() {
  last_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  total_ += last_;
  loss_ = loss_sum_ / static_cast<double>(batches_ > 0 ? batches_ : 1);
  ++done_;
  is_over_ = true;
}

void Progress::print(const std::string& note) const {
  std::printf("epoch %2lld/%lld  loss %.4f  %.2f s  %s\n", static_cast<long long>(done_),
              static_cast<long long>(epochs_), loss(), last_, note.c_str());
  std::fflush(stdout);
}

namespace {

struct Effort {
  double seconds, seconds_per_epoch;
  Index resumed_from_step;
};

void report(const Options& options, tenon::nn::Module& net, const Result& test,
            const Effort& effort) {
  if (!options.json.empty()) {
    nlohmann::ordered_json json = {{test.metric, test.accuracy},
                                   {"loss", test.loss},
                                   {"parameters", tenon::nn::count_parameters(net)},
                                   {"epochs", options.epochs},
                                   {"train_seconds", effort.seconds},
                                   {"seconds_per_epoch", effort.seconds_per_epoch},
                                   {"seed", options.seed},
                                   {"threads", tenon::num_threads()},
                                   {"weights_hash", weights_hash(net)},
                                   {"resumed_from_step", effort.resumed_from_step}};
    for (const auto& [name, figure] : test.more) json[name] = figure;
    std::ofstream file(options.json);
    file << json.dump(2) << '\n';
    finish(file, options.json);
  }
  if (!options.predictions.empty() && test.predicted.defined()) {
    std::ofstream file(options.predictions);
    file << "index,predicted,true\n";
    for (Index i = 0; i < test.predicted.numel(); ++i) {
      file << i << ',' << test.predicted(i) << ',' << test.expected(i) << '\n';
    }
    finish(file, options.predictions);
  }
  if (!options.save.empty()) tenon::io::save(net, options.save);
}

}  // namespace

void report(const Options& options, tenon::nn::Module& net, const Result& test,
            const Progress& progress) {
  report(options, net, test,
         Effort{progress.seconds(), progress.seconds_per_epoch(), progress.resumed_from_step()});
}

void report(const Options& options, tenon::nn::Module& net, const Result& test,
            const tenon::History& history) {
  double seconds = 0;
  if (history.epochs.size() > 0) {
    for (double epoch : history["seconds"]) seconds += epoch;
  }
  const auto epochs = static_cast<double>(std::max<Index>(1, history.epochs.size()));
  report(options, net, test,
         Effort{seconds, seconds / epochs, std::max<Index>(0, history.resumed_from_step)});
}

std::string checkpoint_of(const Options& options, Index training) {
  if (options.checkpoint.empty()) return "";
  return options.checkpoint + "." + std::to_string(training + 1);
}

std::string percent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f %%", 100 * fraction);
  return text;
}

}  // namespace example
