#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "tenon/train/callback.hpp"

namespace tenon {

/// Sets the learning rate before every epoch to what a function makes of the epoch, from 0, and of
/// the current learning rate:
///   LearningRateScheduler([](Index epoch, double rate) { return epoch < 10 ? rate : rate * 0.9; })
/// A training that is resumed goes on with the rate that it had. FitOptions::schedule, which does
/// not know the current rate, has the last word where both are given. on_epoch_begin() throws
/// ValueError for a rate that is negative or no number.
class TENON_API LearningRateScheduler final : public Callback {
 public:
  template <class F>
  requires std::is_invocable_r_v<double, const F&, Index, double>
  explicit LearningRateScheduler(F schedule)
      : schedule_(std::make_shared<const Of<F>>(std::move(schedule))) {}

  void on_epoch_begin(FitState& fit) override;

 private:
  struct Function {
    virtual ~Function() = default;
    virtual double call(Index epoch, double rate) const = 0;
  };
  template <class F>
  struct Of final : Function {
    explicit Of(F f) : function(std::move(f)) {}
    double call(Index epoch, double rate) const override { return function(epoch, rate); }
    F function;
  };
  std::shared_ptr<const Function> schedule_;
};

}  // namespace tenon
