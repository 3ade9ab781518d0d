#pragma once

#include "tenon/train/callback.hpp"

namespace tenon {

/// Ends a training after the first step whose loss is NaN or infinite. Its checkpoint then is the
/// last one before that.
class TENON_API TerminateOnNaN final : public Callback {
 public:
  void on_step_end(FitState& fit) override;
};

}  // namespace tenon
