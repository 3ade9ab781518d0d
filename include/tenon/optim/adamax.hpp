#pragma once

#include <vector>

#include "tenon/optim/optimizer.hpp"

namespace tenon::optim {

struct AdamaxOptions {
  double lr = 2e-3;         ///< learning rate, >= 0
  double beta1 = 0.9;       ///< memory of the mean, in [0, 1)
  double beta2 = 0.999;     ///< what the greatest gradient shrinks by each step, in [0, 1)
  double eps = 1e-8;        ///< added to the size of the gradient, > 0 where gradients can be 0
  double weight_decay = 0;  ///< adds weight_decay w to the gradient, >= 0
};

/// Adamax, Adam with the greatest recent gradient in place of the root mean square, for step t = 1,
/// 2, ... of each parameter:
///   g' = g + weight_decay w,   m = beta1 m + (1 - beta1) g'
///   u  = max(beta2 u, |g'| + eps),   w -= lr / (1 - beta1^t) m / u
/// Throws ValueError for an option out of its range or a net without parameters. As
/// torch.optim.Adamax. Source: Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015,
/// section 7.
template <class T>
class TENON_API BasicAdamax : public BasicOptimizer<T> {
 public:
  explicit BasicAdamax(nn::BasicModule<T>& net, const AdamaxOptions& options = {});
  explicit BasicAdamax(const std::vector<nn::BasicParameter<T>*>& parameters,
                       const AdamaxOptions& options = {});

 private:
  using typename BasicOptimizer<T>::Slot;
  void update(Slot& slot, const BasicTensor<T>& g) override;

  AdamaxOptions options_;
};

extern template class BasicAdamax<float>;
extern template class BasicAdamax<double>;

using Adamax = BasicAdamax<float>;

}  // namespace tenon::optim
