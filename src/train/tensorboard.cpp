#include "tenon/train/tensorboard.hpp"

#include <cmath>
#include <string_view>
#include <type_traits>

#include "event_file.hpp"

namespace tenon {

TensorBoard::TensorBoard(std::string log_dir, TensorBoardOptions options)
    : log_dir_(std::move(log_dir)), options_(options) {
  if (log_dir_.empty()) detail::fail<ValueError>("TensorBoard", "log_dir is empty");
  if (options_.histogram_freq < 0 || options_.update_freq < 0) {
    detail::fail<ValueError>("TensorBoard", "histogram_freq ", options_.histogram_freq,
                             " and update_freq ", options_.update_freq, " must not be negative");
  }
}

TensorBoard::File TensorBoard::open(const std::string& run, bool is_resumed, Index next) const {
  File file = std::make_shared<detail::EventFile>(log_dir_ + "/" + run);
  if (is_resumed) file->restart(next);
  return file;
}

void TensorBoard::on_fit_begin(FitState& fit) {
  const bool is_resumed = fit.history.resumed_from_step >= 0;
  train_ = open("train", is_resumed, fit.epoch + 1);
  validation_ = fit.has_validation ? open("validation", is_resumed, fit.epoch + 1) : nullptr;
  steps_ = options_.update_freq > 0 ? open("steps", is_resumed, fit.step + 1) : nullptr;
}

void TensorBoard::on_step_end(FitState& fit) {
  if (!steps_ || fit.step % options_.update_freq != 0) return;
  steps_->scalar("batch_loss", fit.step, fit.loss);
  steps_->scalar("batch_learning_rate", fit.step, fit.learning_rate());
}

void TensorBoard::on_epoch_end(FitState& fit) {
  write_row(fit);
  if (options_.histogram_freq == 0 || (fit.epoch + 1) % options_.histogram_freq != 0) return;
  for (const auto& [name, tensor] : fit.weights()) {
    tensor.visit([&, &tag = name](const auto& typed) {
      using V = std::remove_cvref_t<decltype(*typed.data())>;
      if constexpr (std::is_floating_point_v<V>) {
        const auto values = typed.contiguous();
        train_->histogram(tag, fit.epoch + 1, values.data(), values.numel());
      }
    });
  }
}

void TensorBoard::write_row(const FitState& fit) {
  const HistoryTable& epochs = fit.history.epochs;
  for (const std::string& name : epochs.names()) {
    const bool is_judged = name.starts_with("val_") && validation_;
    if (is_judged && !fit.is_validated) continue;
    const double value = epochs[name].back();
    const std::string tag = "epoch_" + name.substr(is_judged ? 4 : 0);
    (is_judged ? validation_ : train_)->scalar(tag, fit.epoch + 1, value);
  }
}

void TensorBoard::on_fit_end(FitState&) {
  train_.reset();
  validation_.reset();
  steps_.reset();
}

}  // namespace tenon
