#pragma once

#include <vector>

#include "tenon/base/config.hpp"
#include "tenon/base/shape.hpp"

namespace tenon::optim {

/// Whether a metric is better where it is smaller, as a loss, or larger, as an accuracy.
enum class PlateauMode { min, max };
/// Whether a threshold is a share of the best metric or a distance from it.
enum class ThresholdMode { rel, abs };

struct ReduceLROnPlateauOptions {
  double lr = 1e-3;  ///< at the start, >= 0
  PlateauMode mode = PlateauMode::min;
  double factor = 0.1;      ///< of each reduction, in [0, 1)
  Index patience = 10;      ///< metrics without progress that are borne, >= 0; the next one reduces
  double threshold = 1e-4;  ///< what counts as progress, >= 0
  ThresholdMode threshold_mode = ThresholdMode::rel;
  Index cooldown = 0;  ///< metrics after a reduction during which none is counted as bad, >= 0
  double min_lr = 0;   ///< the least learning rate, >= 0
  double eps = 1e-8;   ///< a reduction by no more than this is left out, >= 0
};

/// A learning rate that falls when a metric stops getting better. Unlike a schedule it depends on
/// what it was shown, once an epoch:
///
///   optim::ReduceLROnPlateau plateau({.lr = 0.1, .patience = 3});
///   for (Index epoch = 0; epoch < epochs; ++epoch) {
///     ...
///     sgd.set_learning_rate(plateau(validation_loss));
///   }
///
/// A metric m is progress where, with mode min, m < best (1 - threshold) or, with threshold_mode
/// abs, m < best - threshold; with mode max, m > best (1 + threshold) or m > best + threshold. More
/// than `patience` others one after another make it lr = max(lr factor, min_lr). What is not a
/// number is no progress. As torch.optim.lr_scheduler.ReduceLROnPlateau.
class TENON_API ReduceLROnPlateau {
 public:
  /// Throws ValueError for an option out of its range.
  explicit ReduceLROnPlateau(const ReduceLROnPlateauOptions& options = {});

  /// The learning rate after one more metric.
  double operator()(double metric);
  /// The learning rate now, options.lr at first.
  double learning_rate() const { return lr_; }

  /// Learning rate, best metric, bad metrics in a row, what is left of the cooldown: all that a
  /// checkpoint has to keep besides the options.
  std::vector<double> state() const;
  /// Goes on where state() was taken. Throws ValueError for what cannot have come from there.
  void load_state(const std::vector<double>& state);

 private:
  bool is_progress(double metric) const;

  ReduceLROnPlateauOptions options_;
  double lr_, best_;
  Index bad_ = 0, cooldown_ = 0;
};

}  // namespace tenon::optim
