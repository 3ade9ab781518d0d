#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fit_progress.hpp"
#include "interrupt.hpp"
#include "tenon/autograd/detect_anomaly.hpp"
#include "tenon/autograd/tape.hpp"
#include "tenon/data/dataloader.hpp"
#include "tenon/data/sequence_loader.hpp"
#include "tenon/io/replay.hpp"
#include "tenon/io/state_dict.hpp"
#include "tenon/ops/arithmetic.hpp"
#include "tenon/ops/reduce.hpp"
#include "tenon/ops/shape.hpp"
#include "tenon/optim/accumulate.hpp"
#include "tenon/optim/clip.hpp"
#include "tenon/optim/gradient_watch.hpp"
#include "tenon/tensor/factories.hpp"
#include "tenon/train/checkpoint.hpp"
#include "tenon/train/trainer.hpp"

namespace tenon::detail {

/// Throws ValueError for a field out of its range.
void check_fit_options(Index epochs, Index batch_size, Index accumulate, Index validate_every,
                       Index checkpoint_every, double validation_split, bool has_validation,
                       double clip_norm, double clip_value, Index samples);

/// The part of a data set that is trained on, and the one that is judged after every epoch.
template <class D>
std::pair<D, std::optional<D>> fit_parts(const D& samples, const FitOptions<D>& options) {
  check_fit_options(options.epochs, options.batch_size, options.accumulate, options.validate_every,
                    options.checkpoint_every, options.validation_split,
                    options.validation != nullptr, options.clip_norm, options.clip_value,
                    samples.size());
  if (options.validation != nullptr) return {samples, *options.validation};
  const auto held_out =
      static_cast<Index>(static_cast<double>(samples.size()) * options.validation_split);
  if (held_out == 0) return {samples, std::nullopt};
  auto [train, validation] = samples.split(samples.size() - held_out);
  return {train, validation};
}

template <class X, class Y>
data::DataLoader<X, Y> fit_loader(data::BasicDataset<X, Y> samples,
                                  const FitOptions<data::BasicDataset<X, Y>>& options) {
  return data::DataLoader<X, Y>(std::move(samples), {.batch_size = options.batch_size,
                                                     .shuffle = options.shuffle,
                                                     .seed = options.seed,
                                                     .drop_last = options.drop_last,
                                                     .prefetch = options.prefetch});
}
template <class Y>
data::SequenceLoader<Y> fit_loader(data::SequenceDataset<Y> samples,
                                   const FitOptions<data::SequenceDataset<Y>>& options) {
  return data::SequenceLoader<Y>(std::move(samples), {.batch_size = options.batch_size,
                                                      .shuffle = options.shuffle,
                                                      .seed = options.seed,
                                                      .drop_last = options.drop_last});
}

/// What the net says of a batch.
template <class T, class X, class Y>
BasicTensor<T> predicted(nn::BasicModule<T>& net, const data::Batch<X, Y>& batch) {
  return net(batch.inputs);
}
template <class T, class Y>
BasicTensor<T> predicted(nn::BasicModule<T>& net, const data::SequenceBatch<Y>& batch) {
  return net(batch.ids, batch.lengths);
}

template <class X, class Y>
X& inputs_in(data::Batch<X, Y>& batch) {
  return batch.inputs;
}
template <class Y>
LongTensor& inputs_in(data::SequenceBatch<Y>& batch) {
  return batch.ids;
}

template <class X, class Y>
io::TensorDict inputs_of(const data::Batch<X, Y>& batch) {
  return {{"x", batch.inputs}};
}
template <class Y>
io::TensorDict inputs_of(const data::SequenceBatch<Y>& batch) {
  return {{"ids", batch.ids}, {"lengths", batch.lengths}};
}

/// One call of BasicTrainer<T>::fit().
template <class T, class D>
class FitRun final : public FitState {
 public:
  FitRun(BasicTrainer<T>& trainer, const D& samples, const FitOptions<D>& options)
      : FitRun(trainer, fit_parts(samples, options), options) {}

  History run() {
    prepare();
    if (!is_stopping()) call(&Callback::on_fit_begin);
    {
      const InterruptScope interrupts;
      interrupts_ = &interrupts;
      while (epoch < epochs && !is_stopping()) run_epoch();
      interrupts_ = nullptr;
    }
    call(&Callback::on_fit_end);
    if (!history.stop_reason.empty()) progress_.say("stopped: " + history.stop_reason);
    return std::move(history);
  }

  double learning_rate() const override { return optimizer_.learning_rate(); }
  void set_learning_rate(double rate) override { optimizer_.set_learning_rate(rate); }
  io::TensorDict weights() const override { return io::state_dict(net_); }
  void load_weights(const io::TensorDict& weights) override { io::load_state_dict(net_, weights); }

  /// What a checkpoint holds of the run itself.
  io::TensorDict state() const {
    io::TensorDict state{
        {"position", tensor<std::int64_t>({epoch, batch, step, samples_})},
        {"sums", tensor<double>({loss_sum_, epoch_seconds()})},
        {"is_stopped", full<bool>({}, is_stopping() && !was_interrupted_)},
    };
    state.metadata["stop_reason"] = history.stop_reason;
    return state;
  }
  void load_state(const io::TensorDict& state) {
    const LongTensor position = state.get<std::int64_t>("position");
    const DoubleTensor sums = state.get<double>("sums");
    epoch = position(0);
    batch = position(1);
    step = position(2);
    samples_ = position(3);
    loss_sum_ = sums(0);
    seconds_before_ = sums(1);
    if (state.get<bool>("is_stopped").item()) stop(state.metadata.at("stop_reason"));
  }

 private:
  using Labels = typename D::label_type;

  FitRun(BasicTrainer<T>& trainer, std::pair<D, std::optional<D>> parts,
         const FitOptions<D>& options)
      : trainer_(trainer),
        net_(trainer.net_),
        optimizer_(*trainer.optimizer_),
        loss_of_(*trainer.loss_),
        metrics_(trainer.metrics_),
        options_(options),
        validation_(std::move(parts.second)),
        loader_(fit_loader(std::move(parts.first), options)),
        progress_(options.verbose) {
    has_validation = validation_.has_value();
    epochs = options.epochs;
    batches = loader_.size();
    figure_names_.push_back("loss");
    for (const auto& metric : metrics_) figure_names_.push_back(metric.name());
    figures_.resize(figure_names_.size());
  }

  void prepare() {
    // A program that trusts in early stopping may ask for a million epochs.
    constexpr Index most_rows = 1 << 18;
    const Index steps_of_epoch = batches / options_.accumulate + 1;
    history.epochs.reserve(std::min(epochs, most_rows));
    history.steps.reserve(std::min(epochs, most_rows / steps_of_epoch) * steps_of_epoch);
    if (options_.checkpoint.empty()) return;
    checkpoint_.emplace(options_.checkpoint);
    checkpoint_->add("net", net_);
    checkpoint_->add("optimizer", optimizer_);
    checkpoint_->add("loader", loader_);
    checkpoint_->add("run", *this);
    checkpoint_->add("history", history);
    for (std::size_t i = 0; i < metrics_.size(); ++i) {
      checkpoint_->add("metric" + std::to_string(i), metrics_[i]);
    }
    for (std::size_t i = 0; i < options_.callbacks.size(); ++i) {
      checkpoint_->add("callback" + std::to_string(i), *options_.callbacks[i]);
    }
    if (!checkpoint_->resume()) return;
    history.resumed_from_step = step;
    progress_.say("goes on after step " + std::to_string(step) + ", from " + options_.checkpoint);
  }

  void run_epoch() {
    net_.train();
    epoch_start_ = Clock::now();
    is_validated = false;
    if (batch == 0) {
      loss_sum_ = 0;
      samples_ = 0;
      seconds_before_ = 0;
      for (auto& metric : metrics_) metric.reset();
      if (options_.schedule && options_.schedule_by == ScheduleBy::epoch) {
        set_learning_rate(options_.schedule(epoch));
      }
      call(&Callback::on_epoch_begin);
    }
    progress_.start_epoch(*this, samples_);
    for (auto& samples : loader_) {
      train_batch(samples);
      if (is_stopping() && batch < batches && is_step_complete()) return save();
    }
    end_epoch();
  }

  bool is_step_complete() const { return batch % options_.accumulate == 0 || batch == batches; }

  template <class Batch>
  void train_batch(Batch& samples) {
    const Labels& labels = samples.labels;
    const Index count = labels.size(0);
    if (batch % options_.accumulate == 0) begin_step();
    if (options_.augment) options_.augment(inputs_in(samples), default_generator().next());
    const RandomKey generator = default_generator().state();
    BasicTensor<T> prediction;
    Gradients gradients;
    try {
      std::optional<DetectAnomaly> anomalies;
      if (options_.detect_anomaly) anomalies.emplace();
      Tape tape;
      prediction = predicted(net_, samples);
      BasicTensor<T> batch_loss = weighted_loss(prediction, labels, count);
      if (batch_loss.numel() != 1) {
        fail<ShapeError>("fit", "the loss has shape ", batch_loss.shape(), ", not one element; ",
                         "hint: its reduction must be the mean or the sum");
      }
      const double value = static_cast<double>(batch_loss.item());
      const auto weight = static_cast<double>(count);
      loss_sum_ += value * weight;
      step_loss_ += value * weight;
      if (options_.accumulate > 1) batch_loss = batch_loss * weight;
      gradients = tape.gradients(batch_loss);
    } catch (NonFiniteError& error) {
      explain(error, samples, generator);
      throw;
    }
    if (options_.accumulate == 1) {
      gradients_ = std::move(gradients);
    } else {
      optim::accumulate(gradients_, std::move(gradients));
    }
    for (auto& metric : metrics_) metric.update(prediction, labels);
    step_samples_ += count;
    samples_ += count;
    ++batch;
    if (is_step_complete()) end_step();
  }

  void begin_step() {
    step_loss_ = 0;
    step_samples_ = 0;
    if (options_.schedule && options_.schedule_by == ScheduleBy::step) {
      set_learning_rate(options_.schedule(step));
    }
  }

  void end_step() {
    const double share = 1.0 / static_cast<double>(step_samples_);
    if (options_.accumulate > 1) optim::scale(gradients_, share);
    if (options_.clip_norm > 0) optim::clip_grad_norm(gradients_, options_.clip_norm);
    if (options_.clip_value > 0) optim::clip_grad_value(gradients_, options_.clip_value);
    if (epoch == 0) watch_.observe(gradients_);
    optimizer_.step(gradients_);
    gradients_ = Gradients();
    ++step;
    loss = step_loss_ * share;
    history.steps.add_row();
    history.steps.set("loss", loss);
    history.steps.set("learning_rate", learning_rate());
    call(&Callback::on_step_end);
    stop_where_interrupted();
    if (progress_.is_due()) progress_.draw(*this, samples_, figure_names_, running_figures());
    is_save_due_ =
        is_save_due_ || (options_.checkpoint_every > 0 && step % options_.checkpoint_every == 0);
    // At the end of an epoch it waits for the validation, which belongs to the epoch.
    if (is_save_due_ && batch < batches) save();
  }

  void stop_where_interrupted() {
    if (!interrupts_->interrupted() || is_stopping()) return;
    was_interrupted_ = true;
    stop("interrupted");
  }

  void end_epoch() {
    history.epochs.add_row();
    const std::vector<double>& figures = running_figures();
    for (std::size_t i = 0; i < figures.size(); ++i) {
      history.epochs.set(figure_names_[i], figures[i]);
    }
    const double seconds = epoch_seconds();
    const bool is_last = epoch + 1 == epochs || is_stopping();
    is_validated = validation_ && (is_last || (epoch + 1) % options_.validate_every == 0);
    if (is_validated) {
      progress_.draw_validation(*this);
      for (const auto& [name, value] : trainer_.evaluate(*validation_)) {
        history.epochs.set("val_" + name, value);
      }
      stop_where_interrupted();
    }
    history.epochs.set("learning_rate", learning_rate());
    history.epochs.set("seconds", seconds);
    history.epochs.set("samples_per_second", static_cast<double>(samples_) / seconds);
    call(&Callback::on_epoch_end);
    progress_.end_epoch(*this);
    if (epoch == 0) warn_of_dead_gradients();
    ++epoch;
    batch = 0;
    if (is_save_due_ || options_.checkpoint_every == 0 || is_last || is_stopping()) save();
  }

  void save() {
    is_save_due_ = false;
    // A net whose loss is no number is past saving: the checkpoint before it stays.
    if (checkpoint_ && std::isfinite(loss)) checkpoint_->save();
  }

  /// The loss and the metrics of the epoch so far.
  const std::vector<double>& running_figures() {
    figures_[0] = loss_sum_ / static_cast<double>(samples_);
    for (std::size_t i = 0; i < metrics_.size(); ++i) figures_[i + 1] = metrics_[i].result();
    return figures_;
  }

  BasicTensor<T> weighted_loss(const BasicTensor<T>& prediction, const Labels& labels,
                               Index count) {
    if (!options_.class_weights.defined() && !options_.sample_weights.defined()) {
      return loss_of_.mean(prediction, labels);
    }
    const BasicTensor<T> each = loss_of_.each(prediction, labels);
    const BasicTensor<T> by_sample = each.rank() > 1 ? mean(reshape(each, {count, -1}), 1) : each;
    return sum(by_sample * weights_of(labels, count)) * (1.0 / static_cast<double>(count));
  }

  BasicTensor<T> weights_of(const Labels& labels, Index count) {
    BasicTensor<T> weights = ones<T>({count});
    T* w = weights.data();
    if (options_.sample_weights.defined()) {
      const auto& given = options_.sample_weights;
      const auto positions = loader_.positions();
      for (Index i = 0; i < count; ++i) {
        const Index position = positions[static_cast<std::size_t>(i)];
        if (position >= given.numel() || given.rank() != 1) {
          fail<ShapeError>("fit", "sample_weights has shape ", given.shape(), ", but there are ",
                           loader_.dataset().size(), " samples to train on");
        }
        w[i] *= static_cast<T>(given(position));
      }
    }
    if (options_.class_weights.defined()) {
      if constexpr (!std::is_same_v<Labels, LongTensor>) {
        fail<TypeError>("fit", "class_weights needs integer labels; hint: give sample_weights");
      } else {
        const auto& given = options_.class_weights;
        for (Index i = 0; i < count; ++i) {
          const Index label = labels.rank() == 1 ? labels(i) : -1;
          if (label < 0 || label >= given.numel() || given.rank() != 1) {
            fail<ShapeError>("fit", "class_weights has shape ", given.shape(),
                             ", labels have shape ", labels.shape(), " and one is ", label,
                             "; hint: labels (N) from 0 to C - 1, class_weights (C)");
          }
          w[i] *= static_cast<T>(given(label));
        }
      }
    }
    return weights;
  }

  /// Adds what only the training knows to an error, and writes the step down.
  template <class Batch>
  void explain(NonFiniteError& error, const Batch& samples, const RandomKey& generator) {
    const auto positions = loader_.positions();
    LongTensor indices = LongTensor::empty({static_cast<Index>(positions.size())});
    std::copy(positions.begin(), positions.end(), indices.data());
    std::string note = "in step " + std::to_string(step + 1) + ", epoch " +
                       std::to_string(epoch + 1) + ", batch " + std::to_string(batch + 1) +
                       " of samples";
    constexpr std::size_t shown = 16;
    for (std::size_t i = 0; i < std::min(shown, positions.size()); ++i) {
      note += " " + std::to_string(positions[i]);
    }
    if (positions.size() > shown) note += " ...";
    if (!options_.replay.empty()) {
      io::save_replay(options_.replay, {.inputs = inputs_of(samples),
                                        .targets = {{"y", samples.labels}},
                                        .state = io::state_dict(net_),
                                        .indices = indices,
                                        .generator = generator,
                                        .step = step,
                                        .message = error.what()});
      note += "; io::load_replay(\"" + options_.replay + "\") repeats it";
    }
    error.add_note(note);
  }

  void warn_of_dead_gradients() {
    std::string text = watch_.report();
    if (text.empty()) return;
    if (text.ends_with('\n')) text.pop_back();
    history.warnings.push_back(text);
    progress_.say("warning: " + text);
  }

  void call(void (Callback::*event)(FitState&)) {
    for (const CallbackHandle& callback : options_.callbacks) ((*callback).*event)(*this);
  }

  double epoch_seconds() const {
    return seconds_before_ + std::chrono::duration<double>(Clock::now() - epoch_start_).count();
  }

  using Clock = std::chrono::steady_clock;

  BasicTrainer<T>& trainer_;
  nn::BasicModule<T>& net_;
  optim::BasicOptimizer<T>& optimizer_;
  const FitLoss<T>& loss_of_;
  std::vector<BasicMetric<T>>& metrics_;
  const FitOptions<D>& options_;
  std::optional<D> validation_;
  decltype(fit_loader(std::declval<D>(), std::declval<const FitOptions<D>&>())) loader_;
  FitProgress progress_;
  optim::BasicGradientWatch<T> watch_{net_};  // in the first epoch
  std::optional<Checkpoint> checkpoint_;
  const InterruptScope* interrupts_ = nullptr;

  // Of the step so far. Sums over batches are weighted by their samples.
  Gradients gradients_;
  Index step_samples_ = 0;
  double step_loss_ = 0;
  double loss_sum_ = 0;        // of the epoch so far, times the samples
  Index samples_ = 0;          // of the epoch so far
  double seconds_before_ = 0;  // of the epoch, before it was resumed
  Clock::time_point epoch_start_ = Clock::now();
  bool is_save_due_ = false;
  bool was_interrupted_ = false;
  std::vector<std::string> figure_names_;
  std::vector<double> figures_;
};

}  // namespace tenon::detail
