#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct RAdamOptions {
  double lr = 1e-3;                     ///< learning rate, >= 0
  double beta1 = 0.9;                   ///< memory of the mean, in [0, 1)
  double beta2 = 0.999;                 ///< memory of the mean square, in [0, 1)
  double eps = 1e-8;                    ///< added to the root mean square, >= 0
  double weight_decay = 0;              ///< adds weight_decay w to the gradient, >= 0
  bool decoupled_weight_decay = false;  ///< takes lr weight_decay w off w instead, as AdamW does
};

/// RAdam, Adam that trusts the mean square only as far as the number of gradients in it allows, for
/// step t = 1, 2, ... of each parameter, with R = 2 / (1 - beta2) - 1 and
/// r = R - 2 t beta2^t / (1 - beta2^t):
///   g' = g + weight_decay w,   m = beta1 m + (1 - beta1) g',   v = beta2 v + (1 - beta2) g'^2
///   w -= lr m / (1 - beta1^t)    where r <= 5; otherwise
///   w -= lr m / (1 - beta1^t) sqrt((r - 4) (r - 2) R / ((R - 4) (R - 2) r))
///           sqrt(1 - beta2^t) / (sqrt(v) + eps)
/// Throws ValueError for an option out of its range or a net without parameters. As
/// torch.optim.RAdam. Source: Liu et al., "On the variance of the adaptive learning rate and
/// beyond", ICLR 2020.
template <class T>
class TENON_API BasicRAdam : public BasicOptimizer<T> {
 public:
  explicit BasicRAdam(nn::BasicModule<T>& net, const RAdamOptions& options = {});
  explicit BasicRAdam(const std::vector<nn::BasicParameter<T>*>& parameters,
                      const RAdamOptions& options = {});

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  RAdamOptions options_;
};

extern template class BasicRAdam<float>;
extern template class BasicRAdam<double>;

using RAdam = BasicRAdam<float>;

}  // namespace tenon::optim
