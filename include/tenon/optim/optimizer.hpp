#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "tenon/autograd/gradients.hpp"
#include "tenon/nn/module.hpp"

namespace tenon::optim {

/// All that an optimiser carries from step to step. The tensors share its values.
template <class T>
struct BasicOptimizerState {
  double learning_rate = 0;
  LongTensor steps;                              ///< (P): steps taken by each parameter
  std::vector<nn::BasicNamedTensor<T>> buffers;  ///< "fc1.weight.exp_avg", ... in a fixed order
};
using OptimizerState = BasicOptimizerState<float>;

template <class T>
class BasicChain;

/// What all optimisers have in common: it keeps the parameters found when it was made, and
/// step() changes those that have a gradient.
///
/// Make the optimiser after the net has its final layers, and don't copy the net afterwards: the
/// copy has parameters of its own, and step() says so. Moving the net is fine.
template <class T>
class TENON_API BasicOptimizer {
 public:
  virtual ~BasicOptimizer() = default;
  BasicOptimizer(BasicOptimizer&&) noexcept = default;
  BasicOptimizer& operator=(BasicOptimizer&&) noexcept = default;
  BasicOptimizer(const BasicOptimizer&) = delete;
  BasicOptimizer& operator=(const BasicOptimizer&) = delete;

  /// Changes every parameter that has a gradient, in place; those without one keep their values and
  /// their state. Gradients of other leaves (a second net's, a watched input's) are ignored. Takes
  /// place outside of any tape, also under an open one. Throws ValueError where none of the
  /// parameters has a gradient.
  void step(const Gradients& gradients);

  double learning_rate() const { return learning_rate_; }
  /// Throws ValueError for a negative or infinite one.
  void set_learning_rate(double learning_rate);

  /// Names of the parameters that have no gradient.
  std::vector<std::string> missing(const Gradients& gradients) const;
  /// Whether step() would train this parameter.
  bool owns(const BasicTensor<T>& parameter) const;

  /// For saving; see load_state().
  BasicOptimizerState<T> state() const;
  /// Copies a state of an optimiser of the same kind over the same parameters into this one.
  /// Throws ValueError where names differ, ShapeError where shapes do; then nothing has changed.
  void load_state(const BasicOptimizerState<T>& state);

 protected:
  static constexpr int max_buffers = 3;

  struct Slot {
    std::string name;
    BasicTensor<T> parameter;                    // shares the leaf
    BasicTensor<T> buffers[max_buffers];         // of the parameter's shape, zeros unless filled
    Index steps = 0;                             // the one that update() is about to make included
    const char* buffer_names[max_buffers] = {};  // null from the first that is not used
    std::size_t part = 0;                        // of a Chain
  };

  /// op: the optimiser's name in errors; buffers: names of the tensors kept for each parameter.
  BasicOptimizer(const char* op, nn::BasicModule<T>& module, double learning_rate,
                 std::initializer_list<const char*> buffers);
  BasicOptimizer(const char* op, const std::vector<nn::BasicParameter<T>*>& parameters,
                 double learning_rate, std::initializer_list<const char*> buffers);

  /// For constructors: what buffer i of every parameter starts at, where that is not 0.
  void fill_buffers(int i, double value);

  /// g: contiguous, of the parameter's shape.
  virtual void update(Slot& slot, const BasicTensor<T>& g) = 0;

 private:
  friend class BasicChain<T>;

  /// For Chain, which adds slots of its own.
  BasicOptimizer(const char* op, double learning_rate);
  void add(std::string name, const nn::BasicParameter<T>& parameter,
           std::initializer_list<const char*> buffers);
  [[noreturn]] void fail_no_gradient(const Gradients& gradients) const;

  const char* op_;
  double learning_rate_;
  std::vector<Slot> slots_;
};

extern template class BasicOptimizer<float>;
extern template class BasicOptimizer<double>;

using Optimizer = BasicOptimizer<float>;

}  // namespace tenon::optim
