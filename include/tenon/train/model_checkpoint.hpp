#pragma once

#include <limits>
#include <string>

#include "tenon/train/callback.hpp"
#include "tenon/train/monitor.hpp"

namespace tenon {

/// Names and defaults as in Keras.
struct ModelCheckpointOptions {
  std::string monitor = "val_loss";           ///< a column of History::epochs
  bool save_best_only = false;                ///< only where the monitored figure got better
  MonitorMode mode = MonitorMode::automatic;  ///< whether less or more is better
  Index save_every = 1;                       ///< epochs between two, >= 1
};

/// Saves the net's weights (parameters and buffers) after epochs, as a safetensors file that
/// io::load() reads and that has the epoch, from 1, in its metadata. Each file appears whole or not
/// at all. For going on with a training with the same bits there is FitOptions::checkpoint.
///
/// The path may hold {epoch}, from 1, and {name} for any column of History::epochs, with Python's
/// formats for numbers behind a colon: "cnn-{epoch:03d}-{val_loss:.2f}.safetensors"; figures have
/// four decimals without one. A path without them is written over. Folders that lead to it are
/// made.
class TENON_API ModelCheckpoint final : public Callback {
 public:
  /// Throws ValueError for a path that is empty or has a brace without its partner, and for an
  /// option out of its range.
  explicit ModelCheckpoint(std::string path, ModelCheckpointOptions options = {});

  /// The file that was written last, "" before the first.
  const std::string& last_path() const { return last_path_; }
  /// The best figure so far, NaN where there was none or save_best_only is off.
  double best() const { return best_; }

  void on_fit_begin(FitState& fit) override;
  /// Throws ValueError for a name that the history does not have, and like io::save_safetensors().
  void on_epoch_end(FitState& fit) override;
  io::TensorDict state() const override;
  void load_state(const io::TensorDict& state) override;

 private:
  std::string path_;
  ModelCheckpointOptions options_;
  double best_ = std::numeric_limits<double>::quiet_NaN();
  std::string last_path_;
};

}  // namespace tenon
