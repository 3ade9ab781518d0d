#include "tenon/train/learning_rate_scheduler.hpp"

#include <cmath>

namespace tenon {

void LearningRateScheduler::on_epoch_begin(FitState& fit) {
  const double rate = schedule_->call(fit.epoch, fit.learning_rate());
  if (!(rate >= 0) || !std::isfinite(rate)) {
    detail::fail<ValueError>("LearningRateScheduler", "the function gave ", rate, " for epoch ",
                             fit.epoch, "; hint: a learning rate is a number >= 0");
  }
  fit.set_learning_rate(rate);
}

}  // namespace tenon
