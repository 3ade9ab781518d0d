#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "tenon/data/dataset.hpp"
#include "tenon/data/sequence_dataset.hpp"
#include "tenon/nn/module.hpp"
#include "tenon/optim/optimizer.hpp"
#include "tenon/train/fit_loss.hpp"
#include "tenon/train/fit_options.hpp"
#include "tenon/train/history.hpp"
#include "tenon/train/metric.hpp"

namespace tenon {

namespace detail {
template <class T, class D>
class FitRun;
}  // namespace detail

template <class T>
struct BasicTrainerOptions {
  std::vector<BasicMetric<T>> metrics = {};
};
using TrainerOptions = BasicTrainerOptions<float>;

/// What evaluate() found: "loss" and each metric under its name.
class TENON_API Scores {
 public:
  /// Throws IndexError, which lists the names.
  double operator[](std::string_view name) const;
  void add(std::string name, double value) { values_.emplace_back(std::move(name), value); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  std::vector<std::pair<std::string, double>> values_;
};

/// Trains, judges and applies a net as Keras' fit, evaluate and predict do:
///
///   Trainer trainer(net, nn::CrossEntropyLoss(), optim::Adam(net, {.lr = 1e-3}),
///                   {.metrics = {Accuracy()}});
///   History history = trainer.fit(train, {.epochs = 10, .batch_size = 64, .validation =
///   &held_out}); Scores scores = trainer.evaluate(test); Tensor logits = trainer.predict(test);
///
/// It does what a loop of your own over a DataLoader would do, bit for bit, and serves every module
/// that takes one tensor, of numbers or of ids, or (by forward_sequences()) ids and lengths. The
/// net is referred to and must stay where it is.
template <class T>
class TENON_API BasicTrainer {
 public:
  /// loss: called as loss(prediction, target) and returning a tensor of one element: one of
  /// nn/loss.hpp, or a function of your own. optimizer: made from this net; it is moved into the
  /// trainer. Throws ValueError for an optimiser that trains none of the net's parameters.
  template <class Loss, class Optimizer>
  requires std::is_base_of_v<optim::BasicOptimizer<T>, Optimizer> BasicTrainer(
      nn::BasicModule<T>& net, Loss loss, Optimizer optimizer, BasicTrainerOptions<T> options = {})
      : BasicTrainer(net, std::make_unique<detail::FitLossOf<T, Loss>>(std::move(loss)),
                     std::make_unique<Optimizer>(std::move(optimizer)), std::move(options)) {}
  ~BasicTrainer();

  /// Trains on a data set; see FitOptions. Ctrl-C ends it cleanly after the step, with a checkpoint
  /// where one is asked for, unless the program has a handler of its own for it; pressed twice it
  /// ends the program. Metrics of the training part are those of the predictions made while
  /// training. Throws ValueError for an option out of its range, and what the net, the loss and the
  /// data set throw.
  template <class X, class Y>
  History fit(const data::BasicDataset<X, Y>& train,
              const FitOptions<data::BasicDataset<X, Y>>& options = {}) {
    return fit_on(train, options);
  }
  template <class Y>
  History fit(const data::SequenceDataset<Y>& train,
              const FitOptions<data::SequenceDataset<Y>>& options = {}) {
    return fit_on(train, options);
  }

  /// Loss and metrics over a data set in evaluation mode. The mode is restored afterwards.
  template <class X, class Y>
  Scores evaluate(const data::BasicDataset<X, Y>& dataset, Index batch_size = 128) {
    return evaluate_on(dataset, batch_size);
  }
  template <class Y>
  Scores evaluate(const data::SequenceDataset<Y>& dataset, Index batch_size = 128) {
    return evaluate_on(dataset, batch_size);
  }

  /// The net's outputs for all samples in evaluation mode, one behind the other.
  template <class X, class Y>
  BasicTensor<T> predict(const data::BasicDataset<X, Y>& dataset, Index batch_size = 128) {
    return predict_on(dataset, batch_size);
  }
  template <class Y>
  BasicTensor<T> predict(const data::SequenceDataset<Y>& dataset, Index batch_size = 128) {
    return predict_on(dataset, batch_size);
  }
  BasicTensor<T> predict(const BasicTensor<T>& inputs, Index batch_size = 128);
  BasicTensor<T> predict(const LongTensor& ids, Index batch_size = 128);

  nn::BasicModule<T>& net() { return net_; }
  optim::BasicOptimizer<T>& optimizer() { return *optimizer_; }
  /// As they were handed over, with what the last fit() or evaluate() found.
  std::vector<BasicMetric<T>>& metrics() { return metrics_; }

 private:
  template <class, class>
  friend class detail::FitRun;

  template <class D>
  History fit_on(const D& train, const FitOptions<D>& options);
  template <class D>
  Scores evaluate_on(const D& dataset, Index batch_size);
  template <class D>
  BasicTensor<T> predict_on(const D& dataset, Index batch_size);

  BasicTrainer(nn::BasicModule<T>& net, std::unique_ptr<detail::FitLoss<T>> loss,
               std::unique_ptr<optim::BasicOptimizer<T>> optimizer, BasicTrainerOptions<T> options);

  nn::BasicModule<T>& net_;
  std::unique_ptr<detail::FitLoss<T>> loss_;
  std::unique_ptr<optim::BasicOptimizer<T>> optimizer_;
  std::vector<BasicMetric<T>> metrics_;
};

extern template class BasicTrainer<float>;
extern template class BasicTrainer<double>;

using Trainer = BasicTrainer<float>;

}  // namespace tenon
