#pragma once

#include <limits>
#include <optional>
#include <string>

#include "tenon/train/callback.hpp"
#include "tenon/train/monitor.hpp"

namespace tenon {

/// Names and defaults as in Keras.
struct EarlyStoppingOptions {
  std::string monitor = "val_loss";           ///< a column of History::epochs
  double min_delta = 0;                       ///< a change of no more than that is none, >= 0
  Index patience = 0;                         ///< epochs without a better figure, >= 0
  MonitorMode mode = MonitorMode::automatic;  ///< whether less or more is better
  /// Until the figure is better than that, epochs count against the patience.
  std::optional<double> baseline = std::nullopt;
  bool restore_best_weights = false;  ///< puts them back at the end, however fit() ends
  Index start_from_epoch = 0;         ///< epochs before that one, from 0, do not count, >= 0
};

/// Ends a training whose figure gets no better: after `patience` epochs in a row without an
/// improvement, at the earliest after one.
///   less is better: improvement = figure < best - min_delta;  else figure > best + min_delta
/// NaN is no improvement. Epochs without a validation do not count where a "val_" figure is
/// monitored. The best weights (parameters and buffers) are kept as copies and are part of a
/// checkpoint, so that a training that is resumed returns the same ones. on_epoch_end() throws
/// ValueError, which lists the names, where the history has no such figure.
class TENON_API EarlyStopping final : public Callback {
 public:
  /// Throws ValueError for an option out of its range.
  explicit EarlyStopping(EarlyStoppingOptions options = {});

  /// The epoch, from 0, of the best figure; -1 where there was none.
  Index best_epoch() const { return best_epoch_; }
  /// NaN where there was none.
  double best() const { return best_; }

  void on_fit_begin(FitState& fit) override;
  void on_epoch_end(FitState& fit) override;
  void on_fit_end(FitState& fit) override;
  io::TensorDict state() const override;
  void load_state(const io::TensorDict& state) override;

 private:
  bool is_better(double value, double than) const;
  std::string reason() const;

  EarlyStoppingOptions options_;
  double best_ = std::numeric_limits<double>::quiet_NaN();
  Index best_epoch_ = -1;
  Index waited_ = 0;  // epochs since the last improvement
  io::TensorDict best_weights_;
};

}  // namespace tenon
