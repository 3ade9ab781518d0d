#pragma once

#include <vector>

#include "tenon/nn/module.hpp"

namespace tenon::optim {

/// How LBFGS finds the length of a step: it takes lr, or searches the line for a length that meets
/// the strong Wolfe conditions.
enum class LineSearch { none, strong_wolfe };

struct LBFGSOptions {
  double lr = 1;                   ///< length of a step; where it is searched, the first try; >= 0
  Index max_iter = 20;             ///< directions of one step(), >= 1
  Index max_eval = 0;              ///< losses of one step(), >= 0; 0: 5/4 of max_iter
  double tolerance_grad = 1e-7;    ///< ends where no gradient's size is above this, >= 0
  double tolerance_change = 1e-9;  ///< ends where weights or loss change by no more, >= 0
  Index history_size = 100;  ///< changes that are remembered, each two copies of the net; >= 1
  LineSearch line_search_fn = LineSearch::none;
};

/// L-BFGS, for problems whose whole loss can be computed again and again: few weights, no batches.
///
///   optim::LBFGS lbfgs(net, {.line_search_fn = optim::LineSearch::strong_wolfe});
///   for (int i = 0; i < 10; ++i) lbfgs.step([&] { return mse_loss(net(x), y); });
///
/// A step goes max_iter times along d = -H g, where H stands for the inverse of the second
/// derivatives and is made of the last history_size changes s of the weights and y of the gradient
/// (two-loop recursion; H = s.y / y.y at first). As torch.optim.LBFGS. Keeps the parameters found
/// when it was made, as all optimisers do; those without a gradient count as having one of 0. The
/// same bits at any number of threads.
/// Source: Nocedal, Wright, "Numerical optimization", 2nd edition, algorithms 7.4, 3.5 and 3.6.
template <class T>
class TENON_API BasicLBFGS {
 public:
  /// Throws ValueError for an option out of its range or a net without parameters.
  explicit BasicLBFGS(nn::BasicModule<T>& net, const LBFGSOptions& options = {});
  explicit BasicLBFGS(const std::vector<nn::BasicParameter<T>*>& parameters,
                      const LBFGSOptions& options = {});

  /// Changes the parameters in place and returns the loss as it was before. loss: a function that
  /// computes it, a tensor of one element; it is called under a tape of LBFGS's own, and more than
  /// once, so it must give the same loss for the same weights. Throws ValueError where none of the
  /// parameters has a gradient.
  template <class Loss>
  double step(const Loss& loss) {
    return run([](const void* f) { return BasicTensor<T>((*static_cast<const Loss*>(f))()); },
               &loss);
  }

  double learning_rate() const { return options_.lr; }
  /// Throws ValueError for a negative or infinite one.
  void set_learning_rate(double learning_rate);

  /// Everything that step() carries over, for a Checkpoint: learning rate, iterations, length, H's
  /// scale, the number of changes; then direction, gradient and the changes y, s.
  std::vector<double> state() const;
  /// Goes on where state() was taken. Throws ValueError for a state of other parameters; then
  /// nothing has changed.
  void load_state(const std::vector<double>& state);

 private:
  using Loss = BasicTensor<T> (*)(const void* context);
  struct Trial;
  struct Change {
    BasicTensor<T> y, s;
    double rho;  // 1 / y.s
  };

  void add(const BasicTensor<T>& parameter);
  void check() const;
  double run(Loss loss, const void* context);
  Trial evaluate(Loss loss, const void* context, double t);
  void choose_direction(const BasicTensor<T>& g);
  void remember(const BasicTensor<T>& g);
  BasicTensor<T> flat() const;
  void move_to(double t);
  template <class At>
  static Trial search_line(const Trial& start, double t, double longest, const At& at);

  LBFGSOptions options_;
  std::vector<BasicTensor<T>> parameters_;  // share the leaves
  Index numel_ = 0;
  Index iterations_ = 0;
  double length_ = 0, scale_ = 1;
  BasicTensor<T> start_, direction_, gradient_;  // (numel): of the last iteration
  std::vector<Change> changes_;                  // the oldest first
};

extern template class BasicLBFGS<float>;
extern template class BasicLBFGS<double>;

using LBFGS = BasicLBFGS<float>;

}  // namespace tenon::optim
