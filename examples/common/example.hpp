#pragma once

// What all examples share and none is about: options of the command line, timing, the report at the
// end. A reader may skip this file: nothing here is needed to use Tenon.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <tenon/tenon.hpp>
#include <utility>
#include <vector>

namespace example {

using tenon::Index;

/// What the command line sets; each example states its own defaults.
struct Options {
  Index epochs = 1;
  Index batch_size = 32;
  double lr = 1e-3;
  Index folds = 0;  ///< parts of a cross-validation; 0 where the example makes none
  std::uint64_t seed = 1;
  int threads = 0;  ///< 0: as the library decides
  Index limit = 0;  ///< train on the first so many samples; 0: on all
  /// Initial weights, pytorch or keras; "" where the example offers no choice.
  std::string init = {};
  std::string data = {}, json = {}, predictions = {}, save = {};
  std::string checkpoint = {};
  Index checkpoint_every = 0;  ///< steps; 0: after every epoch
  const char* flag_name = "";  ///< of a switch that only this example has, "" for none
  const char* flag_text = "";  ///< what --help says of it
  bool flag = false;           ///< whether it was given
};

/// Parses the command line over the example's defaults and runs it. What goes wrong is one line on
/// stderr and exit code 1.
int run(int argc, char** argv, const char* description, Options options,
        void (*program)(const Options&));

/// Counts epochs and steps, measures the training alone (not what happens between epochs) and keeps
/// --checkpoint up to date:
///
///   example::Progress progress(options);
///   progress.resume(net, adam, loader);
///   while (progress.next_epoch()) {
///     for (auto& [x, y] : loader) {
///       ...
///       progress.add_batch(loss.item());
///     }
///     progress.end_epoch();
///     progress.print();
///   }
class Progress {
 public:
  /// name: told apart by it are the checkpoints of a program that trains several nets.
  explicit Progress(const Options& options, const std::string& name = "");

  /// What a checkpoint holds besides this progress; goes on from the file if it is there. Without a
  /// loader among the parts it is written after whole epochs only.
  template <class... Parts>
  void resume(Parts&... parts) {
    if (!checkpoint_) return;
    Index number = 0;
    (checkpoint_->add("part" + std::to_string(number++), parts), ...);
    has_loader_ = (tenon::detail::HasLoaderState<Parts> || ...);
    resume_parts();
  }

  /// Starts the next epoch, or goes on with the one that a checkpoint was written in. False behind
  /// the last one.
  bool next_epoch();
  void add_batch(double loss);
  void end_epoch();
  /// After end_epoch(); note: what else there is to say, "" for nothing.
  void print(const std::string& note = "") const;

  /// Steps so far, over all epochs.
  Index step() const { return step_; }
  /// Epochs so far.
  Index epoch() const { return done_; }
  /// Mean of the losses of the last epoch.
  double loss() const { return loss_; }
  double seconds() const { return total_; }
  double seconds_per_epoch() const { return total_ / static_cast<double>(done_ > 0 ? done_ : 1); }
  Index resumed_from_step() const { return resumed_from_step_; }

  std::vector<double> state() const;
  void load_state(const std::vector<double>& state);

 private:
  void resume_parts();
  void save();

  Index epochs_, every_, done_ = 0, batches_ = 0, step_ = 0, resumed_from_step_ = 0;
  double loss_sum_ = 0, loss_ = 0, last_ = 0, total_ = 0;
  bool is_over_ = false, is_due_ = false, has_loader_ = false;
  std::chrono::steady_clock::time_point start_;
  std::optional<tenon::Checkpoint> checkpoint_;
};

/// The result on the test data.
struct Result {
  double accuracy = 0;  ///< or another figure, which metric names
  double loss = 0;
  tenon::LongTensor predicted = {}, expected = {};  ///< one entry a sample, in test order
  const char* metric = "accuracy";
  std::vector<std::pair<std::string, double>> more = {};  ///< other figures and their names
};

/// Writes what --json, --predictions and --save ask for.
void report(const Options& options, tenon::nn::Module& net, const Result& test,
            const Progress& progress);
/// The same of a training by tenon::Trainer.
void report(const Options& options, tenon::nn::Module& net, const Result& test,
            const tenon::History& history);

/// The checkpoint of one of several trainings of a program; "" where none is asked for.
std::string checkpoint_of(const Options& options, Index training);

/// "98.61 %"
std::string percent(double fraction);

}  // namespace example
