#include "tenon/train/callback.hpp"

namespace tenon {

void FitState::stop(std::string reason) {
  if (is_stopping_) return;
  is_stopping_ = true;
  history.stop_reason = std::move(reason);
}

}  // namespace tenon
