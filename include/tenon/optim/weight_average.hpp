#pragma once

#include <string>
#include <vector>

#include "tenon/nn/module.hpp"

namespace tenon::optim {

/// What both averages of a net's weights have in common:
///
///   optim::ExponentialMovingAverage average(net, 0.999);
///   for (...) {
///     adam.step(tape.gradients(loss));
///     average.update();
///   }
///   {
///     const auto applied = average.apply();  // the net has the averaged weights
///     test(net);
///   }                                        // and its own again
///
/// The first update() copies the weights, the others move the average towards them; buffers, such
/// as BatchNorm's means, are copied every time. As torch.optim.swa_utils.AveragedModel, whose names
/// its state has ("n_averaged", "module.fc1.weight"): an average is a module without a forward(),
/// which io::save(), io::load() and Checkpoint take. It knows the parameters that the net had when
/// it was made, as an optimiser does, and keeps a copy of each. Nothing is allocated by update()
/// and apply().
template <class T>
class TENON_API BasicWeightAverage : public nn::BasicModule<T> {
 public:
  /// Exchanges the weights and buffers of net and average, until it is destroyed. What changes
  /// meanwhile (BatchNorm's means, in a pass over the training data) stays with the average.
  class [[nodiscard]] Applied {
   public:
    explicit Applied(BasicWeightAverage& average);
    ~Applied();
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    BasicWeightAverage& average_;
  };

  BasicWeightAverage(const BasicWeightAverage&) = delete;
  BasicWeightAverage& operator=(const BasicWeightAverage&) = delete;

  /// Takes the net's weights into the average. Throws ValueError while it is applied.
  void update();
  /// Throws ValueError while it is applied already.
  Applied apply() { return Applied(*this); }
  /// How many times update() was called.
  Index updates() const;

  /// Throws ValueError while the average is applied: it holds the net's own weights then.
  void visit(nn::BasicVisitor<T>& v) override;
  std::string name() const override { return op_; }

 protected:
  BasicWeightAverage(const char* op, nn::BasicModule<T>& net);
  /// What the average moves by towards the weights, given the number of updates before, at least 1.
  virtual double share(Index updates) const = 0;

 private:
  template <class V>
  struct Entry {
    std::string name;
    BasicTensor<V> own;  // shares the net's values
    BasicTensor<V> average;
    bool is_copied;
  };
  struct Collector;

  void check_not_applied() const;
  void exchange();

  const char* op_;
  std::vector<Entry<T>> entries_;
  std::vector<Entry<Index>> integers_;
  LongTensor updates_;
  bool is_applied_ = false;
};

/// a = decay a + (1 - decay) w: the average of about the last 1 / (1 - decay) weights. decay: in
/// [0, 1); throws ValueError for another one. Source: Polyak, Juditsky, "Acceleration of stochastic
/// approximation by averaging", SIAM J. Control Optim. 30, 1992.
template <class T>
class TENON_API BasicExponentialMovingAverage : public BasicWeightAverage<T> {
 public:
  explicit BasicExponentialMovingAverage(nn::BasicModule<T>& net, double decay = 0.999);

 private:
  double share(Index updates) const override;
  double decay_;
};

/// a = a + (w - a) / (n + 1) after n updates: the mean of all weights shown to it, once an epoch
/// near the end of a training as a rule. Source: Izmailov et al., "Averaging weights leads to wider
/// optima and better generalization", UAI 2018.
template <class T>
class TENON_API BasicStochasticWeightAverage : public BasicWeightAverage<T> {
 public:
  explicit BasicStochasticWeightAverage(nn::BasicModule<T>& net);

 private:
  double share(Index updates) const override;
};

extern template class BasicWeightAverage<float>;
extern template class BasicWeightAverage<double>;
extern template class BasicExponentialMovingAverage<float>;
extern template class BasicExponentialMovingAverage<double>;
extern template class BasicStochasticWeightAverage<float>;
extern template class BasicStochasticWeightAverage<double>;

using WeightAverage = BasicWeightAverage<float>;
using ExponentialMovingAverage = BasicExponentialMovingAverage<float>;
using StochasticWeightAverage = BasicStochasticWeightAverage<float>;

}  // namespace tenon::optim
