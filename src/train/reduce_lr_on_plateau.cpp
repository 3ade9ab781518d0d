#include "tenon/train/reduce_lr_on_plateau.hpp"

#include "monitor.hpp"
#include "tenon/train/checkpoint.hpp"

namespace tenon {

namespace {

/// Keras counts the epoch in which its patience or its cooldown ends, PyTorch the one after it.
Index pytorch_count(Index count) { return count > 0 ? count - 1 : count; }

optim::ReduceLROnPlateauOptions pytorch_options(const ReduceLROnPlateauOptions& options) {
  const bool wants_less = detail::less_is_better(options.monitor, options.mode);
  return {.mode = wants_less ? optim::PlateauMode::min : optim::PlateauMode::max,
          .factor = options.factor,
          .patience = pytorch_count(options.patience),
          .threshold = options.min_delta,
          .threshold_mode = optim::ThresholdMode::abs,
          .cooldown = pytorch_count(options.cooldown),
          .min_lr = options.min_lr,
          .eps = 0};
}

}  // namespace

ReduceLROnPlateau::ReduceLROnPlateau(ReduceLROnPlateauOptions options)
    : options_(std::move(options)), plateau_(pytorch_options(options_)) {}

void ReduceLROnPlateau::on_fit_begin(FitState& fit) {
  if (fit.history.resumed_from_step >= 0) return;
  *this = ReduceLROnPlateau(options_);
}

void ReduceLROnPlateau::on_epoch_end(FitState& fit) {
  const auto value = detail::monitored("ReduceLROnPlateau", fit, options_.monitor);
  if (!value) return;
  // Others may have changed the rate since.
  std::vector<double> state = plateau_.state();
  state[0] = fit.learning_rate();
  plateau_.load_state(state);
  fit.set_learning_rate(plateau_(*value));
}

io::TensorDict ReduceLROnPlateau::state() const { return detail::to_dict(plateau_.state()); }

void ReduceLROnPlateau::load_state(const io::TensorDict& state) {
  plateau_.load_state(detail::numbers(state));
}

}  // namespace tenon
