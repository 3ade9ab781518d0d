#pragma once

#include <memory>
#include <string>

#include "tenon/train/callback.hpp"

namespace tenon {

namespace detail {
class EventFile;
}  // namespace detail

/// Names and defaults as in Keras.
struct TensorBoardOptions {
  Index histogram_freq = 0;  ///< epochs between two histograms of the weights, >= 0; 0: none
  Index update_freq = 0;     ///< steps between two losses of steps, >= 0; 0: none
};

/// Writes what TensorBoard shows (`tensorboard --logdir logs`), in the folders that are its runs:
///   log_dir/train       "epoch_NAME" for the columns of History::epochs, "epoch_loss" among them;
///                       histograms of the weights under their names, "0.weight"
///   log_dir/validation  "epoch_NAME" for the columns "val_NAME", in the same charts
///   log_dir/steps       "batch_loss", "batch_learning_rate"
/// The first two count epochs, the last one steps, both from 1. Tags are Keras'. Whoever reads the
/// files sees each number at once, also where the program was killed. A training that is resumed
/// writes new files, which tell TensorBoard to forget what it has of the epochs and steps that are
/// trained again. Histograms have 30 bins of equal width and count finite weights. log_dir is made.
/// on_fit_begin() throws IoError for a file that cannot be written.
class TENON_API TensorBoard final : public Callback {
 public:
  /// Throws ValueError for an option out of its range.
  explicit TensorBoard(std::string log_dir = "logs", TensorBoardOptions options = {});

  void on_fit_begin(FitState& fit) override;
  void on_step_end(FitState& fit) override;
  void on_epoch_end(FitState& fit) override;
  void on_fit_end(FitState& fit) override;

 private:
  using File = std::shared_ptr<detail::EventFile>;
  File open(const std::string& run, bool is_resumed, Index next) const;
  void write_row(const FitState& fit);

  std::string log_dir_;
  TensorBoardOptions options_;
  File train_, validation_, steps_;
};

}  // namespace tenon
