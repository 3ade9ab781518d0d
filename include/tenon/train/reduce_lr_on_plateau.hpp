#pragma once

#include <string>

#include "tenon/optim/reduce_lr_on_plateau.hpp"
#include "tenon/train/callback.hpp"
#include "tenon/train/monitor.hpp"

namespace tenon {

/// Names and defaults as in Keras.
struct ReduceLROnPlateauOptions {
  std::string monitor = "val_loss";           ///< a column of History::epochs
  double factor = 0.1;                        ///< of each reduction, in [0, 1)
  Index patience = 10;                        ///< epochs without a better figure, >= 0
  MonitorMode mode = MonitorMode::automatic;  ///< whether less or more is better
  double min_delta = 1e-4;                    ///< a change of no more than that is none, >= 0
  Index cooldown = 0;                         ///< as in Keras, whose last epoch counts again, >= 0
  double min_lr = 0;                          ///< the least learning rate, >= 0
};

/// Reduces the optimiser's learning rate when a figure gets no better: after `patience` epochs in a
/// row without an improvement, at the earliest after one,
///   rate = max(rate factor, min_lr)
/// Then `cooldown` - 1 epochs do not count. It is optim::ReduceLROnPlateau with Keras' way of
/// counting. NaN is no improvement; epochs without a validation do not count where a "val_" figure
/// is monitored. on_epoch_end() throws ValueError, which lists the names, where the history has no
/// such figure.
class TENON_API ReduceLROnPlateau final : public Callback {
 public:
  /// Throws ValueError for an option out of its range.
  explicit ReduceLROnPlateau(ReduceLROnPlateauOptions options = {});

  void on_fit_begin(FitState& fit) override;
  void on_epoch_end(FitState& fit) override;
  io::TensorDict state() const override;
  void load_state(const io::TensorDict& state) override;

 private:
  ReduceLROnPlateauOptions options_;
  optim::ReduceLROnPlateau plateau_;
};

}  // namespace tenon
