#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "tenon/io/tensor_dict.hpp"
#include "tenon/train/history.hpp"

namespace tenon {

/// A training as its callbacks see it, and what they may do to it.
class TENON_API FitState {
 public:
  Index epoch = 0;              ///< the current one, from 0
  Index epochs = 0;             ///< in all
  Index batch = 0;              ///< batches of this epoch that are done
  Index batches = 0;            ///< of an epoch
  Index step = 0;               ///< changes that the optimiser has made, over all epochs
  double loss = 0;              ///< of the last step
  bool has_validation = false;  ///< some epochs are judged on a validation part
  bool is_validated = false;    ///< from on_epoch_end() on: this one was

  /// Its last row of epochs is the current epoch's from on_epoch_end() on; callbacks may set() more
  /// of it.
  History history;

  /// Ends the training after this step or, from on_epoch_end(), after this epoch.
  void stop(std::string reason);
  bool is_stopping() const { return is_stopping_; }

  virtual double learning_rate() const = 0;
  virtual void set_learning_rate(double learning_rate) = 0;
  /// The net's parameters and buffers; they share its values.
  virtual io::TensorDict weights() const = 0;
  /// Writes them into the net. Throws like io::load_state_dict().
  virtual void load_weights(const io::TensorDict& weights) = 0;

 protected:
  FitState() = default;
  ~FitState() = default;
  FitState(const FitState&) = delete;
  FitState& operator=(const FitState&) = delete;

 private:
  bool is_stopping_ = false;
};

/// Something that is called as a training goes on. Derive from it and override what matters:
///
///   struct Announce : Callback {
///     void on_epoch_end(FitState& fit) override { std::puts("done"); }
///   };
///   trainer.fit(train, {.epochs = 3, .callbacks = {Announce()}});
class TENON_API Callback {
 public:
  virtual ~Callback() = default;

  /// Before the first step, after a checkpoint was resumed.
  virtual void on_fit_begin(FitState&) {}
  virtual void on_epoch_begin(FitState&) {}
  /// After every change that the optimiser made.
  virtual void on_step_end(FitState&) {}
  /// After the validation.
  virtual void on_epoch_end(FitState&) {}
  /// After the last epoch, also where the training was stopped, but not after an error.
  virtual void on_fit_end(FitState&) {}

  /// What must go into a checkpoint, and its return from there.
  virtual io::TensorDict state() const { return {}; }
  virtual void load_state(const io::TensorDict&) {}

 protected:
  Callback() = default;
  Callback(const Callback&) = default;
  Callback(Callback&&) = default;
  Callback& operator=(const Callback&) = default;
  Callback& operator=(Callback&&) = default;
};

/// A callback in a list of them: made of any callback, which it keeps a copy of, or of a
/// std::shared_ptr to one, which then can be asked afterwards:
///   auto stopping = std::make_shared<EarlyStopping>(EarlyStoppingOptions{.patience = 3});
///   trainer.fit(train, {.callbacks = {stopping, CsvLogger("log.csv")}});
///   stopping->best_epoch()
class CallbackHandle {
 public:
  template <class C>
  requires std::is_base_of_v<Callback, C> CallbackHandle(C callback)
      : callback_(std::make_shared<C>(std::move(callback))) {}
  template <class C>
  requires std::is_base_of_v<Callback, C> CallbackHandle(std::shared_ptr<C> callback)
      : callback_(std::move(callback)) {}

  Callback& operator*() const { return *callback_; }
  Callback* operator->() const { return callback_.get(); }

 private:
  std::shared_ptr<Callback> callback_;
};

namespace detail {

/// Pointers to virtual functions would do, but clang 14 does not compare them in a constant.
enum class FitEvent { fit_begin, epoch_begin, step_end, epoch_end, fit_end };

template <class F, FitEvent Event>
class FunctionCallback final : public Callback {
 public:
  explicit FunctionCallback(F function) : function_(std::move(function)) {}
  void on_fit_begin(FitState& fit) override { call<FitEvent::fit_begin>(fit); }
  void on_epoch_begin(FitState& fit) override { call<FitEvent::epoch_begin>(fit); }
  void on_step_end(FitState& fit) override { call<FitEvent::step_end>(fit); }
  void on_epoch_end(FitState& fit) override { call<FitEvent::epoch_end>(fit); }
  void on_fit_end(FitState& fit) override { call<FitEvent::fit_end>(fit); }

 private:
  template <FitEvent This>
  void call(FitState& fit) {
    if constexpr (This == Event) function_(fit);
  }
  F function_;
};

}  // namespace detail

/// A function of one event, taking FitState&, as a callback:
///   .callbacks = {on_epoch_end([](FitState& fit) { ... })}
template <class F>
CallbackHandle on_fit_begin(F function) {
  return detail::FunctionCallback<F, detail::FitEvent::fit_begin>(std::move(function));
}
template <class F>
CallbackHandle on_epoch_begin(F function) {
  return detail::FunctionCallback<F, detail::FitEvent::epoch_begin>(std::move(function));
}
template <class F>
CallbackHandle on_step_end(F function) {
  return detail::FunctionCallback<F, detail::FitEvent::step_end>(std::move(function));
}
template <class F>
CallbackHandle on_epoch_end(F function) {
  return detail::FunctionCallback<F, detail::FitEvent::epoch_end>(std::move(function));
}
template <class F>
CallbackHandle on_fit_end(F function) {
  return detail::FunctionCallback<F, detail::FitEvent::fit_end>(std::move(function));
}

}  // namespace tenon
