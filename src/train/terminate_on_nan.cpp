#include "tenon/train/terminate_on_nan.hpp"

#include <cmath>

namespace tenon {

void TerminateOnNaN::on_step_end(FitState& fit) {
  if (std::isfinite(fit.loss)) return;
  const std::string what = std::isnan(fit.loss) ? "NaN" : "infinite";
  fit.stop("the loss is " + what + " in step " + std::to_string(fit.step));
}

}  // namespace tenon
