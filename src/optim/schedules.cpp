#include "tenon/optim/schedules.hpp"

#include <algorithm>
#include <cmath>

#include "checks.hpp"

namespace tenon::optim {
namespace {

constexpr double pi = 3.14159265358979323846;

void check_step(const char* op, Index step) {
  if (step >= 0) return;
  detail::fail<ValueError>(op, "step must be at least 0, not ", step,
                           "; hint: it is the number of optimiser steps taken before, 0 at first");
}

void check_count(const char* op, const char* name, Index value, Index least) {
  if (value >= least) return;
  detail::fail<ValueError>(op, name, " must be at least ", least, ", not ", value);
}

void check_positive(const char* op, const char* name, double value) {
  if (value > 0 && std::isfinite(value)) return;
  detail::fail<ValueError>(op, name, " must be finite and greater than 0, not ", value,
                           "; hint: the learning rate is divided by it");
}

/// From `from` at share 0 to `to` at share 1.
double straight(double from, double to, double share) { return from + (to - from) * share; }
double cosine(double from, double to, double share) {
  return to + (from - to) * (1 + std::cos(pi * share)) / 2;
}

double ratio(Index part, Index whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

void check_warmup(const char* op, Index step, double lr, Index warmup_steps, Index least) {
  check_step(op, step);
  detail::check_option(op, "lr", lr);
  check_count(op, "warmup_steps", warmup_steps, least);
}

/// The share of the way down, 1 after its end.
double share_after_warmup(const char* op, Index step, Index warmup_steps, Index total_steps) {
  if (total_steps <= warmup_steps) {
    detail::fail<ValueError>(op, "total_steps must be greater than warmup_steps, ", warmup_steps,
                             ", but is ", total_steps,
                             "; hint: total_steps counts all steps of the training, those of the "
                             "warm-up among them");
  }
  return std::min(1.0, ratio(step - warmup_steps, total_steps - warmup_steps));
}

}  // namespace

double StepLR::operator()(Index step) const {
  check_step("StepLR", step);
  detail::check_option("StepLR", "lr", lr);
  detail::check_option("StepLR", "gamma", gamma);
  check_count("StepLR", "step_size", step_size, 1);
  return lr * std::pow(gamma, static_cast<double>(step / step_size));
}

double MultiStepLR::operator()(Index step) const {
  check_step("MultiStepLR", step);
  detail::check_option("MultiStepLR", "lr", lr);
  detail::check_option("MultiStepLR", "gamma", gamma);
  double changes = 0;
  for (const Index milestone : milestones) {
    check_count("MultiStepLR", "each of the milestones", milestone, 0);
    if (milestone <= step) ++changes;
  }
  return lr * std::pow(gamma, changes);
}

double ExponentialLR::operator()(Index step) const {
  check_step("ExponentialLR", step);
  detail::check_option("ExponentialLR", "lr", lr);
  detail::check_option("ExponentialLR", "gamma", gamma);
  return lr * std::pow(gamma, static_cast<double>(step));
}

double PolynomialLR::operator()(Index step) const {
  check_step("PolynomialLR", step);
  detail::check_option("PolynomialLR", "lr", lr);
  detail::check_option("PolynomialLR", "power", power);
  check_count("PolynomialLR", "total_iters", total_iters, 1);
  return step < total_iters ? lr * std::pow(1 - ratio(step, total_iters), power) : 0;
}

double LinearLR::operator()(Index step) const {
  check_step("LinearLR", step);
  detail::check_option("LinearLR", "lr", lr);
  detail::check_option("LinearLR", "start_factor", start_factor);
  detail::check_option("LinearLR", "end_factor", end_factor);
  check_count("LinearLR", "total_iters", total_iters, 1);
  return lr * straight(start_factor, end_factor, ratio(std::min(step, total_iters), total_iters));
}

double CosineAnnealingLR::operator()(Index step) const {
  check_step("CosineAnnealingLR", step);
  detail::check_option("CosineAnnealingLR", "lr", lr);
  detail::check_option("CosineAnnealingLR", "eta_min", eta_min);
  check_count("CosineAnnealingLR", "t_max", t_max, 1);
  return cosine(lr, eta_min, ratio(step, t_max));
}

double CosineAnnealingWarmRestarts::operator()(Index step) const {
  constexpr const char* op = "CosineAnnealingWarmRestarts";
  check_step(op, step);
  detail::check_option(op, "lr", lr);
  detail::check_option(op, "eta_min", eta_min);
  check_count(op, "t_0", t_0, 1);
  check_count(op, "t_mult", t_mult, 1);
  if (t_mult == 1) return cosine(lr, eta_min, ratio(step % t_0, t_0));
  double now = static_cast<double>(step), length = static_cast<double>(t_0);
  for (; now >= length; length *= static_cast<double>(t_mult)) now -= length;
  return cosine(lr, eta_min, now / length);
}

double OneCycleLR::operator()(Index step) const {
  constexpr const char* op = "OneCycleLR";
  check_step(op, step);
  detail::check_option(op, "max_lr", max_lr);
  check_count(op, "total_steps", total_steps, 1);
  check_positive(op, "div_factor", div_factor);
  check_positive(op, "final_div_factor", final_div_factor);
  if (!(pct_start >= 0 && pct_start <= 1)) {
    detail::fail<ValueError>(op, "pct_start must lie in [0, 1], not ", pct_start,
                             "; hint: it is a fraction, 0.3 for 30 % of the steps");
  }
  const auto anneal = anneal_strategy == Anneal::cosine ? cosine : straight;
  const double first_lr = max_lr / div_factor, last_lr = first_lr / final_div_factor;
  const double last = static_cast<double>(total_steps - 1);
  const double now = std::min(static_cast<double>(step), last);
  const double top = pct_start * static_cast<double>(total_steps) - 1;
  if (now <= top && top > 0) return anneal(first_lr, max_lr, now / top);
  return anneal(max_lr, last_lr, last > top ? (now - top) / (last - top) : 1);
}

double WarmupConstant::operator()(Index step) const {
  check_warmup("WarmupConstant", step, lr, warmup_steps, 0);
  return step < warmup_steps ? lr * ratio(step, warmup_steps) : lr;
}

double WarmupLinear::operator()(Index step) const {
  check_warmup("WarmupLinear", step, lr, warmup_steps, 0);
  detail::check_option("WarmupLinear", "min_lr", min_lr);
  const double share = share_after_warmup("WarmupLinear", step, warmup_steps, total_steps);
  return step < warmup_steps ? lr * ratio(step, warmup_steps) : straight(lr, min_lr, share);
}

double WarmupCosine::operator()(Index step) const {
  check_warmup("WarmupCosine", step, lr, warmup_steps, 0);
  detail::check_option("WarmupCosine", "min_lr", min_lr);
  const double share = share_after_warmup("WarmupCosine", step, warmup_steps, total_steps);
  return step < warmup_steps ? lr * ratio(step, warmup_steps) : cosine(lr, min_lr, share);
}

double WarmupInverseSqrt::operator()(Index step) const {
  check_warmup("WarmupInverseSqrt", step, lr, warmup_steps, 1);
  return lr *
         (step < warmup_steps ? ratio(step, warmup_steps) : std::sqrt(ratio(warmup_steps, step)));
}

}  // namespace tenon::optim
