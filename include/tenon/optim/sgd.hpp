#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct SGDOptions {
  double lr = 1e-3;         ///< learning rate, >= 0
  double momentum = 0;      ///< share of the last change that is kept, >= 0
  double dampening = 0;     ///< share of the gradient that the momentum leaves out
  double weight_decay = 0;  ///< adds weight_decay w to the gradient, >= 0
  bool nesterov = false;    ///< looks ahead; needs momentum > 0 and dampening = 0
};

/// Stochastic gradient descent, with momentum where asked for:
///   g' = g + weight_decay w
///   b  = momentum b + (1 - dampening) g'    (at first b = g')
///   w -= lr b,  or  lr (g' + momentum b) with nesterov,  or  lr g' without momentum
/// Throws ValueError for an option out of its range or a net without parameters. As
/// torch.optim.SGD.
template <class T>
class TENON_API BasicSGD : public BasicOptimizer<T> {
 public:
  explicit BasicSGD(nn::BasicModule<T>& net, const SGDOptions& options = {});
  explicit BasicSGD(const std::vector<nn::BasicParameter<T>*>& parameters,
                    const SGDOptions& options = {});

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  SGDOptions options_;
};

extern template class BasicSGD<float>;
extern template class BasicSGD<double>;

using SGD = BasicSGD<float>;

}  // namespace tenon::optim
