#include "tenon/optim/reduce_lr_on_plateau.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.hpp"

namespace tenon::optim {
namespace {

constexpr const char* plateau_op = "ReduceLROnPlateau";

void check_count(const char* name, Index value) {
  if (value >= 0) return;
  detail::fail<ValueError>(plateau_op, name, " must be at least 0, not ", value);
}

bool is_count(double value) { return value >= 0 && value < 1e15 && value == std::floor(value); }

}  // namespace

ReduceLROnPlateau::ReduceLROnPlateau(const ReduceLROnPlateauOptions& options)
    : options_(options), lr_(options.lr), best_(std::numeric_limits<double>::infinity()) {
  if (options.mode == PlateauMode::max) best_ = -best_;
  detail::check_option(plateau_op, "lr", options.lr);
  detail::check_option(plateau_op, "factor", options.factor, 0, 1);
  check_count("patience", options.patience);
  detail::check_option(plateau_op, "threshold", options.threshold);
  check_count("cooldown", options.cooldown);
  detail::check_option(plateau_op, "min_lr", options.min_lr);
  detail::check_option(plateau_op, "eps", options.eps);
}

bool ReduceLROnPlateau::is_progress(double metric) const {
  const bool is_share = options_.threshold_mode == ThresholdMode::rel;
  if (options_.mode == PlateauMode::min) {
    return metric < (is_share ? best_ * (1 - options_.threshold) : best_ - options_.threshold);
  }
  return metric > (is_share ? best_ * (1 + options_.threshold) : best_ + options_.threshold);
}

double ReduceLROnPlateau::operator()(double metric) {
  if (is_progress(metric)) {
    best_ = metric;
    bad_ = 0;
  } else {
    ++bad_;
  }
  if (cooldown_ > 0) {
    --cooldown_;
    bad_ = 0;
  }
  if (bad_ > options_.patience) {
    const double reduced = std::max(lr_ * options_.factor, options_.min_lr);
    if (lr_ - reduced > options_.eps) lr_ = reduced;
    cooldown_ = options_.cooldown;
    bad_ = 0;
  }
  return lr_;
}

std::vector<double> ReduceLROnPlateau::state() const {
  return {lr_, best_, static_cast<double>(bad_), static_cast<double>(cooldown_)};
}

void ReduceLROnPlateau::load_state(const std::vector<double>& state) {
  if (state.size() != 4) {
    detail::fail<ValueError>(plateau_op, "a state has 4 numbers, not ", state.size(),
                             "; hint: load what state() gave");
  }
  const bool is_rate = state[0] >= 0 && std::isfinite(state[0]);
  if (!is_rate || std::isnan(state[1]) || !is_count(state[2]) || !is_count(state[3])) {
    detail::fail<ValueError>(plateau_op, "(", state[0], ", ", state[1], ", ", state[2], ", ",
                             state[3],
                             ") is no learning rate, best metric and two counts; hint: load what "
                             "state() gave");
  }
  lr_ = state[0];
  best_ = state[1];
  bad_ = static_cast<Index>(state[2]);
  cooldown_ = static_cast<Index>(state[3]);
}

}  // namespace tenon::optim
