#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tenon/autograd/gradients.hpp"
#include "tenon/nn/module.hpp"

namespace tenon::optim {

/// Watches over the steps of a training which parameters of a net never get a gradient, or never
/// another one than 0:
///
///   optim::GradientWatch watch(net);
///   for (...) {
///     Gradients g = tape.gradients(loss);
///     watch.observe(g);
///     adam.step(g);
///   }
///   if (!watch.report().empty()) std::cerr << watch.report();
///
/// A parameter is looked at until its first element that is not 0, so a step costs a few
/// nanoseconds for each, and nothing once all have been seen alive. Nothing is allocated by
/// observe(). It knows the parameters that the net had when it was made, as an optimiser does.
template <class T>
class TENON_API BasicGradientWatch {
 public:
  explicit BasicGradientWatch(nn::BasicModule<T>& net);

  void observe(const Gradients& gradients);

  /// How many times observe() was called.
  Index steps() const { return steps_; }
  /// Names of the parameters that have had no gradient in any step; all before the first one.
  std::vector<std::string> missing() const;
  /// Names of those that have had one, but only of zeros; NaN is not 0.
  std::vector<std::string> dead() const;

  /// The same for people: a line for each layer, with the likely cause; "" where all is well, and
  /// before the first step.
  std::string report() const;

 private:
  enum class Seen : unsigned char { nothing, zeros, alive };
  struct Slot {
    std::string name;
    BasicTensor<T> parameter;  // shares the leaf
    Seen seen = Seen::nothing;
  };

  std::vector<std::string> names(Seen seen) const;
  void report_layer(std::size_t begin, std::size_t end, std::string& text) const;

  std::vector<Slot> slots_;  // those of a layer side by side
  std::size_t alive_ = 0;
  Index steps_ = 0;
};

extern template class BasicGradientWatch<float>;
extern template class BasicGradientWatch<double>;

using GradientWatch = BasicGradientWatch<float>;

}  // namespace tenon::optim
