#include "tenon/train/early_stopping.hpp"

#include "monitor.hpp"
#include "tenon/tensor/factories.hpp"

namespace tenon {

namespace {

constexpr std::string_view weights_prefix = "weights/";

io::TensorDict clones(const io::TensorDict& weights) {
  io::TensorDict copies;
  for (const auto& [name, tensor] : weights) {
    tensor.visit([&, &key = name](const auto& typed) { copies.add(key, typed.clone()); });
  }
  return copies;
}

}  // namespace

EarlyStopping::EarlyStopping(EarlyStoppingOptions options) : options_(std::move(options)) {
  if (!(options_.min_delta >= 0) || options_.patience < 0 || options_.start_from_epoch < 0) {
    detail::fail<ValueError>("EarlyStopping", "min_delta ", options_.min_delta, ", patience ",
                             options_.patience, " and start_from_epoch ", options_.start_from_epoch,
                             " must not be negative");
  }
}

void EarlyStopping::on_fit_begin(FitState& fit) {
  if (fit.history.resumed_from_step >= 0) return;
  *this = EarlyStopping(options_);
}

bool EarlyStopping::is_better(double value, double than) const {
  return detail::is_better(value, than, detail::less_is_better(options_.monitor, options_.mode),
                           options_.min_delta);
}

void EarlyStopping::on_epoch_end(FitState& fit) {
  const auto value = detail::monitored("EarlyStopping", fit, options_.monitor);
  if (!value || fit.epoch < options_.start_from_epoch) return;
  ++waited_;
  if (is_better(*value, best_)) {
    best_ = *value;
    best_epoch_ = fit.epoch;
    if (options_.restore_best_weights) best_weights_ = clones(fit.weights());
    if (!options_.baseline || is_better(*value, *options_.baseline)) waited_ = 0;
    return;
  }
  if (waited_ >= options_.patience) fit.stop(reason());
}

std::string EarlyStopping::reason() const {
  const std::string figure = options_.monitor;
  const std::string epochs = std::to_string(waited_) + (waited_ == 1 ? " epoch" : " epochs");
  if (best_epoch_ < 0) return "no " + figure + " that is a number in " + epochs;
  const bool is_behind = options_.baseline && !is_better(best_, *options_.baseline);
  return is_behind ? "no " + figure + " better than " + detail::to_text(*options_.baseline) +
                         " in " + epochs
                   : "no better " + figure + " in " + epochs + " than " + detail::to_text(best_) +
                         " in epoch " + std::to_string(best_epoch_ + 1);
}

void EarlyStopping::on_fit_end(FitState& fit) {
  if (!best_weights_.empty()) fit.load_weights(best_weights_);
}

io::TensorDict EarlyStopping::state() const {
  io::TensorDict state{{"best", full<double>({}, best_)},
                       {"epochs", tensor<std::int64_t>({best_epoch_, waited_})}};
  for (const auto& [name, tensor] : best_weights_) {
    state.add(std::string(weights_prefix) + name, tensor);
  }
  return state;
}

void EarlyStopping::load_state(const io::TensorDict& state) {
  const double best = state.get<double>("best").item();
  const LongTensor epochs = state.get<std::int64_t>("epochs");
  best_epoch_ = epochs(0);
  waited_ = epochs(1);
  best_ = best;
  io::TensorDict weights;
  for (const auto& [name, tensor] : state) {
    if (name.starts_with(weights_prefix)) weights.add(name.substr(weights_prefix.size()), tensor);
  }
  best_weights_ = std::move(weights);
}

}  // namespace tenon
