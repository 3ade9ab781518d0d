#pragma once

// What all examples share and none is about: options of the command line, timing, the report at the
// end. A reader may skip this file: nothing here is needed to use Tenon.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <tenon/tenon.hpp>

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
  const char* flag_name = "";  ///< of a switch that only this example has, "" for none
  const char* flag_text = "";  ///< what --help says of it
  bool flag = false;           ///< whether it was given
};

/// Parses the command line over the example's defaults and runs it. What goes wrong is one line on
/// stderr and exit code 1.
int run(int argc, char** argv, const char* description, Options options,
        void (*program)(const Options&));

/// Measures the training alone (not what happens between epochs) and prints a line an epoch.
class Progress {
 public:
  explicit Progress(Index epochs) : epochs_(epochs) {}

  void start_epoch();
  void add_batch(double loss);
  void end_epoch();
  /// After end_epoch(); note: what else there is to say, "" for nothing.
  void print(const std::string& note = "") const;

  /// Mean of the batches' losses since start_epoch().
  double loss() const { return loss_sum_ / static_cast<double>(batches_ > 0 ? batches_ : 1); }
  double seconds() const { return total_; }
  double seconds_per_epoch() const { return total_ / static_cast<double>(done_ > 0 ? done_ : 1); }

 private:
  Index epochs_, done_ = 0, batches_ = 0;
  double loss_sum_ = 0, last_ = 0, total_ = 0;
  std::chrono::steady_clock::time_point start_;
};

/// The result on the test data.
struct Result {
  double accuracy = 0;  ///< or another figure, which metric names
  double loss = 0;
  tenon::LongTensor predicted = {}, expected = {};  ///< one entry a sample, in test order
  const char* metric = "accuracy";
};

/// Writes what --json, --predictions and --save ask for.
void report(const Options& options, tenon::nn::Module& net, const Result& test,
            const Progress& progress);

/// "98.61 %"
std::string percent(double fraction);

}  // namespace example
