#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/base/random.hpp"
#include "tenon/tensor/tensor.hpp"
#include "tenon/train/callback.hpp"

namespace tenon {

/// What a training prints while it goes on: lines that fit where the output goes, a moving line on
/// a terminal and a line an epoch elsewhere; a line an epoch in any case; nothing.
enum class Verbose { automatic, lines, silent };

/// Whether a schedule counts steps of the optimiser or epochs.
enum class ScheduleBy { step, epoch };

/// A learning rate as a function of the step or epoch, from 0: one of optim/schedules.hpp, or a
/// function of your own that takes an Index and returns a double.
class Schedule {
 public:
  Schedule() = default;
  template <class F>
  requires std::is_invocable_r_v<double, const F&, Index> Schedule(F function)
      : function_(std::make_shared<const Of<F>>(std::move(function))) {}

  explicit operator bool() const { return function_ != nullptr; }
  double operator()(Index step) const { return function_->call(step); }

 private:
  struct Function {
    virtual ~Function() = default;
    virtual double call(Index step) const = 0;
  };
  template <class F>
  struct Of final : Function {
    explicit Of(F f) : function(std::move(f)) {}
    double call(Index step) const override { return function(step); }
    F function;
  };
  std::shared_ptr<const Function> function_;
};

namespace detail {
/// What a batch of a data set holds to give to the net: LongTensor where that is sequences.
template <class D>
struct FitInputs {
  using type = LongTensor;
};
template <class D>
requires requires { typename D::input_type; }
struct FitInputs<D> {
  using type = typename D::input_type;
};
}  // namespace detail

/// A change of a batch's inputs, in place, drawn by a key: one of data/transforms.hpp, several of
/// them as a data::Compose, or a function of your own that takes (Tensor&, RandomKey).
template <class X>
class Transform {
 public:
  Transform() = default;
  template <class F>
  requires std::is_invocable_v<const F&, X&, RandomKey> Transform(F function)
      : function_(std::make_shared<const Of<F>>(std::move(function))) {}

  explicit operator bool() const { return function_ != nullptr; }
  void operator()(X& inputs, RandomKey key) const { function_->call(inputs, key); }

 private:
  struct Function {
    virtual ~Function() = default;
    virtual void call(X& inputs, RandomKey key) const = 0;
  };
  template <class F>
  struct Of final : Function {
    explicit Of(F f) : function(std::move(f)) {}
    void call(X& inputs, RandomKey key) const override { function(inputs, key); }
    F function;
  };
  std::shared_ptr<const Function> function_;
};

/// How Trainer::fit() trains on a data set of type D, data::Dataset for one. Names are Keras' where
/// it has them.
template <class D>
struct FitOptions {
  Index epochs = 1;       ///< >= 0
  Index batch_size = 32;  ///< >= 1
  bool shuffle = true;    ///< another order every epoch
  /// Of the shuffled orders; unset, it is drawn from this thread's default generator.
  std::optional<std::uint64_t> seed = std::nullopt;
  bool drop_last = false;  ///< leave out a last batch that is not full
  Index prefetch = 0;      ///< batches that a thread prepares ahead, >= 0; not of sequences

  /// Done to every batch that is trained on, by a key of this thread's default generator; empty:
  /// nothing is. What is judged stays as it is.
  Transform<typename detail::FitInputs<D>::type> augment = {};

  /// Judged after every epoch; null: nothing is.
  const D* validation = nullptr;
  /// Share of the samples, in [0, 1), that is not trained on but judged after every epoch: the last
  /// ones. Only one of the two may be given.
  double validation_split = 0;
  /// Epochs between two validations, >= 1; the last epoch is always judged.
  Index validate_every = 1;

  /// Batches whose gradients are averaged, sample by sample, into one step, >= 1.
  Index accumulate = 1;
  double clip_norm = 0;   ///< optim::clip_grad_norm with that limit, > 0; 0: not
  double clip_value = 0;  ///< optim::clip_grad_value with that limit, > 0; 0: not
  /// Sets the learning rate before every step or epoch; empty: it stays as the optimiser has it.
  Schedule schedule = {};
  ScheduleBy schedule_by = ScheduleBy::step;

  /// (C): what the loss of a sample with label c is multiplied by; undefined: 1. Labels are (N)
  /// integers. The loss of a batch is then the sum of weighted losses by the number of samples.
  Tensor class_weights = {};
  /// (N) in the order of the data set: what the loss of each sample is multiplied by, likewise.
  Tensor sample_weights = {};

  std::vector<CallbackHandle> callbacks = {};
  Verbose verbose = Verbose::automatic;

  /// A file that the training's state is written to and from which, if it is there, the training
  /// goes on with the same bits (see Checkpoint); "": none.
  std::string checkpoint = {};
  Index checkpoint_every = 0;  ///< steps between two of them, >= 0; 0: after every epoch

  /// Look for the first value that is not finite (see DetectAnomaly). The error that reports it
  /// also names the step and the samples of its batch. Training becomes slower.
  bool detect_anomaly = false;
  /// Where that step is then written to, so that io::load_replay() can repeat it; "": nowhere.
  std::string replay = {};
};

}  // namespace tenon
